/// The time.
module iota::clock;

/// The sender is not the system address.
const ENotSystemAddress: u64 = 0;

/// The one clock, shared at `0x6`; transactions may only read it.
public struct Clock has key {
    id: UID,
    timestamp_ms: u64,
}

/// Returns the time of the current commit, in milliseconds since the Unix epoch.
public fun timestamp_ms(clock: &Clock): u64 { clock.timestamp_ms }

#[allow(unused_function)]
/// Shares the clock; genesis calls it.
fun create(ctx: &TxContext) {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    transfer::share_object(Clock { id: object::clock(), timestamp_ms: 0 })
}

#[allow(unused_function)]
/// Sets the clock; the network calls it at each commit.
fun consensus_commit_prologue(clock: &mut Clock, timestamp_ms: u64, ctx: &TxContext) {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    clock.timestamp_ms = timestamp_ms
}

#[test_only]
/// Makes a clock that stands at zero.
public fun create_for_testing(ctx: &mut TxContext): Clock { Clock { id: object::new(ctx), timestamp_ms: 0 } }

#[test_only]
/// Shares a clock.
public fun share_for_testing(clock: Clock) { transfer::share_object(clock) }

#[test_only]
/// Moves a clock forward.
public fun increment_for_testing(clock: &mut Clock, tick: u64) { clock.timestamp_ms = clock.timestamp_ms + tick }

#[test_only]
/// Sets a clock, never back.
public fun set_for_testing(clock: &mut Clock, timestamp_ms: u64) {
    assert!(timestamp_ms >= clock.timestamp_ms);
    clock.timestamp_ms = timestamp_ms
}

#[test_only]
/// Consumes a clock.
public fun destroy_for_testing(clock: Clock) {
    let Clock { id, timestamp_ms: _ } = clock;
    id.delete()
}
