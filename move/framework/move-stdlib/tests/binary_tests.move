/// Bit vectors and fixed-point numbers.
#[test_only]
module std::binary_tests;

use std::bit_vector;
use std::fixed_point32;

#[test]
fun bits_are_set_and_cleared() {
    let mut bits = bit_vector::new(1023);
    assert!(bits.length() == 1023);
    bits.set(0);
    bits.set(1022);
    assert!(bits.is_index_set(0) && bits.is_index_set(1022) && !bits.is_index_set(1));
    bits.unset(0);
    bits.unset(1);
    assert!(!bits.is_index_set(0));
}

#[test]
fun bits_move_to_the_front() {
    let mut bits = bit_vector::new(8);
    vector[1, 4, 5, 7].do!(|at| bits.set(at));
    bits.shift_left(3);
    let set = vector::tabulate!(8, |at| bits.is_index_set(at));
    assert!(set == vector[false, true, true, false, true, false, false, false]);
    bits.shift_left(0);
    assert!(bits.is_index_set(4));
    bits.shift_left(8);
    assert!(vector::tabulate!(8, |at| bits.is_index_set(at)) == vector::tabulate!(8, |_| false));
    bits.set(7);
    bits.shift_left(0xFFFF_FFFF_FFFF_FFFF);
    assert!(!bits.is_index_set(7));
}

#[test]
fun runs_of_set_bits_are_counted() {
    let mut bits = bit_vector::new(6);
    vector[1, 2, 4, 5].do!(|at| bits.set(at));
    let runs = vector::tabulate!(6, |at| bits.longest_set_sequence_starting_at(at));
    assert!(runs == vector[0, 2, 1, 0, 2, 1]);
}

#[test, expected_failure(abort_code = bit_vector::ELENGTH)]
fun a_bit_vector_is_not_empty() { bit_vector::new(0); }

#[test, expected_failure(abort_code = bit_vector::ELENGTH)]
fun a_bit_vector_has_a_limit() { bit_vector::new(1024); }

#[test, expected_failure(abort_code = bit_vector::EINDEX)]
fun setting_needs_a_bit() { bit_vector::new(4).set(4) }

#[test, expected_failure(abort_code = bit_vector::EINDEX)]
fun clearing_needs_a_bit() { bit_vector::new(4).unset(4) }

#[test, expected_failure(abort_code = bit_vector::EINDEX)]
fun reading_needs_a_bit() { bit_vector::new(4).is_index_set(4); }

#[test, expected_failure(abort_code = bit_vector::EINDEX)]
fun counting_needs_a_bit() { bit_vector::new(4).longest_set_sequence_starting_at(4); }

#[test]
fun fixed_point_arithmetic_cuts_off() {
    let two_thirds = fixed_point32::create_from_rational(2, 3);
    assert!(two_thirds.get_raw_value() == 0xAAAA_AAAA);
    assert!(fixed_point32::multiply_u64(9, two_thirds) == 5);
    assert!(fixed_point32::divide_u64(6, two_thirds) == 9);
    let one_and_a_half = fixed_point32::create_from_raw_value(0x1_8000_0000);
    assert!(fixed_point32::multiply_u64(5, one_and_a_half) == 7);
    assert!(fixed_point32::divide_u64(7, one_and_a_half) == 4);
    assert!(fixed_point32::create_from_rational(0, 9).is_zero());
    assert!(!fixed_point32::create_from_rational(1, 1 << 32).is_zero());
    assert!(fixed_point32::create_from_rational(0xFFFF_FFFF, 1).get_raw_value() == 0xFFFF_FFFF_0000_0000);
}

#[test, expected_failure(abort_code = fixed_point32::EDENOMINATOR)]
fun a_ratio_needs_a_denominator() { fixed_point32::create_from_rational(1, 0); }

#[test, expected_failure(abort_code = fixed_point32::ERATIO_OUT_OF_RANGE)]
fun a_ratio_can_be_too_small() { fixed_point32::create_from_rational(1, (1 << 32) + 1); }

#[test, expected_failure(abort_code = fixed_point32::ERATIO_OUT_OF_RANGE)]
fun a_ratio_can_be_too_large() { fixed_point32::create_from_rational(1 << 32, 1); }

#[test, expected_failure(abort_code = fixed_point32::EMULTIPLICATION)]
fun a_product_can_be_too_large() {
    fixed_point32::multiply_u64(1 << 63, fixed_point32::create_from_rational(2, 1));
}

#[test, expected_failure(abort_code = fixed_point32::EDIVISION)]
fun a_quotient_can_be_too_large() {
    fixed_point32::divide_u64(1 << 63, fixed_point32::create_from_rational(1, 2));
}

#[test, expected_failure(abort_code = fixed_point32::EDIVISION_BY_ZERO)]
fun a_quotient_needs_a_divisor() {
    fixed_point32::divide_u64(1, fixed_point32::create_from_raw_value(0));
}
