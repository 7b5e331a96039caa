/// The chain's own currency, in NANOS: a thousand million of them are one IOTA.
module iota::iota;

use iota::balance::{Self, Balance};
use iota::coin::{Self, Coin, TreasuryCap};
use iota::url;

/// The supply was made already.
const EAlreadyMinted: u64 = 0;
/// The sender is not the system address.
const ENotSystemAddress: u64 = 1;

/// The type of the currency. A network's own package makes a value of it at genesis; the compiler would refuse
/// that here, so `new` goes without one.
public struct IOTA has drop {}

/// Lets the system make and unmake IOTA.
public struct IotaTreasuryCap has store {
    inner: TreasuryCap<IOTA>,
}

#[allow(unused_function)]
/// Begins the currency and freezes its metadata; genesis calls it.
/// Aborts with `ENotSystemAddress` or, after the first epoch, `EAlreadyMinted`.
fun new(ctx: &mut TxContext): IotaTreasuryCap {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    assert!(ctx.epoch() == 0, EAlreadyMinted);
    let (inner, metadata) = coin::create_currency_of_supply(
        balance::create_system_supply(),
        9,
        b"IOTA",
        b"IOTA",
        b"The main (gas)token of the IOTA Network.",
        option::some(url::new_unsafe_from_bytes(b"https://iota.org/logo.png")),
        ctx,
    );
    transfer::public_freeze_object(metadata);
    IotaTreasuryCap { inner }
}

/// Gives a coin to an address.
public entry fun transfer(c: Coin<IOTA>, recipient: address) { transfer::public_transfer(c, recipient) }

/// Makes a coin. Aborts with `ENotSystemAddress`.
public fun mint(cap: &mut IotaTreasuryCap, value: u64, ctx: &mut TxContext): Coin<IOTA> {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    cap.inner.mint(value, ctx)
}

/// Makes an amount. Aborts with `ENotSystemAddress`.
public fun mint_balance(cap: &mut IotaTreasuryCap, value: u64, ctx: &TxContext): Balance<IOTA> {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    cap.inner.mint_balance(value)
}

/// Unmakes a coin and returns its amount. Aborts with `ENotSystemAddress`.
public fun burn(cap: &mut IotaTreasuryCap, c: Coin<IOTA>, ctx: &TxContext): u64 {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    cap.inner.burn(c)
}

/// Unmakes an amount and returns it. Aborts with `ENotSystemAddress`.
public fun burn_balance(cap: &mut IotaTreasuryCap, b: Balance<IOTA>, ctx: &TxContext): u64 {
    assert!(ctx.sender() == @0x0, ENotSystemAddress);
    cap.inner.supply_mut().decrease_supply(b)
}

/// Returns how much exists.
public fun total_supply(cap: &IotaTreasuryCap): u64 { cap.inner.total_supply() }

#[test_only]
/// Makes the treasury cap as genesis does.
public fun create_for_testing(ctx: &mut TxContext): IotaTreasuryCap { new(ctx) }
