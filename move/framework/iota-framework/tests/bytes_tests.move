/// Addresses, hexadecimal text, BCS, hashes and signatures; vectors of RFC 7693 and RFC 8032.
#[test_only]
module iota::bytes_tests;

use iota::address;
use iota::bcs;
use iota::ed25519;
use iota::hash;
use iota::hex;
use iota::object;
use iota::test_utils::assert_eq;

#[test]
fun addresses_convert() {
    assert_eq(@0x2.to_u256(), 2);
    assert_eq(address::from_u256(0x0102), @0x102);
    assert_eq(address::from_u256(address::max()).to_u256() + 0, address::max());
    let mut bytes = vector::tabulate!(31, |_| 0);
    bytes.push_back(0xAB);
    assert_eq(@0xAB.to_bytes(), bytes);
    assert_eq(address::from_bytes(bytes), @0xAB);
    assert_eq(address::length(), 32);
    let digits = b"00000000000000000000000000000000000000000000000000000000000000ab";
    assert_eq(@0xAB.to_string(), digits.to_string());
    assert_eq(@0xAB.to_ascii_string(), digits.to_ascii_string());
    assert_eq(address::from_ascii_bytes(&digits), @0xAB);
    let upper = b"FF000000000000000000000000000000000000000000000000000000000000aB";
    assert_eq(address::from_ascii_bytes(&upper).to_u256() >> 248, 0xFF);
    assert_eq(@0xAB.to_id().to_address(), @0xAB);
    assert_eq(object::id_from_bytes(bytes).to_bytes(), bytes);
}

#[test, expected_failure(abort_code = address::EAddressParseError)]
fun an_address_has_32_bytes() { address::from_bytes(x"00"); }

#[test, expected_failure(abort_code = address::EAddressParseError)]
fun an_address_has_64_digits() { address::from_ascii_bytes(&b"0x2"); }

#[test, expected_failure(abort_code = address::EAddressParseError)]
fun an_address_has_no_other_characters() {
    address::from_ascii_bytes(&b"0g000000000000000000000000000000000000000000000000000000000000ab");
}

#[test]
fun hexadecimal_both_ways() {
    assert_eq(hex::encode(x"0009aAfF"), b"0009aaff");
    assert_eq(hex::decode(b"0009aAfF"), x"0009aaff");
    assert_eq(hex::decode(b""), x"");
}

#[test, expected_failure(abort_code = hex::EInvalidHexLength)]
fun hexadecimal_comes_in_pairs() { hex::decode(b"abc"); }

#[test, expected_failure(abort_code = hex::ENotValidHexCharacter)]
fun hexadecimal_has_sixteen_digits() { hex::decode(b"ag"); }

#[test]
fun bcs_is_read_back() {
    let mut bcs = bcs::new(x"01ff0102030405060708090a0b0c0d0e0f");
    assert_eq(bcs.peel_bool(), true);
    assert_eq(bcs.peel_u8(), 0xFF);
    assert_eq(bcs.peel_u16(), 0x0201);
    assert_eq(bcs.peel_u32(), 0x06050403);
    assert_eq(bcs.peel_u64(), 0x0e0d0c0b0a090807);
    assert_eq(bcs.into_remainder_bytes(), x"0f");

    let big = (1u256 << 255) | 7;
    let mut all = bcs::to_bytes(&big);
    all.append(bcs::to_bytes(&((1u128 << 127) | 9)));
    all.append(bcs::to_bytes(&@0xBEEF));
    all.append(bcs::to_bytes(&vector[b"a", b"", b"bc"]));
    all.append(bcs::to_bytes(&vector[1u64, 2]));
    all.append(bcs::to_bytes(&vector[@0x1]));
    all.append(bcs::to_bytes(&vector[true, false]));
    all.append(bcs::to_bytes(&option::some(5u32)));
    all.append(bcs::to_bytes(&option::none<bool>()));
    all.append(bcs::to_bytes(&vector[1u16, 2]));
    all.append(bcs::to_bytes(&vector[3u32]));
    all.append(bcs::to_bytes(&vector[4u128]));
    all.append(bcs::to_bytes(&vector[5u256]));
    all.append(bcs::to_bytes(&option::some(@0x7)));
    let mut bcs = bcs::new(all);
    assert_eq(bcs.peel_u256(), big);
    assert_eq(bcs.peel_u128(), (1 << 127) | 9);
    assert_eq(bcs.peel_address(), @0xBEEF);
    assert_eq(bcs.peel_vec_vec_u8(), vector[b"a", b"", b"bc"]);
    assert_eq(bcs.peel_vec_u64(), vector[1, 2]);
    assert_eq(bcs.peel_vec_address(), vector[@0x1]);
    assert_eq(bcs.peel_vec_bool(), vector[true, false]);
    assert_eq(bcs.peel_option_u32(), option::some(5));
    assert_eq(bcs.peel_option_bool(), option::none());
    assert_eq(bcs.peel_vec_u16(), vector[1, 2]);
    assert_eq(bcs.peel_vec_u32(), vector[3]);
    assert_eq(bcs.peel_vec_u128(), vector[4]);
    assert_eq(bcs.peel_vec_u256(), vector[5]);
    assert_eq(bcs.peel_option_address(), option::some(@0x7));
    assert_eq(bcs.into_remainder_bytes(), x"");
}

#[test]
fun bcs_lengths_are_uleb128() {
    assert_eq(bcs::new(x"ac02").peel_vec_length(), 300);
    assert_eq(bcs::new(x"ffffffff0f").peel_vec_length(), 0xFFFF_FFFF);
}

#[test, expected_failure(abort_code = bcs::ELenOutOfRange)]
fun bcs_lengths_have_five_bytes() { bcs::new(x"808080808001").peel_vec_length(); }

#[test, expected_failure(abort_code = bcs::ENotBool)]
fun bcs_booleans_are_zero_or_one() { bcs::new(x"02").peel_bool(); }

#[test, expected_failure(abort_code = bcs::EOutOfRange)]
fun bcs_ends() { bcs::new(x"010203").peel_u32(); }

#[test, expected_failure(abort_code = bcs::EOutOfRange)]
fun bcs_ends_in_an_address() { bcs::new(x"010203").peel_address(); }

#[test]
fun hashes() {
    assert_eq(
        hash::blake2b256(&b"abc"),
        x"bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
    );
    assert_eq(
        hash::keccak256(&b""),
        x"c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
}

#[test]
fun signatures() {
    // RFC 8032, section 7.1, TEST 2.
    let key = x"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    let signature =
        x"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert!(ed25519::ed25519_verify(&signature, &key, &x"72"));
    assert!(!ed25519::ed25519_verify(&signature, &key, &x"73"));
    assert!(!ed25519::ed25519_verify(&x"00", &key, &x"72"));
}
