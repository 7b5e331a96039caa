/// Functions of the `u32` type; each can be called with method syntax.
#[defines_primitive(u32)]
module std::u32;

/// The larger of two numbers.
public fun max(x: u32, y: u32): u32 { std::macros::num_max!(x, y) }

/// The smaller of two numbers.
public fun min(x: u32, y: u32): u32 { std::macros::num_min!(x, y) }

/// The distance between two numbers.
public fun diff(x: u32, y: u32): u32 { std::macros::num_diff!(x, y) }

/// `x / y`, rounded up. Division by zero is an arithmetic error.
public fun divide_and_round_up(x: u32, y: u32): u32 { std::macros::num_divide_and_round_up!(x, y) }

/// `base` to the power of `exponent`. Overflow is an arithmetic error.
public fun pow(base: u32, exponent: u8): u32 { std::macros::num_pow!(base, exponent) }

/// The integer part of the square root.
public fun sqrt(x: u32): u32 { std::macros::num_sqrt!<u32, u64>(x, 32) }

/// Calls `$f` with each number from `$start` up to, without, `$stop`.
public macro fun range_do($start: u32, $stop: u32, $f: |u32|) { std::macros::range_do!($start, $stop, $f) }

/// Calls `$f` with each number from `$start` up to and with `$stop`.
public macro fun range_do_eq($start: u32, $stop: u32, $f: |u32|) { std::macros::range_do_eq!($start, $stop, $f) }

/// Calls `$f` with each number from zero up to, without, `$stop`.
public macro fun do($stop: u32, $f: |u32|) { std::macros::do!($stop, $f) }

/// Calls `$f` with each number from zero up to and with `$stop`.
public macro fun do_eq($stop: u32, $f: |u32|) { std::macros::do_eq!($stop, $f) }
