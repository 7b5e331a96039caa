/// Arithmetic and loops over any unsigned integer type, as macros that the integer modules expand.
module std::macros;

/// The larger of two numbers.
public macro fun num_max($x: _, $y: _): _ {
    let x = $x;
    let y = $y;
    if (x < y) y else x
}

/// The smaller of two numbers.
public macro fun num_min($x: _, $y: _): _ {
    let x = $x;
    let y = $y;
    if (y < x) y else x
}

/// The distance between two numbers.
public macro fun num_diff($x: _, $y: _): _ {
    let x = $x;
    let y = $y;
    if (x < y) y - x else x - y
}

/// `$x / $y`, rounded towards the larger number when there is a remainder.
public macro fun num_divide_and_round_up($x: _, $y: _): _ {
    let x = $x;
    let y = $y;
    let quotient = x / y;
    if (x % y == 0) quotient else quotient + 1
}

/// `$base` to the power of `$exponent`, by squaring from the least significant bit of the exponent.
public macro fun num_pow($base: _, $exponent: u8): _ {
    let mut square = $base;
    let mut left = $exponent;
    let mut product = 1;
    while (left > 0) {
        if (left % 2 == 1) product = product * square;
        left = left / 2;
        // The last square would not be used, and could overflow.
        if (left > 0) square = square * square;
    };
    product
}

/// The integer part of the square root of `$x`, a number of `$bitsize` bits: digit by digit in base four, computed in
/// type `$U`.
public macro fun num_sqrt<$T, $U>($x: $T, $bitsize: u8): $T {
    let mut rest = $x as $U;
    let mut root = (0: $U);
    let mut digit = (1: $U) << ($bitsize - 2);
    while (digit > rest) digit = digit >> 2;
    while (digit != 0) {
        if (rest >= root + digit) {
            rest = rest - (root + digit);
            root = (root >> 1) + digit;
        } else {
            root = root >> 1;
        };
        digit = digit >> 2;
    };
    root as $T
}

/// Calls `$f` with each number from `$start` up to, without, `$stop`.
public macro fun range_do($start: _, $stop: _, $f: |_|) {
    let mut i = $start;
    let stop = $stop;
    while (i < stop) {
        $f(i);
        i = i + 1;
    }
}

/// Calls `$f` with each number from `$start` up to and with `$stop`, also when that is the largest of its type.
public macro fun range_do_eq($start: _, $stop: _, $f: |_|) {
    let mut i = $start;
    let stop = $stop;
    if (i <= stop) {
        loop {
            $f(i);
            if (i == stop) break;
            i = i + 1;
        }
    }
}

/// Calls `$f` with each number from 0 up to, without, `$stop`.
public macro fun do($stop: _, $f: |_|) { range_do!(0, $stop, $f) }

/// Calls `$f` with each number from 0 up to and with `$stop`.
public macro fun do_eq($stop: _, $f: |_|) { range_do_eq!(0, $stop, $f) }
