/// Text in UTF-8. Positions count bytes.
module std::string;

use std::ascii;

/// The bytes are not UTF-8.
const EInvalidUTF8: u64 = 1;
/// The position is outside the text or inside a character.
const EInvalidIndex: u64 = 2;

/// Bytes that are valid UTF-8.
public struct String has copy, drop, store {
    bytes: vector<u8>,
}

/// Makes a text. Aborts with `EInvalidUTF8` when the bytes are not UTF-8.
public fun utf8(bytes: vector<u8>): String {
    assert!(internal_check_utf8(&bytes), EInvalidUTF8);
    String { bytes }
}

/// Makes a text from an ASCII one.
public fun from_ascii(s: ascii::String): String { String { bytes: s.into_bytes() } }

/// Makes an ASCII text. Aborts in `std::ascii` when there are other characters.
public fun to_ascii(s: String): ascii::String { s.into_bytes().to_ascii_string() }

/// Makes a text, or nothing when the bytes are not UTF-8.
public fun try_utf8(bytes: vector<u8>): Option<String> {
    if (internal_check_utf8(&bytes)) option::some(String { bytes }) else option::none()
}

/// Borrows the bytes.
public fun as_bytes(s: &String): &vector<u8> { &s.bytes }

/// Unpacks into the bytes.
public fun into_bytes(s: String): vector<u8> {
    let String { bytes } = s;
    bytes
}

/// True when there are no characters.
public fun is_empty(s: &String): bool { s.bytes.is_empty() }

/// Returns the number of bytes.
public fun length(s: &String): u64 { s.bytes.length() }

/// Puts `r` at the end.
public fun append(s: &mut String, r: String) { s.bytes.append(r.bytes) }

/// Puts bytes at the end. Aborts with `EInvalidUTF8` when they are not UTF-8 themselves.
public fun append_utf8(s: &mut String, bytes: vector<u8>) { s.append(utf8(bytes)) }

/// Puts `o` before position `at`. Aborts with `EInvalidIndex` when `at` is not a character boundary.
public fun insert(s: &mut String, at: u64, o: String) {
    assert!(at <= s.length() && internal_is_char_boundary(&s.bytes, at), EInvalidIndex);
    let tail = s.substring(at, s.length());
    *s = s.substring(0, at);
    s.append(o);
    s.append(tail)
}

/// Returns the bytes from `i` up to, without, `j`.
/// Aborts with `EInvalidIndex` unless `i <= j <= length` and both are character boundaries.
public fun substring(s: &String, i: u64, j: u64): String {
    assert!(
        i <= j && j <= s.length()
            && internal_is_char_boundary(&s.bytes, i)
            && internal_is_char_boundary(&s.bytes, j),
        EInvalidIndex,
    );
    String { bytes: internal_sub_string(&s.bytes, i, j) }
}

/// Returns where `r` first begins, or the length of `s` when it does not occur.
public fun index_of(s: &String, r: &String): u64 { internal_index_of(&s.bytes, &r.bytes) }

native fun internal_check_utf8(v: &vector<u8>): bool;
native fun internal_is_char_boundary(v: &vector<u8>, i: u64): bool;
native fun internal_sub_string(v: &vector<u8>, i: u64, j: u64): vector<u8>;
native fun internal_index_of(v: &vector<u8>, r: &vector<u8>): u64;

/// The older name of `as_bytes`.
public fun bytes(s: &String): &vector<u8> { s.as_bytes() }

/// The older name of `substring`.
public fun sub_string(s: &String, i: u64, j: u64): String { s.substring(i, j) }
