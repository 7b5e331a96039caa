/// Balances, coins and the chain's own currency.
#[test_only]
module iota::money_tests;

use iota::balance;
use iota::coin::{Self, Coin, CoinMetadata, TreasuryCap};
use iota::iota::IOTA;
use iota::pay;
use iota::test_scenario as ts;
use iota::test_utils::{assert_eq, create_one_time_witness, destroy};
use iota::url;

public struct MONEY_TESTS has drop {}
public struct NotAWitness has drop {}

#[test]
fun balances_add_up() {
    let mut supply = balance::create_supply(NotAWitness {});
    let mut all = supply.increase_supply(100);
    assert_eq(supply.supply_value(), 100);
    let part = all.split(30);
    assert_eq(all.value(), 70);
    assert_eq(part.value(), 30);
    assert_eq(all.join(part), 100);
    let rest = all.withdraw_all();
    all.destroy_zero();
    assert_eq(supply.decrease_supply(rest), 100);
    assert_eq(supply.supply_value(), 0);
    balance::zero<IOTA>().destroy_zero();
    assert_eq(supply.destroy_supply(), 0);
}

#[test, expected_failure(abort_code = balance::ENotEnough)]
fun a_balance_cannot_be_overdrawn() {
    let mut balance = balance::create_for_testing<IOTA>(1);
    destroy(balance.split(2));
    abort
}

#[test, expected_failure(abort_code = balance::ENonZero)]
fun a_balance_of_something_is_not_zero() { balance::create_for_testing<IOTA>(1).destroy_zero() }

#[test, expected_failure(abort_code = balance::EOverflow)]
fun a_supply_has_an_end() {
    let mut supply = balance::create_supply_for_testing<IOTA>();
    destroy(supply.increase_supply(18_446_744_073_709_551_615));
    abort
}

#[test, expected_failure(abort_code = balance::EOverflow)]
fun a_supply_cannot_fall_below_zero() {
    let mut supply = balance::create_supply_for_testing<IOTA>();
    supply.decrease_supply(balance::create_for_testing(1));
    abort
}

#[test]
fun coins_split_and_join() {
    let mut ctx = tx_context::dummy();
    let mut coin: Coin<IOTA> = coin::mint_for_testing(10, &mut ctx);
    let part = coin.split(4, &mut ctx);
    assert_eq(part.value(), 4);
    assert_eq(coin.value(), 6);
    coin.join(part);
    let mut shares = coin.divide_into_n(3, &mut ctx);
    assert_eq(shares.length(), 2);
    assert_eq(shares[0].value(), 3);
    assert_eq(shares[1].value(), 3);
    assert_eq(coin.value(), 4);
    coin.join_vec(shares);
    assert_eq(coin.value(), 10);
    shares = vector[];
    shares.destroy_empty();
    let mut balance = coin.into_balance();
    let taken = coin::take(&mut balance, 1, &mut ctx);
    coin::put(&mut balance, taken);
    let coin = balance.into_coin(&mut ctx);
    assert_eq(coin.balance().value(), 10);
    assert_eq(coin.burn_for_testing(), 10);
    coin::zero<IOTA>(&mut ctx).destroy_zero();
}

#[test, expected_failure(abort_code = coin::EInvalidArg)]
fun a_coin_is_not_divided_by_nothing() {
    let mut ctx = tx_context::dummy();
    let mut coin: Coin<IOTA> = coin::mint_for_testing(10, &mut ctx);
    destroy(coin.divide_into_n(0, &mut ctx));
    abort
}

#[test, expected_failure(abort_code = coin::ENotEnough)]
fun a_coin_is_not_divided_into_nothing() {
    let mut ctx = tx_context::dummy();
    let mut coin: Coin<IOTA> = coin::mint_for_testing(10, &mut ctx);
    destroy(coin.divide_into_n(11, &mut ctx));
    abort
}

#[test]
fun a_currency_has_texts_and_a_treasury() {
    let mut ctx = tx_context::dummy();
    let icon = url::new_unsafe_from_bytes(b"https://wot.id/icon");
    let (mut cap, mut metadata) = coin::create_currency(
        create_one_time_witness<MONEY_TESTS>(),
        6,
        b"WOT",
        b"Web of trust",
        b"Tests",
        option::some(icon),
        &mut ctx,
    );
    assert_eq(metadata.get_decimals(), 6);
    assert_eq(metadata.get_symbol(), b"WOT".to_ascii_string());
    assert_eq(metadata.get_name(), b"Web of trust".to_string());
    assert_eq(metadata.get_description(), b"Tests".to_string());
    assert_eq(metadata.get_icon_url(), option::some(icon));
    cap.update_name(&mut metadata, b"N".to_string());
    cap.update_symbol(&mut metadata, b"S".to_ascii_string());
    cap.update_description(&mut metadata, b"D".to_string());
    cap.update_icon_url(&mut metadata, b"U".to_ascii_string());
    assert_eq(metadata.get_name(), b"N".to_string());
    assert_eq(metadata.get_symbol(), b"S".to_ascii_string());
    assert_eq(metadata.get_description(), b"D".to_string());
    assert_eq(metadata.get_icon_url().destroy_some().inner_url(), b"U".to_ascii_string());

    let coin = cap.mint(5, &mut ctx);
    assert_eq(cap.total_supply(), 5);
    let more = cap.mint_balance(7);
    assert_eq(cap.supply_immut().supply_value(), 12);
    assert_eq(cap.burn(coin), 5);
    assert_eq(cap.supply_mut().decrease_supply(more), 7);
    assert_eq(cap.treasury_into_supply().destroy_supply(), 0);
    destroy<CoinMetadata<MONEY_TESTS>>(metadata);
}

#[test, expected_failure(abort_code = coin::EBadWitness)]
fun a_currency_needs_a_witness() {
    let mut ctx = tx_context::dummy();
    let (cap, metadata) =
        coin::create_currency(NotAWitness {}, 0, b"", b"", b"", option::none(), &mut ctx);
    destroy<TreasuryCap<NotAWitness>>(cap);
    destroy(metadata);
}

#[test]
fun genesis_makes_iota_and_freezes_its_texts() {
    let mut scenario = ts::begin(@0x0);
    let mut cap = iota::iota::create_for_testing(scenario.ctx());
    let coin = cap.mint(1_000, scenario.ctx());
    assert_eq(cap.total_supply(), 1_000);
    iota::iota::transfer(coin, @0xA);
    scenario.next_tx(@0x0);
    let metadata: CoinMetadata<IOTA> = scenario.take_immutable();
    assert_eq(metadata.get_decimals(), 9);
    assert_eq(metadata.get_symbol(), b"IOTA".to_ascii_string());
    ts::return_immutable(metadata);
    let coin: Coin<IOTA> = scenario.take_from_address(@0xA);
    assert_eq(cap.burn(coin, scenario.ctx()), 1_000);
    let balance = cap.mint_balance(3, scenario.ctx());
    assert_eq(cap.burn_balance(balance, scenario.ctx()), 3);
    destroy(cap);
    scenario.end();
}

#[test, expected_failure(abort_code = iota::iota::ENotSystemAddress)]
fun only_the_system_makes_iota() {
    let mut scenario = ts::begin(@0xA);
    destroy(iota::iota::create_for_testing(scenario.ctx()));
    abort
}

#[test, expected_failure(abort_code = iota::iota::EAlreadyMinted)]
fun iota_is_made_in_the_first_epoch() {
    let mut scenario = ts::begin(@0x0);
    scenario.next_epoch(@0x0);
    destroy(iota::iota::create_for_testing(scenario.ctx()));
    abort
}

#[test]
fun wallets_pay() {
    let mut scenario = ts::begin(@0xA);
    let mut coin: Coin<IOTA> = coin::mint_for_testing(100, scenario.ctx());
    pay::split(&mut coin, 1, scenario.ctx());
    coin.split_vec(vector[2, 3], scenario.ctx());
    coin.split_and_transfer(4, @0xB, scenario.ctx());
    coin.divide_and_keep(2, scenario.ctx());
    assert_eq(coin.value(), 45);
    pay::keep(coin, scenario.ctx());
    scenario.next_tx(@0xA);
    let mine = ts::ids_for_address<Coin<IOTA>>(@0xA);
    assert_eq(mine.length(), 5);
    let coins: vector<Coin<IOTA>> = mine.map!(|id| scenario.take_from_sender_by_id(id));
    pay::join_vec_and_transfer(coins, @0xC);
    scenario.next_tx(@0xA);
    let sum: Coin<IOTA> = scenario.take_from_address(@0xC);
    assert_eq(sum.burn_for_testing(), 96);
    let paid: Coin<IOTA> = scenario.take_from_address(@0xB);
    assert_eq(paid.burn_for_testing(), 4);
    scenario.end();
}

#[test, expected_failure(abort_code = pay::ENoCoins)]
fun no_coins_make_no_coin() { pay::join_vec_and_transfer<IOTA>(vector[], @0xA) }
