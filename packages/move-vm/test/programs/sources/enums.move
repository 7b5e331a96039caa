/// Enums: every way to make, take apart and look into one.
module programs::enums;

public enum Shape has copy, drop, store {
    Empty,
    Circle { radius: u64 },
    Rectangle(u64, u64),
    Named { name: vector<u8>, inner: vector<u16> },
}

public enum Either<L, R> has copy, drop, store {
    Left(L),
    Right(R),
    Both { left: L, right: R },
}

public struct Box has copy, drop, store { shape: Shape, pair: Either<u8, vector<u8>> }

public fun empty(): Shape { Shape::Empty }

public fun circle(radius: u64): Shape { Shape::Circle { radius } }

public fun rectangle(a: u64, b: u64): Shape { Shape::Rectangle(a, b) }

public fun named(): Shape { Shape::Named { name: b"n", inner: vector[1, 2] } }

public fun area(shape: &Shape): u64 {
    match (shape) {
        Shape::Empty => 0,
        Shape::Circle { radius } => 3 * *radius * *radius,
        Shape::Rectangle(a, b) => *a * *b,
        Shape::Named { name, inner } => name.length() + inner.length(),
    }
}

public fun take(shape: Shape): u64 {
    match (shape) {
        Shape::Empty => 1,
        Shape::Circle { radius } => radius,
        Shape::Rectangle(a, b) => a - b,
        Shape::Named { name: _, inner } => inner[0] as u64,
    }
}

public fun grow(shape: &mut Shape) {
    match (shape) {
        Shape::Empty => (),
        Shape::Circle { radius } => *radius = *radius * 2,
        Shape::Rectangle(a, b) => {
            *a = *a + 1;
            *b = *b + 2;
        },
        Shape::Named { name, inner } => {
            name.push_back(33);
            inner.push_back(3);
        },
    }
}

public fun grown(which: u8): Shape {
    let mut shape = match (which) {
        0 => empty(),
        1 => circle(5),
        2 => rectangle(6, 7),
        _ => named(),
    };
    grow(&mut shape);
    shape
}

/// Another variant takes the place of the old one.
public fun replaced(): (u64, Box) {
    let mut box = Box { shape: circle(2), pair: left(1) };
    let before = area(&box.shape);
    box.shape = rectangle(8, 2);
    *&mut box.pair = Either::Right(b"r");
    (before, box)
}

public fun left<L, R>(value: L): Either<L, R> { Either::Left(value) }

public fun both<L, R>(left: L, right: R): Either<L, R> { Either::Both { left, right } }

public fun left_or<L: drop, R: drop>(either: Either<L, R>, otherwise: L): L {
    match (either) {
        Either::Left(value) => value,
        Either::Right(_) => otherwise,
        Either::Both { left, right: _ } => left,
    }
}

public fun set_left<L: drop, R>(either: &mut Either<L, R>, value: L) {
    match (either) {
        Either::Left(old) => *old = value,
        Either::Right(_) => (),
        Either::Both { left, right: _ } => *left = value,
    }
}

public fun peek_right<L, R: copy + drop>(either: &Either<L, R>, otherwise: R): R {
    match (either) {
        Either::Right(value) => *value,
        Either::Both { left: _, right } => *right,
        _ => otherwise,
    }
}

public fun generic(): (u64, vector<u8>, Either<u64, vector<u8>>) {
    let mut either = both<u64, vector<u8>>(1, b"right");
    set_left(&mut either, 2);
    let right = peek_right(&either, b"");
    (left_or(either, 0), right, either)
}

public fun same(): (bool, bool, bool) {
    (circle(1) == circle(1), circle(1) == circle(2), empty() == rectangle(0, 0))
}
