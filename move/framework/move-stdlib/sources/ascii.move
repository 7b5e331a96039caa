/// Text of 7-bit characters.
module std::ascii;

public use fun std::string::from_ascii as String.to_string;

/// A byte is above 127.
const EInvalidASCIICharacter: u64 = 0x10000;
/// The position is not inside the text.
const EInvalidIndex: u64 = 0x10001;

/// Bytes that are all ASCII characters.
public struct String has copy, drop, store {
    bytes: vector<u8>,
}

/// One ASCII character.
public struct Char has copy, drop, store {
    byte: u8,
}

/// Makes a character. Aborts with `EInvalidASCIICharacter` when the byte is above 127.
public fun char(byte: u8): Char {
    assert!(is_valid_char(byte), EInvalidASCIICharacter);
    Char { byte }
}

/// Makes a text. Aborts with `EInvalidASCIICharacter` when some byte is above 127.
public fun string(bytes: vector<u8>): String {
    assert!(bytes.all!(|byte| is_valid_char(*byte)), EInvalidASCIICharacter);
    String { bytes }
}

/// Makes a text, or nothing when some byte is above 127.
public fun try_string(bytes: vector<u8>): Option<String> {
    if (bytes.all!(|byte| is_valid_char(*byte))) option::some(String { bytes }) else option::none()
}

/// True when no character is a control character.
public fun all_characters_printable(string: &String): bool {
    string.bytes.all!(|byte| is_printable_char(*byte))
}

/// Puts a character at the end.
public fun push_char(string: &mut String, char: Char) { string.bytes.push_back(char.byte) }

/// Takes the last character off.
public fun pop_char(string: &mut String): Char { Char { byte: string.bytes.pop_back() } }

/// Returns the number of characters.
public fun length(string: &String): u64 { string.bytes.length() }

/// Puts `other` at the end.
public fun append(string: &mut String, other: String) { string.bytes.append(other.bytes) }

/// Puts `o` before the character at `at`. Aborts with `EInvalidIndex` when `at` is larger than the length.
public fun insert(s: &mut String, at: u64, o: String) {
    assert!(at <= s.length(), EInvalidIndex);
    let mut made = s.substring(0, at);
    made.append(o);
    made.append(s.substring(at, s.length()));
    *s = made
}

/// Returns the characters from `i` up to, without, `j`. Aborts with `EInvalidIndex` unless `i <= j <= length`.
public fun substring(string: &String, i: u64, j: u64): String {
    assert!(i <= j && j <= string.length(), EInvalidIndex);
    let mut bytes = vector[];
    i.range_do!(j, |k| bytes.push_back(string.bytes[k]));
    String { bytes }
}

/// Borrows the bytes.
public fun as_bytes(string: &String): &vector<u8> { &string.bytes }

/// Unpacks into the bytes.
public fun into_bytes(string: String): vector<u8> {
    let String { bytes } = string;
    bytes
}

/// Unpacks a character into its byte.
public fun byte(char: Char): u8 {
    let Char { byte } = char;
    byte
}

/// True for bytes up to 127.
public fun is_valid_char(b: u8): bool { b < 0x80 }

/// True for the space, letters, digits and signs; false for control characters.
public fun is_printable_char(byte: u8): bool { byte >= 0x20 && byte < 0x7F }

/// True when there are no characters.
public fun is_empty(string: &String): bool { string.bytes.is_empty() }

/// Returns the text with the letters a–z as A–Z.
public fun to_uppercase(string: &String): String {
    String { bytes: string.bytes.map_ref!(|byte| if (*byte >= 0x61 && *byte <= 0x7A) *byte - 0x20 else *byte) }
}

/// Returns the text with the letters A–Z as a–z.
public fun to_lowercase(string: &String): String {
    String { bytes: string.bytes.map_ref!(|byte| if (*byte >= 0x41 && *byte <= 0x5A) *byte + 0x20 else *byte) }
}

/// Returns where `substr` first begins, or the length of `string` when it does not occur.
public fun index_of(string: &String, substr: &String): u64 {
    let n = string.length();
    let m = substr.length();
    let mut at = 0;
    while (at + m <= n) {
        let mut same = 0;
        while (same < m && string.bytes[at + same] == substr.bytes[same]) same = same + 1;
        if (same == m) return at;
        at = at + 1;
    };
    n
}
