/// Maps, sets, tables, bags, and values with versions.
#[test_only]
module iota::collection_tests;

use iota::bag;
use iota::borrow;
use iota::object_bag;
use iota::object_table;
use iota::table;
use iota::table_vec;
use iota::test_utils::{assert_eq, destroy};
use iota::vec_map;
use iota::vec_set;
use iota::versioned;

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
fun a_map_keeps_its_order() {
    let mut map = vec_map::empty();
    map.insert(b"b", 2);
    map.insert(b"a", 1);
    map.insert(b"c", 3);
    assert_eq(map.size(), 3);
    assert_eq(*map.get(&b"a"), 1);
    *map.get_mut(&b"a") = 10;
    assert_eq(map[&b"a"], 10);
    assert_eq(map.try_get(&b"c"), option::some(3));
    assert_eq(map.try_get(&b"d"), option::none());
    assert_eq(map.get_idx(&b"c"), 2);
    assert_eq(map.get_idx_opt(&b"d"), option::none());
    assert_eq(map.keys(), vector[b"b", b"a", b"c"]);
    let (key, value) = map.get_entry_by_idx(1);
    assert!(key == &b"a" && *value == 10);
    let (_, value) = map.get_entry_by_idx_mut(2);
    *value = 30;
    let (key, value) = map.remove(&b"b");
    assert!(key == b"b" && value == 2);
    assert_eq(map.keys(), vector[b"a", b"c"]);
    let (key, value) = map.pop();
    assert!(key == b"c" && value == 30);
    let (key, value) = map.remove_entry_by_idx(0);
    assert!(key == b"a" && value == 10);
    assert!(map.is_empty() && !map.contains(&b"a"));
    map.destroy_empty();
    let map = vec_map::from_keys_values(vector[1, 2], vector[b"x", b"y"]);
    let (keys, values) = map.into_keys_values();
    assert!(keys == vector[1, 2] && values == vector[b"x", b"y"]);
}

#[test, expected_failure(abort_code = vec_map::EKeyAlreadyExists)]
fun a_map_has_a_key_once() { vec_map::from_keys_values(vector[1, 1], vector[2, 3]); }

#[test, expected_failure(abort_code = vec_map::EKeyDoesNotExist)]
fun a_map_has_no_other_keys() { vec_map::empty<u8, u8>().get(&1); }

#[test, expected_failure(abort_code = vec_map::EMapNotEmpty)]
fun a_map_with_entries_is_not_empty() { vec_map::from_keys_values(vector[1], vector[2]).destroy_empty() }

#[test, expected_failure(abort_code = vec_map::EIndexOutOfBounds)]
fun a_map_has_no_entry_behind_the_last() { vec_map::from_keys_values(vector[1], vector[2]).get_entry_by_idx(1); }

#[test, expected_failure(abort_code = vec_map::EMapEmpty)]
fun an_empty_map_has_no_last_entry() { vec_map::empty<u8, u8>().pop(); }

#[test, expected_failure(abort_code = vec_map::EUnequalLengths)]
fun a_map_needs_as_many_values_as_keys() { vec_map::from_keys_values(vector[1], vector<u8>[]); }

#[test]
fun a_set_keeps_its_order() {
    let mut set = vec_set::singleton(5);
    set.insert(3);
    set.insert(4);
    assert!(set.contains(&3) && !set.contains(&9));
    assert_eq(set.size(), 3);
    set.remove(&5);
    assert_eq(*set.keys(), vector[3, 4]);
    assert_eq(set.into_keys(), vector[3, 4]);
    assert!(vec_set::empty<u8>().is_empty());
    assert_eq(vec_set::from_keys(vector[1, 2]).into_keys(), vector[1, 2]);
}

#[test, expected_failure(abort_code = vec_set::EKeyAlreadyExists)]
fun a_set_has_a_key_once() { vec_set::from_keys(vector[1, 1]); }

#[test, expected_failure(abort_code = vec_set::EKeyDoesNotExist)]
fun a_set_does_not_lose_what_it_has_not() { vec_set::singleton(1).remove(&2) }

#[test]
fun tables_count() {
    let mut ctx = tx_context::dummy();
    let mut table = table::new(&mut ctx);
    table.add(b"a", 1);
    table.add(b"b", 2);
    assert_eq(table.length(), 2);
    assert!(table.contains(b"a") && !table.contains(b"c"));
    *table.borrow_mut(b"a") = 3;
    assert_eq(table[b"a"], 3);
    assert_eq(table.remove(b"a"), 3);
    assert_eq(table.remove(b"b"), 2);
    assert!(table.is_empty());
    table.destroy_empty();
    let mut dropped = table::new(&mut ctx);
    dropped.add(1, 1);
    dropped.drop();
}

#[test, expected_failure(abort_code = table::ETableNotEmpty)]
fun a_table_with_entries_is_not_empty() {
    let mut table = table::new(&mut tx_context::dummy());
    table.add(1, 1);
    table.destroy_empty()
}

#[test]
fun bags_hold_different_types() {
    let mut ctx = tx_context::dummy();
    let mut bag = bag::new(&mut ctx);
    bag.add(b"a", 1u8);
    bag.add(2u64, b"two");
    assert_eq(bag.length(), 2);
    assert!(bag.contains(b"a") && !bag.contains(3u64));
    assert!(bag.contains_with_type<vector<u8>, u8>(b"a"));
    assert!(!bag.contains_with_type<vector<u8>, u16>(b"a"));
    *bag.borrow_mut(b"a") = 9u8;
    assert_eq(*bag.borrow<vector<u8>, u8>(b"a"), 9);
    assert_eq(bag.remove<vector<u8>, u8>(b"a"), 9);
    assert_eq(bag.remove<u64, vector<u8>>(2), b"two");
    assert!(bag.is_empty());
    bag.destroy_empty();
}

#[test, expected_failure(abort_code = bag::EBagNotEmpty)]
fun a_bag_with_entries_is_not_empty() {
    let mut bag = bag::new(&mut tx_context::dummy());
    bag.add(1, 1);
    bag.destroy_empty()
}

#[test]
fun objects_in_tables_and_bags_keep_their_ids() {
    let mut ctx = tx_context::dummy();
    let one = thing(1, &mut ctx);
    let one_id = object::id(&one);
    let mut table = object_table::new(&mut ctx);
    table.add(b"a", one);
    assert_eq(table.value_id(b"a"), option::some(one_id));
    assert_eq(table.value_id(b"b"), option::none());
    assert!(table.contains(b"a") && table.length() == 1 && !table.is_empty());
    table.borrow_mut(b"a").n = 5;
    assert_eq(table[b"a"].n, 5);
    let one = table.remove(b"a");
    table.destroy_empty();

    let mut bag = object_bag::new(&mut ctx);
    bag.add(1u8, one);
    assert_eq(bag.value_id(1u8), option::some(one_id));
    assert!(bag.contains(1u8) && bag.length() == 1 && !bag.is_empty());
    assert!(bag.contains_with_type<u8, Thing>(1));
    bag.borrow_mut<u8, Thing>(1).n = 6;
    assert_eq(bag.borrow<u8, Thing>(1).n, 6);
    assert_eq(bag.remove<u8, Thing>(1).n(), 6);
    bag.destroy_empty();
}

#[test]
fun a_list_of_fields() {
    let mut ctx = tx_context::dummy();
    let mut list = table_vec::singleton(1, &mut ctx);
    list.push_back(2);
    list.push_back(3);
    list.swap(0, 2);
    list.swap(1, 1);
    *list.borrow_mut(1) = 9;
    assert!(list[0] == 3 && list[1] == 9 && list[2] == 1);
    assert_eq(list.swap_remove(0), 3);
    assert_eq(list.pop_back(), 9);
    assert_eq(list.length(), 1);
    assert_eq(list.pop_back(), 1);
    assert!(list.is_empty());
    list.destroy_empty();
    table_vec::singleton(1, &mut ctx).drop();
}

#[test, expected_failure(abort_code = table_vec::EIndexOutOfBound)]
fun a_list_has_nothing_behind_the_end() { destroy(table_vec::empty<u8>(&mut tx_context::dummy()).pop_back()); abort }

#[test]
fun versions_only_grow() {
    let mut ctx = tx_context::dummy();
    let mut versioned = versioned::create(1, b"old", &mut ctx);
    *versioned.load_value_mut() = b"older";
    assert_eq(*versioned.load_value(), b"older");
    let (old, cap) = versioned.remove_value_for_upgrade<vector<u8>>();
    assert_eq(old, b"older");
    versioned.upgrade(2, 7u64, cap);
    assert_eq(versioned.version(), 2);
    assert_eq(versioned.destroy<u64>(), 7);
}

#[test, expected_failure(abort_code = versioned::EInvalidUpgrade)]
fun versions_do_not_repeat() {
    let mut versioned = versioned::create(1, 1, &mut tx_context::dummy());
    let (old, cap) = versioned.remove_value_for_upgrade<u64>();
    versioned.upgrade(1, old, cap);
    abort
}

#[test]
fun what_is_lent_comes_back() {
    let mut ctx = tx_context::dummy();
    let mut referent = borrow::new(thing(1, &mut ctx), &mut ctx);
    let (mut lent, promise) = referent.borrow();
    lent.n = 2;
    referent.put_back(lent, promise);
    assert_eq(referent.destroy().n(), 2);
}

#[test, expected_failure(abort_code = borrow::EWrongValue)]
fun another_object_does_not_come_back() {
    let mut ctx = tx_context::dummy();
    let mut referent = borrow::new(thing(1, &mut ctx), &mut ctx);
    let (lent, promise) = referent.borrow();
    referent.put_back(thing(1, &mut ctx), promise);
    destroy(lent);
    abort
}

#[test, expected_failure(abort_code = borrow::EWrongBorrow)]
fun it_does_not_come_back_to_another() {
    let mut ctx = tx_context::dummy();
    let mut one = borrow::new(thing(1, &mut ctx), &mut ctx);
    let mut other = borrow::new(thing(1, &mut ctx), &mut ctx);
    let (lent, promise) = one.borrow();
    other.put_back(lent, promise);
    abort
}
