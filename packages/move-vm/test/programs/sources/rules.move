/// Good citizens of IOTA, which tests turn into bad ones.
module programs::rules;

use iota::clock::Clock;
use iota::event;
use iota::transfer::Receiving;
use std::string::String;

public struct Thing has key, store {
    id: UID,
    value: u64,
}

public struct Box<phantom T> has key {
    id: UID,
}

public struct Happened has copy, drop {
    value: u64,
}

public enum Kind has copy, drop {
    Small,
    Large(u64),
}

public fun make(value: u64, ctx: &mut TxContext): Thing {
    let id = object::new(ctx);
    let doubled = if (value > 9) value * 2 else value;
    Thing { id, value: doubled }
}

public fun make_box<T>(ctx: &mut TxContext): Box<T> {
    Box { id: object::new(ctx) }
}

public fun unmake(thing: Thing) {
    let Thing { id, value: _ } = thing;
    id.delete()
}

public fun give(thing: Thing, to: address) { transfer::transfer(thing, to) }

public fun keep(thing: Thing) { transfer::freeze_object(thing) }

public fun tell(value: u64) { event::emit(Happened { value }) }

public fun size(kind: &Kind): u64 {
    match (kind) {
        Kind::Small => 0,
        Kind::Large(size) => *size,
    }
}

entry fun many(
    _number: u64,
    _names: vector<Option<String>>,
    _id: ID,
    _thing: &Thing,
    _things: vector<Thing>,
    _sent: Receiving<Thing>,
    _clock: &Clock,
    _ctx: &TxContext,
): u64 { abort 0 }

entry fun plain(_number: u64) {}

public fun outer<T>(depth: u64): u64 { if (depth == 0) 0 else inner<T>(depth - 1) }

public fun inner<U>(depth: u64): u64 { outer<U>(depth) }

/// Five loops inside each other, as many as there may be.
public fun loops(n: u64): u64 {
    let mut total = 0;
    let mut a = 0;
    while (a < n) {
        let mut b = 0;
        while (b < n) {
            let mut c = 0;
            while (c < n) {
                let mut d = 0;
                while (d < n) {
                    let mut e = 0;
                    while (e < n) {
                        total = total + 1;
                        e = e + 1
                    };
                    d = d + 1
                };
                c = c + 1
            };
            b = b + 1
        };
        a = a + 1
    };
    total
}
