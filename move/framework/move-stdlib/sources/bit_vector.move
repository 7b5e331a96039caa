/// Vectors of bits whose length is chosen once.
module std::bit_vector;

/// There is no such bit.
const EINDEX: u64 = 0x20000;
/// The length is zero or too large.
const ELENGTH: u64 = 0x20001;

/// Lengths are below this.
const MAX_SIZE: u64 = 1024;

/// `length` bits.
public struct BitVector has copy, drop, store {
    length: u64,
    bit_field: vector<bool>,
}

/// Makes a vector of cleared bits. Aborts with `ELENGTH`.
public fun new(length: u64): BitVector {
    assert!(length > 0, ELENGTH);
    assert!(length < MAX_SIZE, ELENGTH);
    BitVector { length, bit_field: vector::tabulate!(length, |_| false) }
}

/// Sets a bit. Aborts with `EINDEX`.
public fun set(bitvector: &mut BitVector, bit_index: u64) {
    assert!(bit_index < bitvector.bit_field.length(), EINDEX);
    *&mut bitvector.bit_field[bit_index] = true
}

/// Clears a bit. Aborts with `EINDEX`.
public fun unset(bitvector: &mut BitVector, bit_index: u64) {
    assert!(bit_index < bitvector.bit_field.length(), EINDEX);
    *&mut bitvector.bit_field[bit_index] = false
}

/// Moves each bit `amount` places towards index 0 and clears those at the end.
public fun shift_left(bitvector: &mut BitVector, amount: u64) {
    let length = bitvector.length;
    length.do!(|i| {
        // Subtracting cannot overflow where adding `amount` could.
        let bit = amount < length - i && bitvector.bit_field[i + amount];
        *&mut bitvector.bit_field[i] = bit;
    });
}

/// Returns a bit. Aborts with `EINDEX`.
public fun is_index_set(bitvector: &BitVector, bit_index: u64): bool {
    assert!(bit_index < bitvector.bit_field.length(), EINDEX);
    bitvector.bit_field[bit_index]
}

/// Returns the number of bits.
public fun length(bitvector: &BitVector): u64 { bitvector.length }

/// Returns how many set bits follow one another from `start_index` on. Aborts with `EINDEX`.
public fun longest_set_sequence_starting_at(bitvector: &BitVector, start_index: u64): u64 {
    assert!(start_index < bitvector.length, EINDEX);
    let mut end = start_index;
    while (end < bitvector.length && bitvector.bit_field[end]) end = end + 1;
    end - start_index
}
