/// Reads values back from BCS bytes.
module iota::bcs;

use iota::address;
use std::bcs;

/// There are too few bytes.
const EOutOfRange: u64 = 0;
/// A byte that should be a boolean is neither 0 nor 1.
const ENotBool: u64 = 1;
/// A length has more than five bytes.
const ELenOutOfRange: u64 = 2;

/// The bytes of an address.
const ADDRESS_LENGTH: u64 = 32;
/// The bytes that a ULEB128 length may have; it must fit 32 bits.
const MAX_LENGTH_BYTES: u64 = 5;

/// What is still to be read, last byte first, so that reading takes bytes off the end.
public struct BCS has copy, drop, store {
    bytes: vector<u8>,
}

/// Returns the BCS bytes of any value.
public fun to_bytes<T>(value: &T): vector<u8> { bcs::to_bytes(value) }

/// Begins to read.
public fun new(mut bytes: vector<u8>): BCS {
    bytes.reverse();
    BCS { bytes }
}

/// Returns what was not read.
public fun into_remainder_bytes(bcs: BCS): vector<u8> {
    let BCS { mut bytes } = bcs;
    bytes.reverse();
    bytes
}

/// Reads an address. Aborts with `EOutOfRange`.
public fun peel_address(bcs: &mut BCS): address {
    assert!(bcs.bytes.length() >= ADDRESS_LENGTH, EOutOfRange);
    address::from_bytes(vector::tabulate!(ADDRESS_LENGTH, |_| bcs.bytes.pop_back()))
}

/// Reads a boolean. Aborts with `EOutOfRange` or `ENotBool`.
public fun peel_bool(bcs: &mut BCS): bool {
    let byte = bcs.peel_u8();
    assert!(byte <= 1, ENotBool);
    byte == 1
}

/// Reads a `u8`. Aborts with `EOutOfRange`.
public fun peel_u8(bcs: &mut BCS): u8 {
    assert!(!bcs.bytes.is_empty(), EOutOfRange);
    bcs.bytes.pop_back()
}

/// Reads a little-endian number of `$len` bytes.
macro fun peel_num<$T>($bcs: &mut BCS, $len: u8): $T {
    let bcs = $bcs;
    let len = $len;
    assert!(bcs.bytes.length() >= (len as u64), EOutOfRange);
    let mut number = (0: $T);
    len.do!(|i| number = number | ((bcs.bytes.pop_back() as $T) << (8 * i)));
    number
}

/// Reads a `u16`. Aborts with `EOutOfRange`.
public fun peel_u16(bcs: &mut BCS): u16 { peel_num!<u16>(bcs, 2) }

/// Reads a `u32`. Aborts with `EOutOfRange`.
public fun peel_u32(bcs: &mut BCS): u32 { peel_num!<u32>(bcs, 4) }

/// Reads a `u64`. Aborts with `EOutOfRange`.
public fun peel_u64(bcs: &mut BCS): u64 { peel_num!<u64>(bcs, 8) }

/// Reads a `u128`. Aborts with `EOutOfRange`.
public fun peel_u128(bcs: &mut BCS): u128 { peel_num!<u128>(bcs, 16) }

/// Reads a `u256`. Aborts with `EOutOfRange`.
public fun peel_u256(bcs: &mut BCS): u256 { peel_num!<u256>(bcs, 32) }

/// Reads the length of a vector, ULEB128. Aborts with `ELenOutOfRange`.
public fun peel_vec_length(bcs: &mut BCS): u64 {
    let mut length = 0u64;
    let mut read = 0u64;
    loop {
        assert!(read < MAX_LENGTH_BYTES, ELenOutOfRange);
        let byte = bcs.bytes.pop_back();
        length = length | ((byte & 0x7F) as u64) << ((7 * read) as u8);
        read = read + 1;
        if (byte < 0x80) return length;
    }
}

/// Reads a vector whose elements `$peel` reads.
public macro fun peel_vec<$T>($bcs: &mut BCS, $peel: |&mut BCS| -> $T): vector<$T> {
    let bcs = $bcs;
    let n = bcs.peel_vec_length();
    vector::tabulate!(n, |_| $peel(bcs))
}

/// Reads an option whose value `$peel` reads.
public macro fun peel_option<$T>($bcs: &mut BCS, $peel: |&mut BCS| -> $T): Option<$T> {
    let bcs = $bcs;
    if (bcs.peel_bool()) option::some($peel(bcs)) else option::none()
}

/// Reads a vector of `address`.
public fun peel_vec_address(bcs: &mut BCS): vector<address> { bcs.peel_vec!(|bcs| bcs.peel_address()) }

/// Reads a vector of `bool`.
public fun peel_vec_bool(bcs: &mut BCS): vector<bool> { bcs.peel_vec!(|bcs| bcs.peel_bool()) }

/// Reads a vector of `u8`.
public fun peel_vec_u8(bcs: &mut BCS): vector<u8> { bcs.peel_vec!(|bcs| bcs.peel_u8()) }

/// Reads a vector of byte vectors.
public fun peel_vec_vec_u8(bcs: &mut BCS): vector<vector<u8>> { bcs.peel_vec!(|bcs| bcs.peel_vec_u8()) }

/// Reads a vector of `u16`.
public fun peel_vec_u16(bcs: &mut BCS): vector<u16> { bcs.peel_vec!(|bcs| bcs.peel_u16()) }

/// Reads a vector of `u32`.
public fun peel_vec_u32(bcs: &mut BCS): vector<u32> { bcs.peel_vec!(|bcs| bcs.peel_u32()) }

/// Reads a vector of `u64`.
public fun peel_vec_u64(bcs: &mut BCS): vector<u64> { bcs.peel_vec!(|bcs| bcs.peel_u64()) }

/// Reads a vector of `u128`.
public fun peel_vec_u128(bcs: &mut BCS): vector<u128> { bcs.peel_vec!(|bcs| bcs.peel_u128()) }

/// Reads a vector of `u256`.
public fun peel_vec_u256(bcs: &mut BCS): vector<u256> { bcs.peel_vec!(|bcs| bcs.peel_u256()) }

/// Reads an option of `address`.
public fun peel_option_address(bcs: &mut BCS): Option<address> { bcs.peel_option!(|bcs| bcs.peel_address()) }

/// Reads an option of `bool`.
public fun peel_option_bool(bcs: &mut BCS): Option<bool> { bcs.peel_option!(|bcs| bcs.peel_bool()) }

/// Reads an option of `u8`.
public fun peel_option_u8(bcs: &mut BCS): Option<u8> { bcs.peel_option!(|bcs| bcs.peel_u8()) }

/// Reads an option of `u16`.
public fun peel_option_u16(bcs: &mut BCS): Option<u16> { bcs.peel_option!(|bcs| bcs.peel_u16()) }

/// Reads an option of `u32`.
public fun peel_option_u32(bcs: &mut BCS): Option<u32> { bcs.peel_option!(|bcs| bcs.peel_u32()) }

/// Reads an option of `u64`.
public fun peel_option_u64(bcs: &mut BCS): Option<u64> { bcs.peel_option!(|bcs| bcs.peel_u64()) }

/// Reads an option of `u128`.
public fun peel_option_u128(bcs: &mut BCS): Option<u128> { bcs.peel_option!(|bcs| bcs.peel_u128()) }

/// Reads an option of `u256`.
public fun peel_option_u256(bcs: &mut BCS): Option<u256> { bcs.peel_option!(|bcs| bcs.peel_u256()) }
