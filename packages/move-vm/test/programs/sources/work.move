/// What costs a node little and this VM much: each function does one thing `times` times to what it is given.
module programs::work;

use iota::ecdsa_k1;
use iota::ed25519;
use iota::hash as chain_hash;
use iota::hmac;
use std::bcs;
use std::hash;
use std::string::{Self, String};
use std::type_name;

public struct One has copy, drop, store {}

public struct Pair<A: copy + drop + store, B: copy + drop + store> has copy, drop, store { a: A, b: B }

public struct Phantom<phantom T> has copy, drop, store {}

const LISTS: vector<vector<u8>> = vector[vector[], vector[], vector[], vector[], vector[1], vector[], vector[]];

/// Compares what two references refer to.
public fun equal<T>(a: &T, b: &T, times: u64) {
    let mut i = 0;
    while (i < times) {
        assert!(a == b);
        i = i + 1;
    }
}

public fun different<T: copy + drop>(a: T, b: T, times: u64) {
    let mut i = 0;
    while (i < times) {
        assert!(!(copy a != copy b));
        i = i + 1;
    }
}

public fun read<T: copy + drop>(a: &T, times: u64) {
    let mut i = 0;
    while (i < times) {
        let _copy = *a;
        i = i + 1;
    }
}

public fun constant(times: u64) {
    let mut i = 0;
    while (i < times) {
        let _lists = LISTS;
        i = i + 1;
    }
}

public fun encode<T>(a: &T, times: u64) {
    let mut i = 0;
    while (i < times) {
        bcs::to_bytes(a);
        i = i + 1;
    }
}

public fun sha2(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        hash::sha2_256(bytes);
        i = i + 1;
    }
}

public fun blake2b(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        chain_hash::blake2b256(&bytes);
        i = i + 1;
    }
}

public fun mac(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        hmac::hmac_sha3_256(&bytes, &bytes);
        i = i + 1;
    }
}

public fun ed25519(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        ed25519::ed25519_verify(&bytes, &bytes, &bytes);
        i = i + 1;
    }
}

public fun secp256k1(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        ecdsa_k1::secp256k1_verify(&bytes, &bytes, &bytes, 1);
        i = i + 1;
    }
}

public fun find(text: String, wanted: String, times: u64) {
    let mut i = 0;
    while (i < times) {
        text.index_of(&wanted);
        i = i + 1;
    }
}

public fun check_text(bytes: vector<u8>, times: u64) {
    let mut i = 0;
    while (i < times) {
        string::utf8(bytes);
        i = i + 1;
    }
}

public fun name_type(times: u64) {
    let mut i = 0;
    while (i < times) {
        type_name::get<Pair<Pair<u8, One>, Pair<Pair<bool, u64>, vector<One>>>>();
        i = i + 1;
    }
}

/// 31 functions by their type arguments.
public fun instantiate(times: u64) {
    let mut i = 0;
    while (i < times) {
        level0<u8>();
        i = i + 1;
    }
}

fun level0<T>() {
    level1<vector<T>>();
    level1<Phantom<T>>();
}

fun level1<T>() {
    level2<vector<T>>();
    level2<Phantom<T>>();
}

fun level2<T>() {
    level3<vector<T>>();
    level3<Phantom<T>>();
}

fun level3<T>() {
    level4<vector<T>>();
    level4<Phantom<T>>();
}

fun level4<T>() {}
