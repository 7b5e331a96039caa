/// Objects of every kind of ownership and content, for tests of the JSON-RPC.
module rpc_zoo::zoo;

use iota::balance::{Self, Balance};
use iota::coin::{Self, Coin};
use iota::dynamic_field as field;
use iota::dynamic_object_field as object_field;
use iota::event;
use iota::iota::IOTA;
use iota::transfer::Receiving;
use std::string::String;

const ENotThatOne: u64 = 7;

public struct Keeper has key, store { id: UID }

public struct Plate has copy, drop, store { number: u16, text: String }

public enum Mood has copy, drop, store {
    Calm,
    Hungry { since: u64, plates: vector<Plate> },
}

public struct Animal has key, store {
    id: UID,
    name: String,
    age: u8,
    weight: u128,
    tame: bool,
    plate: Option<Plate>,
    no_plate: Option<Plate>,
    mood: Mood,
    seen_by: vector<address>,
    secret: vector<u8>,
    lair: ID,
    purse: Balance<IOTA>,
}

public struct Box<T: store> has key, store { id: UID, content: T }

public struct Enclosure has key { id: UID, visits: u64 }

public struct ZooOpened has copy, drop { keeper: ID }
public struct AnimalBorn has copy, drop { animal: ID, name: String, mood: Mood }
public struct Counted<phantom T> has copy, drop { number: u64 }

public struct Name has copy, drop, store { text: String, number: u32 }

fun init(ctx: &mut TxContext) {
    let keeper = Keeper { id: object::new(ctx) };
    event::emit(ZooOpened { keeper: object::id(&keeper) });
    transfer::public_transfer(keeper, ctx.sender());
}

public fun born(name: String, ctx: &mut TxContext): Animal {
    let animal = Animal {
        id: object::new(ctx),
        name,
        age: 3,
        weight: 340282366920938463463374607431768211455,
        tame: true,
        plate: option::some(Plate { number: 12, text: b"north".to_string() }),
        no_plate: option::none(),
        mood: Mood::Hungry { since: 18446744073709551615, plates: vector[Plate { number: 1, text: b"a".to_string() }] },
        seen_by: vector[@0x2, ctx.sender()],
        secret: x"00ff",
        lair: object::id_from_address(@0xab),
        purse: balance::zero(),
    };
    event::emit(AnimalBorn { animal: object::id(&animal), name: animal.name, mood: animal.mood });
    animal
}

entry fun born_to(name: String, to: address, ctx: &mut TxContext) {
    transfer::public_transfer(born(name, ctx), to);
}

public fun many(count: u64, to: address, ctx: &mut TxContext) {
    let mut index = 0;
    while (index < count) {
        transfer::public_transfer(Box { id: object::new(ctx), content: index }, to);
        index = index + 1;
    };
}

public fun count_loudly(count: u64) {
    let mut number = 0;
    while (number < count) {
        event::emit(Counted<Animal> { number });
        number = number + 1;
    };
}

public fun pay(animal: &mut Animal, coin: Coin<IOTA>) { animal.purse.join(coin.into_balance()); }

public fun wrap(animal: Animal, ctx: &mut TxContext): Box<Animal> {
    Box { id: object::new(ctx), content: animal }
}

public fun unwrap(box: Box<Animal>): Animal {
    let Box { id, content } = box;
    id.delete();
    content
}

public fun set_free(animal: Animal, ctx: &mut TxContext): Coin<IOTA> {
    let Animal { id, purse, .. } = animal;
    id.delete();
    coin::from_balance(purse, ctx)
}

public fun open_enclosure(ctx: &mut TxContext) {
    transfer::share_object(Enclosure { id: object::new(ctx), visits: 0 });
}

public fun visit(enclosure: &mut Enclosure) { enclosure.visits = enclosure.visits + 1; }

public fun visits(enclosure: &Enclosure): u64 { enclosure.visits }

public fun describe(number: u16, text: String): (Plate, u64) { (Plate { number, text }, 5) }

public fun freeze_it(animal: Animal) { transfer::public_freeze_object(animal); }

public fun label(enclosure: &mut Enclosure, name: vector<u8>, value: u64) {
    field::add(&mut enclosure.id, name, value);
}

public fun label_structured(enclosure: &mut Enclosure, text: String, number: u32) {
    field::add(&mut enclosure.id, Name { text, number }, true);
}

public fun label_many(enclosure: &mut Enclosure, from: u64, count: u64) {
    let mut index = from;
    while (index < from + count) {
        field::add(&mut enclosure.id, index, index * 2);
        index = index + 1;
    };
}

public fun house(enclosure: &mut Enclosure, name: String, animal: Animal) {
    object_field::add(&mut enclosure.id, name, animal);
}

public fun release(enclosure: &mut Enclosure, name: String): Animal {
    object_field::remove(&mut enclosure.id, name)
}

public fun collect(enclosure: &mut Enclosure, sent: Receiving<Animal>): Animal {
    transfer::public_receive(&mut enclosure.id, sent)
}

public fun refuse(_: &Keeper) { abort ENotThatOne }

public(package) fun hidden(_: &Keeper): u8 { 1 }
