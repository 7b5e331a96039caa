/// A module with a one-time witness, which its `init` takes.
module programs::witness;

use iota::types;

public struct WITNESS has drop {}

public fun is_witness<T: drop>(witness: T): bool { types::is_one_time_witness(&witness) }

fun init(witness: WITNESS, _ctx: &mut TxContext) {
    assert!(is_witness(witness));
    assert!(!is_witness(1u8));
}
