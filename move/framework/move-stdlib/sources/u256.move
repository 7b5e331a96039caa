/// Functions of the `u256` type; each can be called with method syntax.
#[defines_primitive(u256)]
module std::u256;

/// The larger of two numbers.
public fun max(x: u256, y: u256): u256 { std::macros::num_max!(x, y) }

/// The smaller of two numbers.
public fun min(x: u256, y: u256): u256 { std::macros::num_min!(x, y) }

/// The distance between two numbers.
public fun diff(x: u256, y: u256): u256 { std::macros::num_diff!(x, y) }

/// `x / y`, rounded up. Division by zero is an arithmetic error.
public fun divide_and_round_up(x: u256, y: u256): u256 { std::macros::num_divide_and_round_up!(x, y) }

/// `base` to the power of `exponent`. Overflow is an arithmetic error.
public fun pow(base: u256, exponent: u8): u256 { std::macros::num_pow!(base, exponent) }

/// Calls `$f` with each number from `$start` up to, without, `$stop`.
public macro fun range_do($start: u256, $stop: u256, $f: |u256|) { std::macros::range_do!($start, $stop, $f) }

/// Calls `$f` with each number from `$start` up to and with `$stop`.
public macro fun range_do_eq($start: u256, $stop: u256, $f: |u256|) { std::macros::range_do_eq!($start, $stop, $f) }

/// Calls `$f` with each number from zero up to, without, `$stop`.
public macro fun do($stop: u256, $f: |u256|) { std::macros::do!($stop, $f) }

/// Calls `$f` with each number from zero up to and with `$stop`.
public macro fun do_eq($stop: u256, $f: |u256|) { std::macros::do_eq!($stop, $f) }
