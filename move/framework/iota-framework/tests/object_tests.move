/// Objects, their fields, who owns them, the clock, packages and what the test runner shows of them.
#[test_only]
module iota::object_tests;

use iota::clock::{Self, Clock};
use iota::display;
use iota::dynamic_field as field;
use iota::dynamic_object_field as object_field;
use iota::event;
use iota::package;
use iota::test_scenario as ts;
use iota::test_utils::{assert_eq, create_one_time_witness, destroy};
use iota::types;

public struct OBJECT_TESTS has drop {}
public struct Shown has copy, drop { n: u64 }

public struct Thing has key, store {
    id: UID,
    n: u64,
}

fun thing(n: u64, ctx: &mut TxContext): Thing { Thing { id: object::new(ctx), n } }

fun n(thing: Thing): u64 {
    let Thing { id, n } = thing;
    id.delete();
    n
}

#[test]
fun ids_are_derived_from_the_transaction() {
    // H(F1 || 0^32 || 0^8), the first id of a transaction whose hash is zero.
    let mut ctx = tx_context::new_from_hint(@0xA, 0, 0, 0, 0);
    let first = ctx.fresh_object_address();
    assert_eq(first, @0x034401905bebdf8c04f3cd5f04f442a39372c8dc321c29edfb4f9cb30b23ab96);
    assert_eq(ctx.last_created_object_id(), first);
    assert_eq(ctx.get_ids_created(), 1);
    assert!(ctx.fresh_object_address() != first);
    assert_eq(ctx.sender(), @0xA);
    assert_eq(ctx.digest().length(), 32);
}

#[test]
fun an_object_knows_its_id() {
    let mut ctx = tx_context::dummy();
    let thing = thing(1, &mut ctx);
    let id = object::id(&thing);
    assert_eq(object::last_created(&ctx), id);
    assert_eq(*object::borrow_id(&thing), id);
    assert_eq(object::id_address(&thing), id.to_address());
    assert_eq(object::id_bytes(&thing), id.to_bytes());
    assert_eq(thing.id.to_inner(), id);
    assert_eq(*thing.id.as_inner(), id);
    assert_eq(thing.id.to_address(), id.to_address());
    assert_eq(thing.id.to_bytes(), id.to_bytes());
    thing.n();
}

#[test]
fun fields_are_added_and_removed() {
    let mut ctx = tx_context::dummy();
    let mut parent = object::new(&mut ctx);
    field::add(&mut parent, b"a", 1u64);
    field::add(&mut parent, 1u8, b"one");
    assert!(field::exists_(&parent, b"a") && !field::exists_(&parent, b"b"));
    assert!(field::exists_with_type<u8, vector<u8>>(&parent, 1));
    assert!(!field::exists_with_type<u8, u64>(&parent, 1));
    *field::borrow_mut(&mut parent, b"a") = 5u64;
    assert_eq(*field::borrow<vector<u8>, u64>(&parent, b"a"), 5);
    assert_eq(field::remove<vector<u8>, u64>(&mut parent, b"a"), 5);
    assert_eq(field::remove_if_exists<vector<u8>, u64>(&mut parent, b"a"), option::none());
    assert_eq(field::remove_if_exists<u8, vector<u8>>(&mut parent, 1), option::some(b"one"));
    parent.delete();
}

#[test, expected_failure(abort_code = field::EFieldAlreadyExists)]
fun a_field_is_added_once() {
    let mut parent = object::new(&mut tx_context::dummy());
    field::add(&mut parent, 1, 1);
    field::add(&mut parent, 1, 2u8);
    abort
}

#[test, expected_failure(abort_code = field::EFieldDoesNotExist)]
fun a_field_that_is_absent_is_not_borrowed() {
    let parent = object::new(&mut tx_context::dummy());
    field::borrow<u64, u64>(&parent, 1);
    abort
}

#[test, expected_failure(abort_code = field::EFieldTypeMismatch)]
fun a_field_of_another_type_is_not_removed() {
    let mut parent = object::new(&mut tx_context::dummy());
    field::add(&mut parent, 1u64, 1u64);
    field::remove<u64, u8>(&mut parent, 1);
    abort
}

#[test]
fun object_fields_are_apart_from_fields() {
    let mut ctx = tx_context::dummy();
    let mut parent = object::new(&mut ctx);
    let child = thing(7, &mut ctx);
    let child_id = object::id(&child);
    field::add(&mut parent, 1u64, 1u64);
    object_field::add(&mut parent, 1u64, child);
    assert_eq(object_field::id(&parent, 1u64), option::some(child_id));
    assert_eq(object_field::id(&parent, 2u64), option::none());
    assert!(object_field::exists_(&parent, 1u64) && !object_field::exists_(&parent, 2u64));
    assert!(object_field::exists_with_type<u64, Thing>(&parent, 1));
    assert!(!object_field::exists_with_type<u64, Clock2>(&parent, 1));
    object_field::borrow_mut<u64, Thing>(&mut parent, 1).n = 8;
    assert_eq(object_field::borrow<u64, Thing>(&parent, 1).n, 8);
    assert_eq(object_field::remove<u64, Thing>(&mut parent, 1).n(), 8);
    assert_eq(field::remove<u64, u64>(&mut parent, 1), 1);
    parent.delete();
}

public struct Clock2 has key, store { id: UID }

#[test, expected_failure(abort_code = field::EFieldAlreadyExists)]
fun an_object_field_is_added_once() {
    let mut ctx = tx_context::dummy();
    let mut parent = object::new(&mut ctx);
    object_field::add(&mut parent, 1, thing(1, &mut ctx));
    object_field::add(&mut parent, 1, thing(2, &mut ctx));
    abort
}

#[test]
fun objects_change_owners() {
    let mut scenario = ts::begin(@0xA);
    transfer::transfer(thing(1, scenario.ctx()), @0xB);
    transfer::public_share_object(thing(2, scenario.ctx()));
    transfer::public_freeze_object(thing(3, scenario.ctx()));
    let effects = scenario.next_tx(@0xB);
    assert_eq(effects.created().length(), 3);
    assert_eq(effects.shared().length(), 1);
    assert_eq(effects.frozen().length(), 1);
    assert_eq(effects.transferred_to_account().size(), 1);
    assert_eq(scenario.num_concluded_txes(), 1);
    assert_eq(scenario.sender(), @0xB);

    assert!(scenario.has_most_recent_for_sender<Thing>() && !ts::has_most_recent_for_address<Thing>(@0xA));
    let owned: Thing = scenario.take_from_sender();
    assert!(scenario.was_taken_from_sender(object::id(&owned)));
    let mut shared: Thing = scenario.take_shared();
    let frozen: Thing = scenario.take_immutable();
    assert!(owned.n == 1 && shared.n == 2 && frozen.n == 3);
    shared.n = 20;
    let parent = object::id(&owned);
    scenario.return_to_sender(owned);
    ts::return_shared(shared);
    ts::return_immutable(frozen);
    transfer::public_transfer(thing(4, scenario.ctx()), parent.to_address());

    scenario.next_tx(@0xB);
    let mut owned: Thing = scenario.take_from_sender();
    assert_eq(ts::receivable_object_ids_for_owner_id<Thing>(parent).length(), 1);
    let ticket = ts::most_recent_receiving_ticket<Thing>(&parent);
    let received = transfer::receive(&mut owned.id, ticket);
    assert_eq(received.n(), 4);
    owned.n();
    let shared: Thing = scenario.take_shared();
    assert_eq(shared.n(), 20);
    let effects = scenario.end();
    assert_eq(effects.deleted().length(), 3);
}

#[test, expected_failure(abort_code = ts::EEmptyInventory)]
fun what_was_never_shared_is_not_taken() {
    let scenario = ts::begin(@0xA);
    destroy(scenario.take_shared<Thing>());
    abort
}

#[test, expected_failure(abort_code = ts::ECantReturnObject)]
fun what_was_not_taken_is_not_returned() {
    let mut scenario = ts::begin(@0xA);
    let thing = thing(1, scenario.ctx());
    scenario.return_to_sender(thing);
    abort
}

#[test]
fun epochs_and_clocks_go_on() {
    let mut scenario = ts::begin(@0xA);
    scenario.later_epoch(1_000, @0xA);
    scenario.next_epoch(@0xA);
    assert_eq(scenario.ctx().epoch(), 2);
    assert_eq(scenario.ctx().epoch_timestamp_ms(), 1_000);
    let mut clock: Clock = clock::create_for_testing(scenario.ctx());
    clock.increment_for_testing(5);
    clock.set_for_testing(42);
    assert_eq(clock.timestamp_ms(), 42);
    clock.share_for_testing();
    scenario.next_tx(@0xA);
    let clock: Clock = scenario.take_shared();
    assert_eq(clock.timestamp_ms(), 42);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun events_are_counted_by_type() {
    event::emit(Shown { n: 1 });
    event::emit(Shown { n: 2 });
    assert_eq(event::num_events(), 2);
    assert_eq(event::events_by_type<Shown>(), vector[Shown { n: 1 }, Shown { n: 2 }]);
    assert!(types::is_one_time_witness(&create_one_time_witness<OBJECT_TESTS>()));
    assert!(!types::is_one_time_witness(&Shown { n: 1 }));
}

#[test]
fun a_publisher_speaks_for_its_package() {
    let mut ctx = tx_context::dummy();
    let publisher = package::claim(create_one_time_witness<OBJECT_TESTS>(), &mut ctx);
    assert!(publisher.from_module<Thing>() && publisher.from_package<Thing>());
    assert!(publisher.from_package<Clock>() && !publisher.from_module<Clock>());
    assert!(!publisher.from_package<std::type_name::TypeName>());
    assert_eq(*publisher.module_(), b"object_tests".to_ascii_string());
    assert_eq(*publisher.package(), @0x2.to_ascii_string());

    let mut shown = display::new<Thing>(&publisher, &mut ctx);
    shown.add(b"name".to_string(), b"{n}".to_string());
    shown.add_multiple(vector[b"a".to_string()], vector[b"b".to_string()]);
    shown.edit(b"a".to_string(), b"c".to_string());
    shown.remove(b"name".to_string());
    shown.update_version();
    assert_eq(shown.version(), 1);
    assert_eq(*shown.fields().get(&b"a".to_string()), b"c".to_string());
    assert_eq(event::events_by_type<display::DisplayCreated<Thing>>().length(), 1);
    assert_eq(event::events_by_type<display::VersionUpdated<Thing>>().length(), 1);
    destroy(shown);
    publisher.burn();
}

#[test, expected_failure(abort_code = package::ENotOneTimeWitness)]
fun a_publisher_needs_a_witness() { destroy(package::claim(Shown { n: 1 }, &mut tx_context::dummy())); abort }

#[test]
fun an_upgrade_needs_its_cap_and_its_policy() {
    let mut ctx = tx_context::dummy();
    let mut cap = package::test_publish(@0x77.to_id(), &mut ctx);
    assert!(cap.package() == @0x77.to_id() && cap.version() == 1 && cap.policy() == 0);
    cap.only_additive_upgrades();
    assert_eq(cap.policy(), 128);
    let ticket = cap.authorize(package::dep_only_policy(), b"digest");
    assert!(ticket.package() == @0x77.to_id() && ticket.policy() == 192 && ticket.digest() == &b"digest");
    assert_eq(cap.package(), @0x0.to_id());
    let receipt = package::test_upgrade(ticket);
    assert_eq(receipt.cap(), object::id(&cap));
    let made = receipt.package();
    cap.commit(receipt);
    assert!(cap.package() == made && cap.version() == 2);
    cap.only_dep_upgrades();
    assert_eq(cap.policy(), 192);
    package::make_immutable(cap);
    assert!(package::compatible_policy() == 0 && package::additive_policy() == 128);
}

#[test, expected_failure(abort_code = package::ETooPermissive)]
fun a_policy_is_never_loosened() {
    let mut cap = package::test_publish(@0x77.to_id(), &mut tx_context::dummy());
    cap.only_dep_upgrades();
    cap.only_additive_upgrades();
    abort
}

#[test, expected_failure(abort_code = package::ETooPermissive)]
fun an_upgrade_keeps_to_the_policy() {
    let mut cap = package::test_publish(@0x77.to_id(), &mut tx_context::dummy());
    cap.only_additive_upgrades();
    destroy(cap.authorize(0, b""));
    abort
}

#[test, expected_failure(abort_code = package::EAlreadyAuthorized)]
fun one_upgrade_at_a_time() {
    let mut cap = package::test_publish(@0x77.to_id(), &mut tx_context::dummy());
    destroy(cap.authorize(0, b""));
    destroy(cap.authorize(0, b""));
    abort
}

#[test, expected_failure(abort_code = package::EWrongUpgradeCap)]
fun a_receipt_belongs_to_its_cap() {
    let mut ctx = tx_context::dummy();
    let mut one = package::test_publish(@0x77.to_id(), &mut ctx);
    let mut other = package::test_publish(@0x78.to_id(), &mut ctx);
    let receipt = package::test_upgrade(one.authorize(0, b""));
    other.commit(receipt);
    abort
}
