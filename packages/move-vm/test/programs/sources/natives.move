/// Natives that need no ledger.
module programs::natives;

use iota::address;
use std::bcs;
use std::hash;
use std::string;

public struct Record has copy, drop, store {
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: u128,
    f: u256,
    g: bool,
    h: address,
    i: vector<u64>,
    j: vector<vector<u8>>,
    k: Option<u64>,
}

public fun record(
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: u128,
    f: u256,
    g: bool,
    h: address,
    i: vector<u64>,
    j: vector<vector<u8>>,
    k: Option<u64>,
): Record {
    Record { a, b, c, d, e, f, g, h, i, j, k }
}

public fun record_bytes(record: &Record): vector<u8> { bcs::to_bytes(record) }

public fun encode<T>(value: T): (vector<u8>, T) { (bcs::to_bytes(&value), value) }

public fun sha2(bytes: vector<u8>): vector<u8> { hash::sha2_256(bytes) }

public fun sha3(bytes: vector<u8>): vector<u8> { hash::sha3_256(bytes) }

public fun is_text(bytes: vector<u8>): bool { string::try_utf8(bytes).is_some() }

public fun find(text: vector<u8>, wanted: vector<u8>): u64 {
    text.to_string().index_of(&wanted.to_string())
}

public fun part(text: vector<u8>, from: u64, to: u64): vector<u8> {
    text.to_string().substring(from, to).into_bytes()
}

public fun address_number(a: address): (u256, address) {
    let number = address::to_u256(a);
    (number, address::from_u256(number))
}

public fun address_of(bytes: vector<u8>): address { address::from_bytes(bytes) }
