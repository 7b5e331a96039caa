/// Rolls dice.
module dice::dice;

use iota::event;
use iota::random::Random;

public struct Rolled has copy, drop {
    eyes: vector<u8>,
    tag: vector<u8>,
}

/// Not public, as whatever uses `Random` should be.
entry fun roll(random: &Random, ctx: &mut TxContext) {
    let mut generator = random.new_generator(ctx);
    let eyes = vector::tabulate!(20, |_| generator.generate_u8_in_range(1, 6));
    event::emit(Rolled { eyes, tag: generator.generate_bytes(32) });
}
