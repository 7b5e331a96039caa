/// Amounts of a currency that are objects, and the caps and texts of currencies.
module iota::coin;

use iota::balance::{Self, Balance, Supply};
use iota::url::{Self, Url};
use std::{ascii, string};

public use fun iota::pay::split_vec as Coin.split_vec;
public use fun iota::pay::join_vec as Coin.join_vec;
public use fun iota::pay::split_and_transfer as Coin.split_and_transfer;
public use fun iota::pay::divide_and_keep as Coin.divide_and_keep;

/// The type is not a one-time witness.
const EBadWitness: u64 = 0;
/// The argument makes no sense.
const EInvalidArg: u64 = 1;
/// There is less than that.
const ENotEnough: u64 = 2;

/// An amount of currency `T`.
public struct Coin<phantom T> has key, store {
    id: UID,
    balance: Balance<T>,
}

/// What wallets show of currency `T`: an amount is shown divided by ten to the power of `decimals`.
public struct CoinMetadata<phantom T> has key, store {
    id: UID,
    decimals: u8,
    name: string::String,
    symbol: ascii::String,
    description: string::String,
    icon_url: Option<Url>,
}

/// Lets its holder make and unmake currency `T`.
public struct TreasuryCap<phantom T> has key, store {
    id: UID,
    total_supply: Supply<T>,
}

/// Returns how much exists.
public fun total_supply<T>(cap: &TreasuryCap<T>): u64 { cap.total_supply.supply_value() }

/// Unpacks the cap into the supply.
public fun treasury_into_supply<T>(treasury: TreasuryCap<T>): Supply<T> {
    let TreasuryCap { id, total_supply } = treasury;
    id.delete();
    total_supply
}

/// Borrows the supply.
public fun supply_immut<T>(treasury: &TreasuryCap<T>): &Supply<T> { &treasury.total_supply }

/// Borrows the supply for writing.
public fun supply_mut<T>(treasury: &mut TreasuryCap<T>): &mut Supply<T> { &mut treasury.total_supply }

/// Returns the amount.
public fun value<T>(self: &Coin<T>): u64 { self.balance.value() }

/// Borrows the amount.
public fun balance<T>(coin: &Coin<T>): &Balance<T> { &coin.balance }

/// Borrows the amount for writing.
public fun balance_mut<T>(coin: &mut Coin<T>): &mut Balance<T> { &mut coin.balance }

/// Makes a coin of an amount.
public fun from_balance<T>(balance: Balance<T>, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance }
}

/// Unpacks a coin into its amount.
public fun into_balance<T>(coin: Coin<T>): Balance<T> {
    let Coin { id, balance } = coin;
    id.delete();
    balance
}

/// Takes a coin off an amount. Aborts in `iota::balance` when there is less.
public fun take<T>(balance: &mut Balance<T>, value: u64, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance: balance.split(value) }
}

/// Adds a coin to an amount.
public fun put<T>(balance: &mut Balance<T>, coin: Coin<T>) { balance.join(coin.into_balance()); }

/// Adds coin `c` to another.
public entry fun join<T>(self: &mut Coin<T>, c: Coin<T>) { self.balance.join(c.into_balance()); }

/// Takes a coin off another. Aborts in `iota::balance` when there is less.
public fun split<T>(self: &mut Coin<T>, split_amount: u64, ctx: &mut TxContext): Coin<T> {
    take(&mut self.balance, split_amount, ctx)
}

/// Takes `n - 1` equal coins off, leaving one share and the remainder.
/// Aborts with `EInvalidArg` when `n` is zero, `ENotEnough` when it is more than the amount.
public fun divide_into_n<T>(self: &mut Coin<T>, n: u64, ctx: &mut TxContext): vector<Coin<T>> {
    assert!(n > 0, EInvalidArg);
    assert!(n <= self.value(), ENotEnough);
    let share = self.value() / n;
    vector::tabulate!(n - 1, |_| self.split(share, ctx))
}

/// Makes a coin of zero.
public fun zero<T>(ctx: &mut TxContext): Coin<T> { from_balance(balance::zero(), ctx) }

/// Consumes a coin of zero. Aborts in `iota::balance` for another amount.
public fun destroy_zero<T>(c: Coin<T>) { c.into_balance().destroy_zero() }

/// Begins currency `T`, for the publisher of its one-time witness.
/// Aborts with `EBadWitness` when `T` is not one.
public fun create_currency<T: drop>(
    witness: T,
    decimals: u8,
    symbol: vector<u8>,
    name: vector<u8>,
    description: vector<u8>,
    icon_url: Option<Url>,
    ctx: &mut TxContext,
): (TreasuryCap<T>, CoinMetadata<T>) {
    assert!(iota::types::is_one_time_witness(&witness), EBadWitness);
    let supply = balance::create_supply(witness);
    create_currency_of_supply(supply, decimals, symbol, name, description, icon_url, ctx)
}

/// Begins the currency of a supply; the chain's own has no witness to show.
public(package) fun create_currency_of_supply<T>(
    total_supply: Supply<T>,
    decimals: u8,
    symbol: vector<u8>,
    name: vector<u8>,
    description: vector<u8>,
    icon_url: Option<Url>,
    ctx: &mut TxContext,
): (TreasuryCap<T>, CoinMetadata<T>) {
    (
        TreasuryCap { id: object::new(ctx), total_supply },
        CoinMetadata {
            id: object::new(ctx),
            decimals,
            name: name.to_string(),
            symbol: symbol.to_ascii_string(),
            description: description.to_string(),
            icon_url,
        },
    )
}

/// Makes a coin. Aborts in `iota::balance` when more would exist than fits.
public fun mint<T>(cap: &mut TreasuryCap<T>, value: u64, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance: cap.total_supply.increase_supply(value) }
}

/// Makes an amount. Aborts in `iota::balance` when more would exist than fits.
public fun mint_balance<T>(cap: &mut TreasuryCap<T>, value: u64): Balance<T> {
    cap.total_supply.increase_supply(value)
}

/// Unmakes a coin and returns its amount.
public entry fun burn<T>(cap: &mut TreasuryCap<T>, c: Coin<T>): u64 {
    cap.total_supply.decrease_supply(c.into_balance())
}

/// Makes a coin and gives it to an address.
public entry fun mint_and_transfer<T>(c: &mut TreasuryCap<T>, amount: u64, recipient: address, ctx: &mut TxContext) {
    transfer::public_transfer(c.mint(amount, ctx), recipient)
}

/// Replaces the name.
public entry fun update_name<T>(_treasury: &TreasuryCap<T>, metadata: &mut CoinMetadata<T>, name: string::String) {
    metadata.name = name
}

/// Replaces the symbol.
public entry fun update_symbol<T>(_treasury: &TreasuryCap<T>, metadata: &mut CoinMetadata<T>, symbol: ascii::String) {
    metadata.symbol = symbol
}

/// Replaces the description.
public entry fun update_description<T>(
    _treasury: &TreasuryCap<T>,
    metadata: &mut CoinMetadata<T>,
    description: string::String,
) {
    metadata.description = description
}

/// Replaces the icon.
public entry fun update_icon_url<T>(_treasury: &TreasuryCap<T>, metadata: &mut CoinMetadata<T>, url: ascii::String) {
    metadata.icon_url = option::some(url::new_unsafe(url))
}

/// Returns the decimals.
public fun get_decimals<T>(metadata: &CoinMetadata<T>): u8 { metadata.decimals }

/// Returns the name.
public fun get_name<T>(metadata: &CoinMetadata<T>): string::String { metadata.name }

/// Returns the symbol.
public fun get_symbol<T>(metadata: &CoinMetadata<T>): ascii::String { metadata.symbol }

/// Returns the description.
public fun get_description<T>(metadata: &CoinMetadata<T>): string::String { metadata.description }

/// Returns the icon.
public fun get_icon_url<T>(metadata: &CoinMetadata<T>): Option<Url> { metadata.icon_url }

#[test_only]
/// Makes a coin of nothing.
public fun mint_for_testing<T>(value: u64, ctx: &mut TxContext): Coin<T> {
    from_balance(balance::create_for_testing(value), ctx)
}

#[test_only]
/// Consumes a coin and returns its amount.
public fun burn_for_testing<T>(coin: Coin<T>): u64 { coin.into_balance().destroy_for_testing() }

#[test_only]
/// Begins a currency without its witness.
public fun create_treasury_cap_for_testing<T>(ctx: &mut TxContext): TreasuryCap<T> {
    TreasuryCap { id: object::new(ctx), total_supply: balance::create_supply_for_testing() }
}
