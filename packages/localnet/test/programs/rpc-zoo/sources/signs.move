/// Objects that are shown through a Display template.
module rpc_zoo::signs;

use iota::display;
use iota::package;
use std::string::String;

public struct SIGNS has drop {}

public struct Sign has key, store { id: UID, text: String, size: u32, letters: vector<u8> }

fun init(witness: SIGNS, ctx: &mut TxContext) {
    let publisher = package::claim(witness, ctx);
    let mut shown = display::new_with_fields<Sign>(
        &publisher,
        vector[b"name".to_string(), b"link".to_string(), b"broken".to_string()],
        vector[
            b"Sign: {text}, {size} cm".to_string(),
            b"https://zoo.example/{id}".to_string(),
            b"{letters}".to_string(),
        ],
        ctx,
    );
    shown.update_version();
    transfer::public_transfer(Sign { id: object::new(ctx), text: b"Exit".to_string(), size: 40, letters: b"Ex" }, ctx.sender());
    transfer::public_transfer(shown, ctx.sender());
    transfer::public_transfer(publisher, ctx.sender());
}
