/// What the ledger's tests do with objects.
module objects::objects;

use iota::clock::Clock;
use iota::coin::Coin;
use iota::dynamic_field as field;
use iota::dynamic_object_field as object_field;
use iota::event;
use iota::iota::IOTA;
use iota::balance::{Self, Balance};
use iota::transfer::Receiving;
use std::string::String;

const EZero: u64 = 7;

public struct OBJECTS has drop {}

public struct Thing has key, store { id: UID, value: u64 }
public struct Private has key { id: UID }
public struct Box has key, store { id: UID, thing: Option<Thing> }
public struct Counter has key { id: UID, count: u64 }
public struct Purse has key, store { id: UID, money: Balance<IOTA> }
public struct Blob has key, store { id: UID, bytes: vector<vector<u8>> }
public struct Potato { value: u64 }
public struct Copyable has copy, store { value: u64 }
public struct Made has key { id: UID, witness: bool, modules: u64 }

public struct ThingMade has copy, drop { thing: ID, value: u64 }
public struct Tick has copy, drop { at: u64 }

fun init(witness: OBJECTS, ctx: &mut TxContext) {
    let made = Made { id: object::new(ctx), witness: iota::types::is_one_time_witness(&witness), modules: 1 };
    event::emit(ThingMade { thing: object::id(&made), value: 0 });
    transfer::transfer(made, ctx.sender());
}

public fun thing(value: u64, ctx: &mut TxContext): Thing {
    let thing = Thing { id: object::new(ctx), value };
    event::emit(ThingMade { thing: object::id(&thing), value });
    thing
}

public fun things(count: u64, ctx: &mut TxContext): vector<Thing> {
    vector::tabulate!(count, |value| Thing { id: object::new(ctx), value })
}

public fun set(thing: &mut Thing, value: u64) { thing.value = value }

public fun value(thing: &Thing): u64 { thing.value }

public fun delete(thing: Thing): u64 {
    let Thing { id, value } = thing;
    id.delete();
    value
}

public fun delete_all(mut things: vector<Thing>): u64 {
    let mut sum = 0;
    while (!things.is_empty()) sum = sum + delete(things.pop_back());
    things.destroy_empty();
    sum
}

public fun freeze_thing(thing: Thing) { transfer::public_freeze_object(thing) }

public fun send(thing: Thing, to: address) { transfer::public_transfer(thing, to) }

public fun private(ctx: &mut TxContext): Private { Private { id: object::new(ctx) } }

public fun keep_private(private: Private, ctx: &TxContext) { transfer::transfer(private, ctx.sender()) }

public fun empty_box(ctx: &mut TxContext): Box { Box { id: object::new(ctx), thing: option::none() } }

public fun wrap(box: &mut Box, thing: Thing) { box.thing.fill(thing) }

public fun unwrap(box: &mut Box): Thing { box.thing.extract() }

public fun delete_wrapped(box: &mut Box) { delete(box.thing.extract()); }

public fun share_counter(ctx: &mut TxContext) { transfer::share_object(Counter { id: object::new(ctx), count: 0 }) }

public fun increment(counter: &mut Counter) { counter.count = counter.count + 1 }

public fun count(counter: &Counter): u64 { counter.count }

public fun delete_counter(counter: Counter) {
    let Counter { id, count: _ } = counter;
    id.delete();
}

public fun reshare_counter(counter: Counter) { transfer::share_object(counter) }

public fun freeze_counter(counter: Counter) { transfer::freeze_object(counter) }

public fun share_thing(thing: Thing) { transfer::public_share_object(thing) }

public fun receive(box: &mut Box, ticket: Receiving<Thing>): Thing { transfer::public_receive(&mut box.id, ticket) }

public fun look_at_ticket(ticket: &Receiving<Thing>): ID { ticket.receiving_object_id() }

public fun add_field(box: &mut Box, name: u64, value: u64) { field::add(&mut box.id, name, value) }

public fun set_field(box: &mut Box, name: u64, value: u64) { *field::borrow_mut(&mut box.id, name) = value }

public fun get_field(box: &Box, name: u64): u64 { *field::borrow(&box.id, name) }

public fun get_field_as_bool(box: &Box, name: u64): bool { *field::borrow(&box.id, name) }

public fun remove_field(box: &mut Box, name: u64): u64 { field::remove(&mut box.id, name) }

public fun has_field(box: &Box, name: u64): bool { field::exists_(&box.id, name) }

public fun add_child(box: &mut Box, name: u64, thing: Thing) { object_field::add(&mut box.id, name, thing) }

public fun set_child(box: &mut Box, name: u64, value: u64) {
    set(object_field::borrow_mut(&mut box.id, name), value)
}

public fun get_child(box: &Box, name: u64): u64 { value(object_field::borrow(&box.id, name)) }

public fun remove_child(box: &mut Box, name: u64): Thing { object_field::remove(&mut box.id, name) }

public fun purse(coin: Coin<IOTA>, ctx: &mut TxContext): Purse {
    Purse { id: object::new(ctx), money: coin.into_balance() }
}

public fun empty(purse: Purse, ctx: &mut TxContext): Coin<IOTA> {
    let Purse { id, money } = purse;
    id.delete();
    money.into_coin(ctx)
}

public fun burn_nothing() { balance::destroy_zero(balance::zero<IOTA>()) }

public fun potato(value: u64): Potato { Potato { value } }

public fun eat(potato: Potato): u64 {
    let Potato { value } = potato;
    value
}

public fun copyable(value: u64): Copyable { Copyable { value } }

public fun take_copy(copyable: Copyable): u64 {
    let Copyable { value } = copyable;
    value
}

public fun check(value: u64) { assert!(value > 0, EZero) }

public fun divide(left: u64, right: u64): u64 { left / right }

public fun burn_gas() { loop {} }

public fun two(): (u64, bool) { (2, true) }

public fun reference(thing: &Thing): &u64 { &thing.value }

entry fun private_entry(thing: &mut Thing) { thing.value = thing.value + 100 }

#[allow(unused_function)]
fun hidden(): u64 { 42 }

public fun add_mut(left: &mut u64, right: &u64) { *left = *left + *right }

public fun swap(left: &mut Thing, right: &mut Thing) {
    let value = left.value;
    left.value = right.value;
    right.value = value;
}

public fun takes_pure(
    _flag: bool,
    _byte: u8,
    _wide: u256,
    _who: address,
    _id: ID,
    _text: String,
    _ascii: std::ascii::String,
    _maybe: Option<vector<u16>>,
    _many: vector<Option<String>>,
) {}

public fun many_copies(values: &vector<Copyable>): u64 { values.length() }

public fun generic<T: store + drop>(_value: T) {}

public fun tick(clock: &Clock) { event::emit(Tick { at: clock.timestamp_ms() }) }

public fun emit_many(count: u64) { count.do!(|at| event::emit(Tick { at })) }

public fun big(bytes: vector<u8>, ctx: &mut TxContext): Box {
    let mut box = empty_box(ctx);
    field::add(&mut box.id, 0u64, bytes);
    box
}

public fun repeated(bytes: vector<u8>, count: u64, ctx: &mut TxContext): Blob {
    let mut all = vector[];
    count.do!(|_| all.push_back(bytes));
    Blob { id: object::new(ctx), bytes: all }
}

public fun whoami(ctx: &TxContext): address { ctx.sender() }
