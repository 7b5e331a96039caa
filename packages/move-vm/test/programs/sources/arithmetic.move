/// Each operator and cast at each integer width, one function each: `<operator>_<width>`.
module programs::arithmetic;

public fun add_u8(a: u8, b: u8): u8 { a + b }

public fun sub_u8(a: u8, b: u8): u8 { a - b }

public fun mul_u8(a: u8, b: u8): u8 { a * b }

public fun div_u8(a: u8, b: u8): u8 { a / b }

public fun mod_u8(a: u8, b: u8): u8 { a % b }

public fun bit_or_u8(a: u8, b: u8): u8 { a | b }

public fun bit_and_u8(a: u8, b: u8): u8 { a & b }

public fun xor_u8(a: u8, b: u8): u8 { a ^ b }

public fun lt_u8(a: u8, b: u8): bool { a < b }

public fun gt_u8(a: u8, b: u8): bool { a > b }

public fun le_u8(a: u8, b: u8): bool { a <= b }

public fun ge_u8(a: u8, b: u8): bool { a >= b }

public fun eq_u8(a: u8, b: u8): bool { a == b }

public fun neq_u8(a: u8, b: u8): bool { a != b }

public fun shl_u8(a: u8, b: u8): u8 { a << b }

public fun shr_u8(a: u8, b: u8): u8 { a >> b }

public fun u8_as_u16(a: u8): u16 { a as u16 }

public fun u8_as_u32(a: u8): u32 { a as u32 }

public fun u8_as_u64(a: u8): u64 { a as u64 }

public fun u8_as_u128(a: u8): u128 { a as u128 }

public fun u8_as_u256(a: u8): u256 { a as u256 }

public fun add_u16(a: u16, b: u16): u16 { a + b }

public fun sub_u16(a: u16, b: u16): u16 { a - b }

public fun mul_u16(a: u16, b: u16): u16 { a * b }

public fun div_u16(a: u16, b: u16): u16 { a / b }

public fun mod_u16(a: u16, b: u16): u16 { a % b }

public fun bit_or_u16(a: u16, b: u16): u16 { a | b }

public fun bit_and_u16(a: u16, b: u16): u16 { a & b }

public fun xor_u16(a: u16, b: u16): u16 { a ^ b }

public fun lt_u16(a: u16, b: u16): bool { a < b }

public fun gt_u16(a: u16, b: u16): bool { a > b }

public fun le_u16(a: u16, b: u16): bool { a <= b }

public fun ge_u16(a: u16, b: u16): bool { a >= b }

public fun eq_u16(a: u16, b: u16): bool { a == b }

public fun neq_u16(a: u16, b: u16): bool { a != b }

public fun shl_u16(a: u16, b: u8): u16 { a << b }

public fun shr_u16(a: u16, b: u8): u16 { a >> b }

public fun u16_as_u8(a: u16): u8 { a as u8 }

public fun u16_as_u32(a: u16): u32 { a as u32 }

public fun u16_as_u64(a: u16): u64 { a as u64 }

public fun u16_as_u128(a: u16): u128 { a as u128 }

public fun u16_as_u256(a: u16): u256 { a as u256 }

public fun add_u32(a: u32, b: u32): u32 { a + b }

public fun sub_u32(a: u32, b: u32): u32 { a - b }

public fun mul_u32(a: u32, b: u32): u32 { a * b }

public fun div_u32(a: u32, b: u32): u32 { a / b }

public fun mod_u32(a: u32, b: u32): u32 { a % b }

public fun bit_or_u32(a: u32, b: u32): u32 { a | b }

public fun bit_and_u32(a: u32, b: u32): u32 { a & b }

public fun xor_u32(a: u32, b: u32): u32 { a ^ b }

public fun lt_u32(a: u32, b: u32): bool { a < b }

public fun gt_u32(a: u32, b: u32): bool { a > b }

public fun le_u32(a: u32, b: u32): bool { a <= b }

public fun ge_u32(a: u32, b: u32): bool { a >= b }

public fun eq_u32(a: u32, b: u32): bool { a == b }

public fun neq_u32(a: u32, b: u32): bool { a != b }

public fun shl_u32(a: u32, b: u8): u32 { a << b }

public fun shr_u32(a: u32, b: u8): u32 { a >> b }

public fun u32_as_u8(a: u32): u8 { a as u8 }

public fun u32_as_u16(a: u32): u16 { a as u16 }

public fun u32_as_u64(a: u32): u64 { a as u64 }

public fun u32_as_u128(a: u32): u128 { a as u128 }

public fun u32_as_u256(a: u32): u256 { a as u256 }

public fun add_u64(a: u64, b: u64): u64 { a + b }

public fun sub_u64(a: u64, b: u64): u64 { a - b }

public fun mul_u64(a: u64, b: u64): u64 { a * b }

public fun div_u64(a: u64, b: u64): u64 { a / b }

public fun mod_u64(a: u64, b: u64): u64 { a % b }

public fun bit_or_u64(a: u64, b: u64): u64 { a | b }

public fun bit_and_u64(a: u64, b: u64): u64 { a & b }

public fun xor_u64(a: u64, b: u64): u64 { a ^ b }

public fun lt_u64(a: u64, b: u64): bool { a < b }

public fun gt_u64(a: u64, b: u64): bool { a > b }

public fun le_u64(a: u64, b: u64): bool { a <= b }

public fun ge_u64(a: u64, b: u64): bool { a >= b }

public fun eq_u64(a: u64, b: u64): bool { a == b }

public fun neq_u64(a: u64, b: u64): bool { a != b }

public fun shl_u64(a: u64, b: u8): u64 { a << b }

public fun shr_u64(a: u64, b: u8): u64 { a >> b }

public fun u64_as_u8(a: u64): u8 { a as u8 }

public fun u64_as_u16(a: u64): u16 { a as u16 }

public fun u64_as_u32(a: u64): u32 { a as u32 }

public fun u64_as_u128(a: u64): u128 { a as u128 }

public fun u64_as_u256(a: u64): u256 { a as u256 }

public fun add_u128(a: u128, b: u128): u128 { a + b }

public fun sub_u128(a: u128, b: u128): u128 { a - b }

public fun mul_u128(a: u128, b: u128): u128 { a * b }

public fun div_u128(a: u128, b: u128): u128 { a / b }

public fun mod_u128(a: u128, b: u128): u128 { a % b }

public fun bit_or_u128(a: u128, b: u128): u128 { a | b }

public fun bit_and_u128(a: u128, b: u128): u128 { a & b }

public fun xor_u128(a: u128, b: u128): u128 { a ^ b }

public fun lt_u128(a: u128, b: u128): bool { a < b }

public fun gt_u128(a: u128, b: u128): bool { a > b }

public fun le_u128(a: u128, b: u128): bool { a <= b }

public fun ge_u128(a: u128, b: u128): bool { a >= b }

public fun eq_u128(a: u128, b: u128): bool { a == b }

public fun neq_u128(a: u128, b: u128): bool { a != b }

public fun shl_u128(a: u128, b: u8): u128 { a << b }

public fun shr_u128(a: u128, b: u8): u128 { a >> b }

public fun u128_as_u8(a: u128): u8 { a as u8 }

public fun u128_as_u16(a: u128): u16 { a as u16 }

public fun u128_as_u32(a: u128): u32 { a as u32 }

public fun u128_as_u64(a: u128): u64 { a as u64 }

public fun u128_as_u256(a: u128): u256 { a as u256 }

public fun add_u256(a: u256, b: u256): u256 { a + b }

public fun sub_u256(a: u256, b: u256): u256 { a - b }

public fun mul_u256(a: u256, b: u256): u256 { a * b }

public fun div_u256(a: u256, b: u256): u256 { a / b }

public fun mod_u256(a: u256, b: u256): u256 { a % b }

public fun bit_or_u256(a: u256, b: u256): u256 { a | b }

public fun bit_and_u256(a: u256, b: u256): u256 { a & b }

public fun xor_u256(a: u256, b: u256): u256 { a ^ b }

public fun lt_u256(a: u256, b: u256): bool { a < b }

public fun gt_u256(a: u256, b: u256): bool { a > b }

public fun le_u256(a: u256, b: u256): bool { a <= b }

public fun ge_u256(a: u256, b: u256): bool { a >= b }

public fun eq_u256(a: u256, b: u256): bool { a == b }

public fun neq_u256(a: u256, b: u256): bool { a != b }

public fun shl_u256(a: u256, b: u8): u256 { a << b }

public fun shr_u256(a: u256, b: u8): u256 { a >> b }

public fun u256_as_u8(a: u256): u8 { a as u8 }

public fun u256_as_u16(a: u256): u16 { a as u16 }

public fun u256_as_u32(a: u256): u32 { a as u32 }

public fun u256_as_u64(a: u256): u64 { a as u64 }

public fun u256_as_u128(a: u256): u128 { a as u128 }

public fun logic(a: bool, b: bool): (bool, bool, bool) { (a && b, a || b, !a) }

public fun literals(): (u8, u16, u32, u64, u128, u256, bool, bool, address) {
    (
        200u8,
        60_000u16,
        4_000_000_000u32,
        18_000_000_000_000_000_000u64,
        1u128 << 127,
        0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffu256,
        true,
        false,
        @0xbeef,
    )
}
