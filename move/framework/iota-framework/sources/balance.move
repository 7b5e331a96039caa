/// Amounts of a currency that are not objects.
module iota::balance;

public use fun iota::coin::from_balance as Balance.into_coin;

/// The amount is not zero.
const ENonZero: u64 = 0;
/// The supply would leave its range.
const EOverflow: u64 = 1;
/// There is less than that.
const ENotEnough: u64 = 2;

const MAX_SUPPLY: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// How much of a currency exists; who holds it can make more.
public struct Supply<phantom T> has store {
    value: u64,
}

/// An amount of a currency.
public struct Balance<phantom T> has store {
    value: u64,
}

/// Returns the amount.
public fun value<T>(self: &Balance<T>): u64 { self.value }

/// Returns how much exists.
public fun supply_value<T>(supply: &Supply<T>): u64 { supply.value }

/// Begins a currency, for who has a value of its type.
public fun create_supply<T: drop>(_: T): Supply<T> { Supply { value: 0 } }

/// Makes an amount. Aborts with `EOverflow` when more would exist than fits.
public fun increase_supply<T>(self: &mut Supply<T>, value: u64): Balance<T> {
    assert!(value < MAX_SUPPLY - self.value, EOverflow);
    self.value = self.value + value;
    Balance { value }
}

/// Unmakes an amount and returns it. Aborts with `EOverflow` when less exists.
public fun decrease_supply<T>(self: &mut Supply<T>, balance: Balance<T>): u64 {
    let Balance { value } = balance;
    assert!(self.value >= value, EOverflow);
    self.value = self.value - value;
    value
}

/// Returns an amount of zero.
public fun zero<T>(): Balance<T> { Balance { value: 0 } }

/// Adds an amount and returns the sum.
public fun join<T>(self: &mut Balance<T>, balance: Balance<T>): u64 {
    let Balance { value } = balance;
    self.value = self.value + value;
    self.value
}

/// Takes an amount off. Aborts with `ENotEnough` when there is less.
public fun split<T>(self: &mut Balance<T>, value: u64): Balance<T> {
    assert!(self.value >= value, ENotEnough);
    self.value = self.value - value;
    Balance { value }
}

/// Takes everything off.
public fun withdraw_all<T>(self: &mut Balance<T>): Balance<T> {
    let value = self.value;
    split(self, value)
}

/// Consumes an amount of zero. Aborts with `ENonZero` for another.
public fun destroy_zero<T>(balance: Balance<T>) {
    assert!(balance.value == 0, ENonZero);
    let Balance { value: _ } = balance;
}

/// Ends a currency's supply and returns how much exists.
public(package) fun destroy_supply<T>(self: Supply<T>): u64 {
    let Supply { value } = self;
    value
}

/// Begins the chain's own currency, of whose type there is no value.
public(package) fun create_system_supply<T>(): Supply<T> { Supply { value: 0 } }

#[test_only]
/// Makes an amount of nothing.
public fun create_for_testing<T>(value: u64): Balance<T> { Balance { value } }

#[test_only]
/// Consumes an amount and returns it.
public fun destroy_for_testing<T>(self: Balance<T>): u64 {
    let Balance { value } = self;
    value
}

#[test_only]
/// Begins a currency without a value of its type.
public fun create_supply_for_testing<T>(): Supply<T> { Supply { value: 0 } }
