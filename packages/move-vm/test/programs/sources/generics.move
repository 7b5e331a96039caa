/// Type parameters, vectors of anything, and instantiations that do not end.
module programs::generics;

use std::type_name;

public struct Phantom<phantom T> has copy, drop, store { value: u64 }

public struct Pair<A, B> has copy, drop, store { a: A, b: B }

public struct Token has store { amount: u64 }

public fun phantom<T>(value: u64): Phantom<T> { Phantom { value } }

public fun pair<A, B>(a: A, b: B): Pair<A, B> { Pair { a, b } }

public fun flip<A, B>(pair: Pair<A, B>): Pair<B, A> {
    let Pair { a, b } = pair;
    Pair { a: b, b: a }
}

public fun flip_twice<A, B>(pair: Pair<A, B>): Pair<A, B> { flip(flip(pair)) }

public fun reversed<T>(mut items: vector<T>): vector<T> {
    let mut out = vector[];
    while (!items.is_empty()) out.push_back(items.pop_back());
    items.destroy_empty();
    out
}

public fun three<T: copy>(item: T): vector<T> { vector[item, copy item, item] }

public fun largest(items: &vector<u64>): u64 {
    let mut found = 0;
    items.do_ref!(|item| if (*item > found) found = *item);
    found
}

public fun same<T: drop>(a: T, b: T): bool { a == b }

public fun write_b<A, B: drop>(pair: &mut Pair<A, B>, b: B) { pair.b = b }

public fun names<T>(): (vector<u8>, vector<u8>) {
    (
        type_name::get<T>().into_string().into_bytes(),
        type_name::get<Pair<T, vector<Phantom<T>>>>().into_string().into_bytes(),
    )
}

public fun mint(amount: u64): Token { Token { amount } }

public fun burn(token: Token): u64 {
    let Token { amount } = token;
    amount
}

/// Linear values pass through generic code and containers.
public fun tokens(): u64 {
    let mut tokens = reversed(vector[mint(1), mint(20), mint(300)]);
    let mut total = 0;
    while (!tokens.is_empty()) total = total * 2 + burn(tokens.pop_back());
    tokens.destroy_empty();
    total
}

/// Each call has a larger type argument than the one before.
public fun grow<T>(depth: u64): u64 {
    if (depth == 0) 0 else 1 + shrink<Phantom<T>>(depth - 1)
}

fun shrink<T>(depth: u64): u64 {
    if (depth == 0) 0 else 1 + shrink<T>(depth - 1)
}
