/// Arithmetic, and the vectors of FIPS 180-4 and FIPS 202.
#[test_only]
module std::number_tests;

use std::unit_test::assert_eq;

#[test]
fun numbers_compare() {
    assert_eq!(3u8.max(5), 5);
    assert_eq!(5u16.max(3), 5);
    assert_eq!(3u32.min(5), 3);
    assert_eq!(5u64.min(3), 3);
    assert_eq!(3u128.diff(5), 2);
    assert_eq!(5u256.diff(3), 2);
}

#[test]
fun division_rounds_up() {
    assert_eq!(7u64.divide_and_round_up(2), 4);
    assert_eq!(8u64.divide_and_round_up(2), 4);
    assert_eq!(0u8.divide_and_round_up(9), 0);
    assert_eq!(255u8.divide_and_round_up(1), 255);
}

#[test]
fun powers() {
    assert_eq!(2u8.pow(7), 128);
    assert_eq!(3u16.pow(10), 59_049);
    assert_eq!(10u64.pow(19), 10_000_000_000_000_000_000);
    assert_eq!(0u64.pow(0), 1);
    assert_eq!(7u32.pow(1), 7);
    assert_eq!(1u64.pow(255), 1);
    assert_eq!(2u256.pow(255), 1 << 255);
}

#[test, expected_failure(arithmetic_error, location = std::u8)]
fun powers_do_not_overflow() { 2u8.pow(8); }

#[test]
fun square_roots() {
    assert_eq!(0u64.sqrt(), 0);
    assert_eq!(1u8.sqrt(), 1);
    assert_eq!(3u8.sqrt(), 1);
    assert_eq!(4u8.sqrt(), 2);
    assert_eq!(255u8.sqrt(), 15);
    assert_eq!(65_535u16.sqrt(), 255);
    assert_eq!(4_294_967_295u32.sqrt(), 65_535);
    assert_eq!(18_446_744_073_709_551_615u64.sqrt(), 4_294_967_295);
    assert_eq!(340_282_366_920_938_463_463_374_607_431_768_211_455u128.sqrt(), 18_446_744_073_709_551_615);
    1_000u64.do!(|n| {
        assert_eq!((n * n).sqrt(), n);
        if (n > 0) assert_eq!((n * n - 1).sqrt(), n - 1);
    });
}

#[test]
fun loops_count() {
    let mut sum = 0u64;
    4u64.do!(|i| sum = sum * 10 + i);
    assert_eq!(sum, 123);
    let mut seen = vector[];
    253u8.range_do_eq!(255, |i| seen.push_back(i));
    assert_eq!(seen, vector[253, 254, 255]);
    5u16.range_do!(5, |_| abort);
    6u32.range_do_eq!(5, |_| abort);
    let mut n = 0;
    2u128.do_eq!(|_| n = n + 1);
    assert_eq!(n, 3);
}

#[test]
fun hashes() {
    assert_eq!(
        std::hash::sha2_256(b"abc"),
        x"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert_eq!(
        std::hash::sha3_256(b"abc"),
        x"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    );
}

#[test]
fun bytes_of_values() {
    assert_eq!(std::bcs::to_bytes(&0x0102u16), x"0201");
    assert_eq!(std::bcs::to_bytes(&vector[true, false]), x"020100");
    assert_eq!(std::bcs::to_bytes(&option::some(7u8)), x"0107");
    assert_eq!(std::bcs::to_bytes(&option::none<u8>()), x"00");
    assert_eq!(std::address::length(), 32);
}
