/// A map of any size whose entries are also in a row: each is a dynamic field and knows the keys beside it.
module iota::linked_table;

use iota::dynamic_field as field;

/// There are entries left.
const ETableNotEmpty: u64 = 0;
/// There are no entries.
const ETableIsEmpty: u64 = 1;

/// Entries are fields of `id`, from the one at `head` to the one at `tail`.
public struct LinkedTable<K: copy + drop + store, phantom V: store> has key, store {
    id: UID,
    size: u64,
    head: Option<K>,
    tail: Option<K>,
}

/// A value and the keys beside it.
public struct Node<K: copy + drop + store, V: store> has store {
    prev: Option<K>,
    next: Option<K>,
    value: V,
}

/// Makes an empty one.
public fun new<K: copy + drop + store, V: store>(ctx: &mut TxContext): LinkedTable<K, V> {
    LinkedTable { id: object::new(ctx), size: 0, head: option::none(), tail: option::none() }
}

/// Borrows the first key.
public fun front<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>): &Option<K> { &table.head }

/// Borrows the last key.
public fun back<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>): &Option<K> { &table.tail }

/// Adds an entry before all others. Aborts in `iota::dynamic_field` when the key is there.
public fun push_front<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K, value: V) {
    let next = table.head;
    table.head = option::some(k);
    if (next.is_some()) table.node_mut(*next.borrow()).prev = option::some(k) else table.tail = option::some(k);
    table.insert(k, Node { prev: option::none(), next, value })
}

/// Adds an entry behind all others. Aborts in `iota::dynamic_field` when the key is there.
public fun push_back<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K, value: V) {
    let prev = table.tail;
    table.tail = option::some(k);
    if (prev.is_some()) table.node_mut(*prev.borrow()).next = option::some(k) else table.head = option::some(k);
    table.insert(k, Node { prev, next: option::none(), value })
}

#[syntax(index)]
/// Borrows a value. Aborts in `iota::dynamic_field` when it is absent.
public fun borrow<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>, k: K): &V { &table.node(k).value }

#[syntax(index)]
/// Borrows a value for writing. Aborts in `iota::dynamic_field` when it is absent.
public fun borrow_mut<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K): &mut V {
    &mut table.node_mut(k).value
}

/// Borrows the key before `k`. Aborts in `iota::dynamic_field` when `k` is absent.
public fun prev<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>, k: K): &Option<K> { &table.node(k).prev }

/// Borrows the key behind `k`. Aborts in `iota::dynamic_field` when `k` is absent.
public fun next<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>, k: K): &Option<K> { &table.node(k).next }

/// Takes a value out; its neighbours become each other's. Aborts in `iota::dynamic_field` when it is absent.
public fun remove<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K): V {
    let Node { prev, next, value } = field::remove<K, Node<K, V>>(&mut table.id, k);
    table.size = table.size - 1;
    if (prev.is_some()) table.node_mut(*prev.borrow()).next = next else table.head = next;
    if (next.is_some()) table.node_mut(*next.borrow()).prev = prev else table.tail = prev;
    value
}

/// Takes the first entry out. Aborts with `ETableIsEmpty`.
public fun pop_front<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>): (K, V) {
    assert!(table.head.is_some(), ETableIsEmpty);
    let k = *table.head.borrow();
    (k, table.remove(k))
}

/// Takes the last entry out. Aborts with `ETableIsEmpty`.
public fun pop_back<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>): (K, V) {
    assert!(table.tail.is_some(), ETableIsEmpty);
    let k = *table.tail.borrow();
    (k, table.remove(k))
}

/// True when the key is there.
public fun contains<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>, k: K): bool {
    field::exists_with_type<K, Node<K, V>>(&table.id, k)
}

/// Returns the number of entries.
public fun length<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>): u64 { table.size }

/// True when there are no entries.
public fun is_empty<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>): bool { table.size == 0 }

/// Consumes an empty one. Aborts with `ETableNotEmpty`.
public fun destroy_empty<K: copy + drop + store, V: store>(table: LinkedTable<K, V>) {
    let LinkedTable { id, size, head: _, tail: _ } = table;
    assert!(size == 0, ETableNotEmpty);
    id.delete()
}

/// Consumes a table of values that may be dropped. Its entries become unreachable, and their deposits are lost.
public fun drop<K: copy + drop + store, V: drop + store>(table: LinkedTable<K, V>) {
    let LinkedTable { id, size: _, head: _, tail: _ } = table;
    id.delete()
}

fun insert<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K, node: Node<K, V>) {
    field::add(&mut table.id, k, node);
    table.size = table.size + 1
}

fun node<K: copy + drop + store, V: store>(table: &LinkedTable<K, V>, k: K): &Node<K, V> {
    field::borrow(&table.id, k)
}

fun node_mut<K: copy + drop + store, V: store>(table: &mut LinkedTable<K, V>, k: K): &mut Node<K, V> {
    field::borrow_mut(&mut table.id, k)
}
