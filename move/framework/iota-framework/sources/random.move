/// Numbers that nobody can foresee. Take `&Random` in an `entry` function that is not `public`, so that no other code
/// can look at the outcome and abort.
module iota::random;

use iota::hmac::hmac_sha3_256;
use iota::versioned::{Self, Versioned};
use std::bcs;

/// Only the network may do that.
const ENotSystemAddress: u64 = 0;
/// The state is of a version that this module does not know.
const EWrongInnerVersion: u64 = 1;
/// The round does not follow the last one.
const EInvalidRandomnessUpdate: u64 = 2;
/// The smallest number is larger than the largest.
const EInvalidRange: u64 = 3;
/// The vector is longer than 65,535.
const EInvalidLength: u64 = 4;

const CURRENT_VERSION: u64 = 1;
/// Bytes of one block.
const RAND_OUTPUT_LEN: u16 = 32;
const U16_MAX: u64 = 0xFFFF;

/// What the network agreed on last; the one shared object `0x8`.
public struct Random has key {
    id: UID,
    inner: Versioned,
}

public struct RandomInner has store {
    version: u64,
    epoch: u64,
    randomness_round: u64,
    random_bytes: vector<u8>,
}

#[allow(unused_function)]
/// Makes the object; genesis calls it.
fun create(ctx: &mut TxContext) {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    let inner = RandomInner {
        version: CURRENT_VERSION,
        epoch: ctx.epoch(),
        randomness_round: 0,
        random_bytes: vector[],
    };
    transfer::share_object(Random {
        id: object::randomness_state(),
        inner: versioned::create(CURRENT_VERSION, inner, ctx),
    })
}

fun load_inner_mut(self: &mut Random): &mut RandomInner {
    assert!(self.inner.version() == CURRENT_VERSION, EWrongInnerVersion);
    let inner: &mut RandomInner = self.inner.load_value_mut();
    assert!(inner.version == CURRENT_VERSION, EWrongInnerVersion);
    inner
}

fun load_inner(self: &Random): &RandomInner {
    assert!(self.inner.version() == CURRENT_VERSION, EWrongInnerVersion);
    let inner: &RandomInner = self.inner.load_value();
    assert!(inner.version == CURRENT_VERSION, EWrongInnerVersion);
    inner
}

#[allow(unused_function)]
/// Sets the bytes of a round; the network calls it. Rounds begin with 0 in each epoch and go up by one.
fun update_randomness_state(self: &mut Random, new_round: u64, new_bytes: vector<u8>, ctx: &TxContext) {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    let epoch = ctx.epoch();
    let inner = self.load_inner_mut();
    let is_first = inner.epoch == 0 && inner.randomness_round == 0 && inner.random_bytes.is_empty();
    let follows = if (is_first) {
        new_round == 0
    } else {
        new_round == inner.randomness_round + 1 || (new_round == 0 && epoch > inner.epoch)
    };
    assert!(follows, EInvalidRandomnessUpdate);
    inner.epoch = epoch;
    inner.randomness_round = new_round;
    inner.random_bytes = new_bytes;
}

/// Makes numbers out of a seed of its own: blocks of HMAC-SHA3-256 over a counter. What is left of a block stays in
/// the buffer, of which the last byte goes first.
public struct RandomGenerator has drop {
    seed: vector<u8>,
    counter: u16,
    buffer: vector<u8>,
}

/// Makes a generator, different from all others.
public fun new_generator(r: &Random, ctx: &mut TxContext): RandomGenerator {
    let seed = hmac_sha3_256(&r.load_inner().random_bytes, &ctx.fresh_object_address().to_bytes());
    RandomGenerator { seed, counter: 0, buffer: vector[] }
}

fun derive_next_block(g: &mut RandomGenerator): vector<u8> {
    g.counter = g.counter + 1;
    hmac_sha3_256(&g.seed, &bcs::to_bytes(&g.counter))
}

fun fill_buffer(g: &mut RandomGenerator) {
    let block = g.derive_next_block();
    g.buffer.append(block)
}

/// Returns `num_of_bytes` bytes: whole blocks as they are, the rest from the buffer.
public fun generate_bytes(g: &mut RandomGenerator, num_of_bytes: u16): vector<u8> {
    let mut bytes = vector[];
    (num_of_bytes / RAND_OUTPUT_LEN).do!(|_| bytes.append(g.derive_next_block()));
    let rest = (num_of_bytes % RAND_OUTPUT_LEN) as u64;
    if (g.buffer.length() < rest) g.fill_buffer();
    rest.do!(|_| bytes.push_back(g.buffer.pop_back()));
    bytes
}

/// A number of so many bytes from the buffer, most significant first.
fun u256_from_bytes(g: &mut RandomGenerator, num_of_bytes: u8): u256 {
    if (g.buffer.length() < num_of_bytes as u64) g.fill_buffer();
    let mut number = 0u256;
    num_of_bytes.do!(|_| number = (number << 8) | (g.buffer.pop_back() as u256));
    number
}

/// Returns a `u256`.
public fun generate_u256(g: &mut RandomGenerator): u256 { g.u256_from_bytes(32) }

/// Returns a `u128`.
public fun generate_u128(g: &mut RandomGenerator): u128 { g.u256_from_bytes(16) as u128 }

/// Returns a `u64`.
public fun generate_u64(g: &mut RandomGenerator): u64 { g.u256_from_bytes(8) as u64 }

/// Returns a `u32`.
public fun generate_u32(g: &mut RandomGenerator): u32 { g.u256_from_bytes(4) as u32 }

/// Returns a `u16`.
public fun generate_u16(g: &mut RandomGenerator): u16 { g.u256_from_bytes(2) as u16 }

/// Returns a `u8`.
public fun generate_u8(g: &mut RandomGenerator): u8 { g.u256_from_bytes(1) as u8 }

/// Returns true or false.
public fun generate_bool(g: &mut RandomGenerator): bool { g.u256_from_bytes(1) & 1 == 1 }

/// A number from `min` to `max`: the remainder of one of so many bytes, 8 more than the type has, which makes the
/// smaller ones more likely by less than 2^-64.
fun u128_in_range(g: &mut RandomGenerator, min: u128, max: u128, num_of_bytes: u8): u128 {
    assert!(min <= max, EInvalidRange);
    if (min == max) return min;
    let count = ((max - min) as u256) + 1;
    min + ((g.u256_from_bytes(num_of_bytes) % count) as u128)
}

/// Returns a number from `min` to `max`. Aborts with `EInvalidRange`.
public fun generate_u128_in_range(g: &mut RandomGenerator, min: u128, max: u128): u128 {
    g.u128_in_range(min, max, 24)
}

/// Returns a number from `min` to `max`. Aborts with `EInvalidRange`.
public fun generate_u64_in_range(g: &mut RandomGenerator, min: u64, max: u64): u64 {
    g.u128_in_range(min as u128, max as u128, 16) as u64
}

/// Returns a number from `min` to `max`. Aborts with `EInvalidRange`.
public fun generate_u32_in_range(g: &mut RandomGenerator, min: u32, max: u32): u32 {
    g.u128_in_range(min as u128, max as u128, 12) as u32
}

/// Returns a number from `min` to `max`. Aborts with `EInvalidRange`.
public fun generate_u16_in_range(g: &mut RandomGenerator, min: u16, max: u16): u16 {
    g.u128_in_range(min as u128, max as u128, 10) as u16
}

/// Returns a number from `min` to `max`. Aborts with `EInvalidRange`.
public fun generate_u8_in_range(g: &mut RandomGenerator, min: u8, max: u8): u8 {
    g.u128_in_range(min as u128, max as u128, 9) as u8
}

/// Puts the elements in an order by chance, each equally likely (Fisher and Yates). Aborts with `EInvalidLength`.
public fun shuffle<T>(g: &mut RandomGenerator, v: &mut vector<T>) {
    let length = v.length();
    if (length == 0) return;
    assert!(length <= U16_MAX, EInvalidLength);
    let last = (length - 1) as u16;
    last.do!(|at| v.swap(at as u64, g.generate_u16_in_range(at, last) as u64))
}

#[test_only]
/// Makes the object in a test.
public fun create_for_testing(ctx: &mut TxContext) { create(ctx) }

#[test_only]
/// Sets the bytes of a round in a test.
public fun update_randomness_state_for_testing(self: &mut Random, new_round: u64, new_bytes: vector<u8>, ctx: &TxContext) {
    self.update_randomness_state(new_round, new_bytes, ctx)
}

#[test_only]
/// Borrows the seed.
public fun generator_seed(r: &RandomGenerator): &vector<u8> { &r.seed }

#[test_only]
/// Returns how many blocks were made.
public fun generator_counter(r: &RandomGenerator): u16 { r.counter }

#[test_only]
/// Borrows what is left of blocks.
public fun generator_buffer(r: &RandomGenerator): &vector<u8> { &r.buffer }

#[test_only]
/// Makes a generator of a seed by chance.
public fun new_generator_for_testing(): RandomGenerator {
    new_generator_from_seed_for_testing(generate_rand_seed_for_testing())
}

#[test_only]
/// Makes the generator of a seed.
public fun new_generator_from_seed_for_testing(seed: vector<u8>): RandomGenerator {
    RandomGenerator { seed, counter: 0, buffer: vector[] }
}

#[test_only]
native fun generate_rand_seed_for_testing(): vector<u8>;
