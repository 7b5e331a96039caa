/// A module whose `init` needs no witness, with a function for its package alone.
module programs::starter;

public struct Started has drop, store { by: address }

public(package) fun started(by: address): Started { Started { by } }

fun init(ctx: &mut TxContext) {
    let Started { by: _ } = started(ctx.sender());
}

public fun by(started: &Started): address { started.by }
