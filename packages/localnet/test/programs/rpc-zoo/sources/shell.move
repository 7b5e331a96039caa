/// A currency with metadata.
module rpc_zoo::shell;

use iota::coin;

public struct SHELL has drop {}

fun init(witness: SHELL, ctx: &mut TxContext) {
    let (mut treasury, metadata) = coin::create_currency(
        witness,
        2,
        b"SHL",
        b"Shell",
        b"What the zoo takes",
        option::none(),
        ctx,
    );
    coin::mint_and_transfer(&mut treasury, 700, ctx.sender(), ctx);
    coin::mint_and_transfer(&mut treasury, 300, ctx.sender(), ctx);
    transfer::public_freeze_object(metadata);
    transfer::public_transfer(treasury, ctx.sender());
}
