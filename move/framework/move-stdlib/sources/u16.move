/// Functions of the `u16` type; each can be called with method syntax.
#[defines_primitive(u16)]
module std::u16;

/// The larger of two numbers.
public fun max(x: u16, y: u16): u16 { std::macros::num_max!(x, y) }

/// The smaller of two numbers.
public fun min(x: u16, y: u16): u16 { std::macros::num_min!(x, y) }

/// The distance between two numbers.
public fun diff(x: u16, y: u16): u16 { std::macros::num_diff!(x, y) }

/// `x / y`, rounded up. Division by zero is an arithmetic error.
public fun divide_and_round_up(x: u16, y: u16): u16 { std::macros::num_divide_and_round_up!(x, y) }

/// `base` to the power of `exponent`. Overflow is an arithmetic error.
public fun pow(base: u16, exponent: u8): u16 { std::macros::num_pow!(base, exponent) }

/// The integer part of the square root.
public fun sqrt(x: u16): u16 { std::macros::num_sqrt!<u16, u32>(x, 16) }

/// Calls `$f` with each number from `$start` up to, without, `$stop`.
public macro fun range_do($start: u16, $stop: u16, $f: |u16|) { std::macros::range_do!($start, $stop, $f) }

/// Calls `$f` with each number from `$start` up to and with `$stop`.
public macro fun range_do_eq($start: u16, $stop: u16, $f: |u16|) { std::macros::range_do_eq!($start, $stop, $f) }

/// Calls `$f` with each number from zero up to, without, `$stop`.
public macro fun do($stop: u16, $f: |u16|) { std::macros::do!($stop, $f) }

/// Calls `$f` with each number from zero up to and with `$stop`.
public macro fun do_eq($stop: u16, $f: |u16|) { std::macros::do_eq!($stop, $f) }
