/// Hexadecimal text.
module iota::hex;

/// The text has an odd number of digits.
const EInvalidHexLength: u64 = 0;
/// A character is not a hexadecimal digit.
const ENotValidHexCharacter: u64 = 1;

/// Returns two lower-case digits for each byte, as ASCII bytes.
public fun encode(bytes: vector<u8>): vector<u8> {
    let mut text = vector[];
    bytes.do!(|byte| {
        text.push_back(digit(byte >> 4));
        text.push_back(digit(byte & 0x0F))
    });
    text
}

/// Returns the bytes of digits of either case.
/// Aborts with `EInvalidHexLength` when their number is odd, `ENotValidHexCharacter` when one is not a digit.
public fun decode(hex: vector<u8>): vector<u8> {
    assert!(hex.length() % 2 == 0, EInvalidHexLength);
    let mut bytes = vector[];
    (hex.length() / 2).do!(|i| bytes.push_back(value(hex[2 * i]) << 4 | value(hex[2 * i + 1])));
    bytes
}

fun digit(nibble: u8): u8 { if (nibble < 10) 0x30 + nibble else 0x61 + nibble - 10 }

fun value(digit: u8): u8 {
    if (digit >= 0x30 && digit <= 0x39) digit - 0x30
    else if (digit >= 0x41 && digit <= 0x46) digit - 0x41 + 10
    else if (digit >= 0x61 && digit <= 0x66) digit - 0x61 + 10
    else abort ENotValidHexCharacter
}
