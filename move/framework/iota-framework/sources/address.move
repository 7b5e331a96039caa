/// Conversions of addresses.
#[defines_primitive(address)]
module iota::address;

use iota::hex;
use std::{ascii, bcs, string};

public use fun iota::object::id_from_address as address.to_id;

/// The text is not 64 hexadecimal digits. The native `from_bytes` aborts with it too, unless it gets 32 bytes.
const EAddressParseError: u64 = 0;

/// How many bytes an address has.
const LENGTH: u64 = 32;
/// The number of the largest address, 2^256 - 1.
const MAX: u256 = 0xFFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF;

/// Returns the address as a big-endian number.
public native fun to_u256(a: address): u256;

/// Returns the address whose big-endian number is `n`.
public native fun from_u256(n: u256): address;

/// Returns the address of 32 bytes. Aborts with `EAddressParseError` for another length.
public native fun from_bytes(bytes: vector<u8>): address;

/// Returns the 32 bytes.
public fun to_bytes(a: address): vector<u8> { bcs::to_bytes(&a) }

/// Returns 64 hexadecimal digits, lower case, without a prefix.
public fun to_ascii_string(a: address): ascii::String { hex::encode(a.to_bytes()).to_ascii_string() }

/// Returns 64 hexadecimal digits, lower case, without a prefix.
public fun to_string(a: address): string::String { a.to_ascii_string().to_string() }

/// Returns the address of 64 hexadecimal digits of either case, without a prefix.
/// Aborts with `EAddressParseError` for another length or another character.
public fun from_ascii_bytes(bytes: &vector<u8>): address {
    assert!(bytes.length() == 2 * LENGTH, EAddressParseError);
    let mut parsed = vector[];
    LENGTH.do!(|i| {
        let high = digit_value(bytes[2 * i]);
        let low = digit_value(bytes[2 * i + 1]);
        parsed.push_back(high << 4 | low)
    });
    from_bytes(parsed)
}

/// Returns how many bytes an address has.
public fun length(): u64 { LENGTH }

/// Returns the number of the largest address.
public fun max(): u256 { MAX }

fun digit_value(digit: u8): u8 {
    if (digit >= 0x30 && digit <= 0x39) digit - 0x30
    else if (digit >= 0x41 && digit <= 0x46) digit - 0x41 + 10
    else if (digit >= 0x61 && digit <= 0x66) digit - 0x61 + 10
    else abort EAddressParseError
}
