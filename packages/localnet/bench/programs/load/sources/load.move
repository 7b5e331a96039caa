/// Work for the VM alone: arithmetic, vectors, structs, references and calls, and no natives but those of vectors.
module load::load;

public struct Point has copy, drop { x: u64, y: u64 }

/// Returns something that depends on every round.
public fun work(rounds: u64): u64 {
    let mut values = vector[1u64, 2, 3, 5, 8, 13, 21, 34];
    let mut point = Point { x: 1, y: 2 };
    let mut round = 0;
    while (round < rounds) {
        let at = round % 8;
        let value = mix(*values.borrow(at), round);
        *values.borrow_mut(at) = value;
        move_by(&mut point, value, round & 0xff);
        if (point.x > 1_000_000) point = Point { x: point.y % 1_000, y: point.x % 1_000 };
        round = round + 1;
    };
    point.x + point.y
}

fun mix(left: u64, right: u64): u64 { ((left ^ (right << 3)) * 31 + right) % 1_000_003 }

fun move_by(point: &mut Point, x: u64, y: u64) {
    point.x = point.x + x;
    point.y = (point.y + y) % 65_536
}
