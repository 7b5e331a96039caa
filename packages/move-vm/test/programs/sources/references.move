/// What references may do to locals, fields and vector elements.
module programs::references;

public struct Inner has copy, drop, store { value: u64, bytes: vector<u8> }

public struct Outer has copy, drop, store { first: Inner, rest: vector<Inner>, flag: bool }

public struct Holder<T> has copy, drop, store { held: T }

public fun inner(value: u64, bytes: vector<u8>): Inner { Inner { value, bytes } }

public fun outer(): Outer {
    Outer { first: inner(1, b"a"), rest: vector[inner(2, b"b"), inner(3, b"cc")], flag: false }
}

/// Writes through a field of an element of a vector in a field.
public fun write_nested(): Outer {
    let mut o = outer();
    let element = &mut o.rest[1];
    element.value = 30;
    element.bytes.push_back(7);
    *&mut o.first.value = 10;
    o.flag = true;
    o
}

fun increase(value: &mut u64, by: u64) { *value = *value + by }

/// Passes references to primitives in locals, fields and vectors to a function.
public fun write_by_call(): (u64, u64, vector<u64>, vector<u8>) {
    let mut local = 5;
    increase(&mut local, 1);
    let mut o = outer();
    increase(&mut o.rest[0].value, 40);
    let mut numbers = vector[1, 2, 3];
    increase(&mut numbers[2], 100);
    let mut bytes = b"abc";
    *&mut bytes[1] = 0xff;
    (local, o.rest[0].value, numbers, bytes)
}

/// A copy does not see what happens to the original, and the other way round.
public fun copies(): (Outer, Outer) {
    let mut a = outer();
    let mut b = a;
    let c = *&b.rest;
    a.first.value = 100;
    a.rest.push_back(inner(4, b""));
    b.first.bytes.push_back(9);
    b.rest[0].value = 0;
    b.rest = c;
    (a, b)
}

/// Overwrites whole structs and vectors through references.
public fun write_whole(): (Outer, vector<u8>) {
    let mut o = outer();
    let first = &mut o.first;
    *first = inner(77, b"new");
    let rest = &mut o.rest;
    *rest = vector[inner(8, b"")];
    let mut bytes = b"old";
    *(&mut bytes) = b"fresh";
    (o, bytes)
}

public fun swap_elements(): (vector<u64>, vector<u8>, vector<Inner>) {
    let mut a = vector[1, 2, 3];
    a.swap(0, 2);
    let mut b = b"xyz";
    b.swap(0, 1);
    let mut c = vector[inner(1, b""), inner(2, b"")];
    c.swap(0, 1);
    (a, b, c)
}

public fun pick(o: &mut Outer, first: bool): &mut Inner {
    if (first) &mut o.first else &mut o.rest[0]
}

public fun picked(first: bool): Outer {
    let mut o = outer();
    let chosen = pick(&mut o, first);
    chosen.value = chosen.value + 1000;
    o
}

fun read(value: &u64): u64 { *value }

public fun frozen(): u64 {
    let mut value = 3;
    let reference = &mut value;
    *reference = 4;
    read(reference)
}

public fun equal_references(): (bool, bool, bool) {
    let a = outer();
    let mut b = outer();
    let same = &a == &b;
    b.rest[1].bytes.push_back(0);
    (same, &a == &b, &a.first.value != &b.first.value)
}

public fun holder<T>(held: T): Holder<T> { Holder { held } }

public fun replace<T: drop>(holder: &mut Holder<T>, held: T) { holder.held = held }

public fun peek<T>(holder: &Holder<T>): &T { &holder.held }

public fun open<T>(holder: Holder<T>): T {
    let Holder { held } = holder;
    held
}

/// A generic field holds a primitive, a vector or a struct.
public fun held(): (u64, vector<u8>, Inner) {
    let mut a = holder(1);
    let next = *peek(&a) + 1;
    replace(&mut a, next);
    let mut b = holder(b"");
    replace(&mut b, b"bytes");
    let mut c = holder(inner(1, b""));
    replace(&mut c, inner(2, b"two"));
    c.held.value = 3;
    (open(a), open(b), open(c))
}

/// Changes what the host lends.
public fun change(o: &mut Outer, number: &mut u64, bytes: &mut vector<u8>): u64 {
    o.first.value = o.first.value + *number;
    *number = 99;
    bytes.push_back(1);
    o.first.value
}

public fun sum(o: &Outer): u64 {
    let mut total = o.first.value;
    let mut i = 0;
    while (i < o.rest.length()) {
        total = total + o.rest[i].value;
        i = i + 1;
    };
    total
}

public fun of_host(o: &mut Outer): &mut u64 { &mut o.first.value }
