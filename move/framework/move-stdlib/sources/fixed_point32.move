/// Numbers of 32 bits before the binary point and 32 behind it.
module std::fixed_point32;

/// A number in units of 2^-32.
public struct FixedPoint32 has copy, drop, store { value: u64 }

const MAX_U64: u128 = 0xFFFF_FFFF_FFFF_FFFF;

/// The denominator is zero.
const EDENOMINATOR: u64 = 0x10001;
/// The quotient does not fit.
const EDIVISION: u64 = 0x20002;
/// The product does not fit.
const EMULTIPLICATION: u64 = 0x20003;
/// The divisor is zero.
const EDIVISION_BY_ZERO: u64 = 0x10004;
/// The ratio is too large, or too close to zero.
const ERATIO_OUT_OF_RANGE: u64 = 0x20005;

/// Returns the product's whole part. Aborts with `EMULTIPLICATION`.
public fun multiply_u64(val: u64, multiplier: FixedPoint32): u64 {
    let whole = ((val as u128) * (multiplier.value as u128)) >> 32;
    assert!(whole <= MAX_U64, EMULTIPLICATION);
    whole as u64
}

/// Returns the quotient's whole part. Aborts with `EDIVISION_BY_ZERO` or `EDIVISION`.
public fun divide_u64(val: u64, divisor: FixedPoint32): u64 {
    assert!(divisor.value != 0, EDIVISION_BY_ZERO);
    let whole = ((val as u128) << 32) / (divisor.value as u128);
    assert!(whole <= MAX_U64, EDIVISION);
    whole as u64
}

/// Returns `numerator / denominator`, cut off after 32 bits. Aborts with `EDENOMINATOR`, or with `ERATIO_OUT_OF_RANGE`
/// when nothing remains of a number that is not zero or it does not fit.
public fun create_from_rational(numerator: u64, denominator: u64): FixedPoint32 {
    assert!(denominator != 0, EDENOMINATOR);
    let ratio = ((numerator as u128) << 32) / (denominator as u128);
    assert!(ratio != 0 || numerator == 0, ERATIO_OUT_OF_RANGE);
    assert!(ratio <= MAX_U64, ERATIO_OUT_OF_RANGE);
    FixedPoint32 { value: ratio as u64 }
}

/// Makes a number of units of 2^-32.
public fun create_from_raw_value(value: u64): FixedPoint32 { FixedPoint32 { value } }

/// Returns the number in units of 2^-32.
public fun get_raw_value(num: FixedPoint32): u64 { num.value }

/// True for zero.
public fun is_zero(num: FixedPoint32): bool { num.value == 0 }
