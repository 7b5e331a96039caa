/// A package as a developer who has never seen this repository would write it.
module hello::hello;

use iota::event;
use std::string::String;

public struct Greeting has key, store { id: UID, text: String }

public struct Greeted has copy, drop { text: String }

/// Gives the sender a greeting.
public fun greet(name: String, ctx: &mut TxContext) {
    let mut text = b"Hello, ".to_string();
    text.append(name);
    event::emit(Greeted { text });
    transfer::public_transfer(Greeting { id: object::new(ctx), text }, ctx.sender())
}
