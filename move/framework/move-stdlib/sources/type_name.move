/// The names of types as text, for example `0000…0002::coin::Coin<0000…0002::iota::IOTA>`: addresses are 64
/// hexadecimal digits without a prefix.
module std::type_name;

use std::ascii::String;

/// The type is not declared in a module.
const ENonModuleType: u64 = 0;

/// The hexadecimal digits of an address.
const ADDRESS_DIGITS: u64 = 64;
/// The length of `::`.
const SEPARATOR_LENGTH: u64 = 2;
/// The character `:`.
const COLON: u8 = 0x3A;

/// The full name of a type.
public struct TypeName has copy, drop, store {
    name: String,
}

/// Returns the name of `T` with the package ids that define its types.
public native fun get<T>(): TypeName;

/// Returns the name of `T` with the ids of the first versions of its packages.
public native fun get_with_original_ids<T>(): TypeName;

/// True for types that are built into the language.
public fun is_primitive(self: &TypeName): bool {
    let name = self.name.as_bytes();
    name == &b"bool"
        || name == &b"u8" || name == &b"u16" || name == &b"u32"
        || name == &b"u64" || name == &b"u128" || name == &b"u256"
        || name == &b"address"
        || starts_with(name, &b"vector")
}

/// Borrows the text.
public fun borrow_string(self: &TypeName): &String { &self.name }

/// Returns the address part. Aborts with `ENonModuleType` for a primitive type.
public fun get_address(self: &TypeName): String {
    assert!(!self.is_primitive(), ENonModuleType);
    self.name.substring(0, ADDRESS_DIGITS)
}

/// Returns the module part. Aborts with `ENonModuleType` for a primitive type.
public fun get_module(self: &TypeName): String {
    assert!(!self.is_primitive(), ENonModuleType);
    let bytes = self.name.as_bytes();
    let start = ADDRESS_DIGITS + SEPARATOR_LENGTH;
    let mut end = start;
    while (bytes[end] != COLON) end = end + 1;
    self.name.substring(start, end)
}

/// Unpacks into the text.
public fun into_string(self: TypeName): String {
    let TypeName { name } = self;
    name
}

fun starts_with(text: &vector<u8>, prefix: &vector<u8>): bool {
    if (text.length() < prefix.length()) return false;
    let mut i = 0;
    while (i < prefix.length()) {
        if (text[i] != prefix[i]) return false;
        i = i + 1;
    };
    true
}
