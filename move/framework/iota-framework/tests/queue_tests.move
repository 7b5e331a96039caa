/// Collections that keep an order: linked tables and priority queues.
#[test_only]
module iota::queue_tests;

use iota::dynamic_field;
use iota::linked_table::{Self, LinkedTable};
use iota::priority_queue;
use iota::test_utils::assert_eq;
use iota::tx_context;

fun keys(table: &LinkedTable<u64, vector<u8>>): (vector<u64>, vector<u64>) {
    let (mut forwards, mut at) = (vector[], *table.front());
    while (at.is_some()) {
        let key = at.destroy_some();
        forwards.push_back(key);
        at = *table.next(key);
    };
    let (mut backwards, mut at) = (vector[], *table.back());
    while (at.is_some()) {
        let key = at.destroy_some();
        backwards.push_back(key);
        at = *table.prev(key);
    };
    backwards.reverse();
    (forwards, backwards)
}

fun check(table: &LinkedTable<u64, vector<u8>>, expected: vector<u64>) {
    let (forwards, backwards) = keys(table);
    assert_eq(forwards, expected);
    assert_eq(backwards, expected);
    assert_eq(table.length(), expected.length());
    assert_eq(table.is_empty(), expected.is_empty());
}

#[test]
fun a_linked_table_keeps_its_order() {
    let mut table = linked_table::new(&mut tx_context::dummy());
    check(&table, vector[]);
    table.push_back(1, b"one");
    check(&table, vector[1]);
    table.push_back(2, b"two");
    table.push_front(0, b"zero");
    table.push_back(3, b"three");
    check(&table, vector[0, 1, 2, 3]);
    assert!(table.contains(2) && !table.contains(4));
    assert_eq(*&table[2], b"two");
    *&mut table[2] = b"TWO";
    assert_eq(table.remove(2), b"TWO");
    check(&table, vector[0, 1, 3]);
    assert_eq(table.remove(0), b"zero");
    check(&table, vector[1, 3]);
    assert_eq(table.remove(3), b"three");
    check(&table, vector[1]);
    table.push_front(5, b"five");
    let (key, value) = table.pop_back();
    assert_eq(key, 1);
    assert_eq(value, b"one");
    let (key, value) = table.pop_front();
    assert_eq(key, 5);
    assert_eq(value, b"five");
    check(&table, vector[]);
    table.push_front(7, b"seven");
    check(&table, vector[7]);
    assert_eq(table.remove(7), b"seven");
    table.destroy_empty();
}

#[test]
fun a_linked_table_of_droppable_values_is_dropped() {
    let mut table = linked_table::new(&mut tx_context::dummy());
    table.push_back(b"key", 1u8);
    table.drop();
}

#[test, expected_failure(abort_code = linked_table::ETableNotEmpty)]
fun a_linked_table_with_entries_stays() {
    let mut table = linked_table::new(&mut tx_context::dummy());
    table.push_back(1, 1);
    table.destroy_empty();
}

#[test, expected_failure(abort_code = linked_table::ETableIsEmpty)]
fun nothing_is_popped_from_the_front() {
    let mut table = linked_table::new<u64, u64>(&mut tx_context::dummy());
    let (_, _) = table.pop_front();
    abort 99
}

#[test, expected_failure(abort_code = linked_table::ETableIsEmpty)]
fun nothing_is_popped_from_the_back() {
    let mut table = linked_table::new<u64, u64>(&mut tx_context::dummy());
    let (_, _) = table.pop_back();
    abort 99
}

#[test, expected_failure(abort_code = dynamic_field::EFieldAlreadyExists)]
fun a_linked_key_is_there_once() {
    let mut table = linked_table::new(&mut tx_context::dummy());
    table.push_back(1, 1);
    table.push_front(2, 2);
    table.push_front(1, 3);
    abort 99
}

#[test, expected_failure(abort_code = dynamic_field::EFieldDoesNotExist)]
fun a_linked_key_is_needed() {
    let table = linked_table::new<u64, u64>(&mut tx_context::dummy());
    table.next(1);
    abort 99
}

#[test]
fun the_largest_priority_is_first() {
    let priorities = vector[5, 1, 9, 9, 0, 4, 7, 2];
    let mut queue = priority_queue::new(priority_queue::create_entries(priorities, b"abcdefgh"));
    queue.insert(8, 0x69);
    queue.insert(10, 0x6A);
    let mut expected = vector[10, 9, 9, 8, 7, 5, 4, 2, 1, 0];
    assert_eq(queue.priorities().length(), 10);
    expected.reverse();
    let mut values = vector[];
    while (!expected.is_empty()) {
        let (priority, value) = queue.pop_max();
        assert_eq(priority, expected.pop_back());
        values.push_back(value);
    };
    // The two with priority 9 may come in either order.
    assert!(values == b"jcdigafhbe" || values == b"jdcigafhbe");
}

#[test]
fun a_heap_has_its_largest_first() {
    let queue = priority_queue::new(vector[
        priority_queue::new_entry(1, true),
        priority_queue::new_entry(2, true),
        priority_queue::new_entry(3, false),
    ]);
    assert_eq(queue.priorities(), vector[3, 2, 1]);
}

#[test, expected_failure(abort_code = priority_queue::EPopFromEmptyHeap)]
fun nothing_is_popped_from_a_queue() {
    let (_, _) = priority_queue::new<bool>(vector[]).pop_max();
}

#[test, expected_failure(abort_code = priority_queue::ELengthsDiffer)]
fun each_priority_has_a_value() { priority_queue::create_entries(vector[1, 2], vector[true]); }
