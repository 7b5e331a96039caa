/// Expected values worked out by hand from the ASCII and UTF-8 tables.
#[test_only]
module std::text_tests;

use std::ascii;
use std::string;
use std::type_name;
use std::unit_test::assert_eq;

public struct Plain {}
public struct Holder<phantom T> {}

#[test]
fun ascii_takes_seven_bits() {
    assert_eq!(b"az".to_ascii_string().into_bytes(), x"617a");
    assert!(vector[0x7F].try_to_ascii_string().is_some());
    assert!(vector[0x80].try_to_ascii_string().is_none());
    assert_eq!(ascii::char(0x41).byte(), 0x41);
    assert!(ascii::is_printable_char(0x20) && ascii::is_printable_char(0x7E));
    assert!(!ascii::is_printable_char(0x1F) && !ascii::is_printable_char(0x7F));
    assert!(b"a b".to_ascii_string().all_characters_printable());
    assert!(!x"610a".to_ascii_string().all_characters_printable());
}

#[test]
fun ascii_is_edited() {
    let mut text = b"bd".to_ascii_string();
    text.insert(1, b"c".to_ascii_string());
    text.insert(0, b"a".to_ascii_string());
    text.insert(4, b"e".to_ascii_string());
    assert_eq!(text, b"abcde".to_ascii_string());
    text.push_char(ascii::char(0x66));
    assert_eq!(text.pop_char().byte(), 0x66);
    text.append(b"!".to_ascii_string());
    assert_eq!(text.length(), 6);
    assert_eq!(text.substring(1, 3), b"bc".to_ascii_string());
    assert_eq!(text.substring(6, 6), b"".to_ascii_string());
    assert!(text.substring(2, 2).is_empty());
    assert_eq!(b"aZ09z[`{".to_ascii_string().to_uppercase(), b"AZ09Z[`{".to_ascii_string());
    assert_eq!(b"aZ09A@[".to_ascii_string().to_lowercase(), b"az09a@[".to_ascii_string());
}

#[test]
fun ascii_is_searched() {
    let text = b"aabaabb".to_ascii_string();
    assert_eq!(text.index_of(&b"aabb".to_ascii_string()), 3);
    assert_eq!(text.index_of(&b"".to_ascii_string()), 0);
    assert_eq!(text.index_of(&b"b".to_ascii_string()), 2);
    assert_eq!(text.index_of(&b"bbb".to_ascii_string()), 7);
    assert_eq!(text.index_of(&b"aabaabba".to_ascii_string()), 7);
}

#[test, expected_failure(abort_code = ascii::EInvalidASCIICharacter)]
fun ascii_refuses_the_eighth_bit() { x"80".to_ascii_string(); }

#[test, expected_failure(abort_code = ascii::EInvalidIndex)]
fun ascii_refuses_to_insert_behind_the_end() { b"a".to_ascii_string().insert(2, b"b".to_ascii_string()) }

#[test, expected_failure(abort_code = ascii::EInvalidIndex)]
fun ascii_refuses_a_part_behind_the_end() { b"a".to_ascii_string().substring(0, 2); }

#[test, expected_failure(abort_code = ascii::EInvalidIndex)]
fun ascii_refuses_a_part_that_ends_before_it_begins() { b"ab".to_ascii_string().substring(2, 1); }

#[test]
fun utf8_counts_bytes() {
    // "aé€" is 61, c3 a9, e2 82 ac.
    let text = x"61c3a9e282ac".to_string();
    assert_eq!(text.length(), 6);
    assert_eq!(text.substring(1, 3), x"c3a9".to_string());
    assert_eq!(text.index_of(&x"e282ac".to_string()), 3);
    assert_eq!(text.index_of(&b"z".to_string()), 6);
    let mut edited = text;
    edited.insert(3, b"x".to_string());
    assert_eq!(edited.into_bytes(), x"61c3a978e282ac");
    let mut edited = text;
    edited.append(b"b".to_string());
    edited.append_utf8(b"c");
    assert_eq!(*edited.as_bytes(), x"61c3a9e282ac6263");
    assert_eq!(*edited.bytes(), *edited.as_bytes());
    assert_eq!(edited.sub_string(6, 8), b"bc".to_string());
    assert!(b"".to_string().is_empty());
    assert!(x"c3".try_to_string().is_none());
    assert_eq!(b"ok".try_to_string(), option::some(b"ok".to_string()));
    assert_eq!(b"ok".to_string().to_ascii(), b"ok".to_ascii_string());
    assert_eq!(b"ok".to_ascii_string().to_string(), b"ok".to_string());
}

#[test, expected_failure(abort_code = string::EInvalidUTF8)]
fun utf8_refuses_half_a_character() { x"61c3".to_string(); }

#[test, expected_failure(abort_code = string::EInvalidIndex)]
fun utf8_refuses_to_cut_a_character() { x"61c3a9".to_string().substring(0, 2); }

#[test, expected_failure(abort_code = string::EInvalidIndex)]
fun utf8_refuses_to_insert_into_a_character() { x"c3a9".to_string().insert(1, b"x".to_string()) }

#[test, expected_failure(abort_code = string::EInvalidIndex)]
fun utf8_refuses_a_part_behind_the_end() { b"ab".to_string().substring(1, 3); }

#[test]
fun types_have_names() {
    assert_eq!(type_name::get<u8>().into_string(), b"u8".to_ascii_string());
    assert!(type_name::get<vector<Plain>>().is_primitive());
    assert!(type_name::get<address>().is_primitive());
    let plain = type_name::get<Plain>();
    assert!(!plain.is_primitive());
    let one = b"0000000000000000000000000000000000000000000000000000000000000001".to_ascii_string();
    assert_eq!(plain.get_address(), one);
    assert_eq!(plain.get_module(), b"text_tests".to_ascii_string());
    let mut full = one;
    full.append(b"::text_tests::Holder<u64>".to_ascii_string());
    assert_eq!(*type_name::get_with_original_ids<Holder<u64>>().borrow_string(), full);
}

#[test, expected_failure(abort_code = type_name::ENonModuleType)]
fun a_primitive_type_has_no_address() { type_name::get<u64>().get_address(); }

#[test, expected_failure(abort_code = type_name::ENonModuleType)]
fun a_primitive_type_has_no_module() { type_name::get<vector<u8>>().get_module(); }
