/// A map of any size from keys of one type to values of one type, each entry a dynamic field.
module iota::table;

use iota::dynamic_field as field;

/// There are entries left.
const ETableNotEmpty: u64 = 0;

/// Entries are fields of `id`.
public struct Table<phantom K: copy + drop + store, phantom V: store> has key, store {
    id: UID,
    size: u64,
}

/// Makes an empty one.
public fun new<K: copy + drop + store, V: store>(ctx: &mut TxContext): Table<K, V> { Table { id: object::new(ctx), size: 0 } }

/// Adds an entry. Aborts in `iota::dynamic_field` when the key is there.
public fun add<K: copy + drop + store, V: store>(table: &mut Table<K, V>, k: K, v: V) {
    field::add(&mut table.id, k, v);
    table.size = table.size + 1
}

#[syntax(index)]
/// Borrows a value. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow<K: copy + drop + store, V: store>(table: &Table<K, V>, k: K): &V { field::borrow(&table.id, k) }

#[syntax(index)]
/// Borrows a value for writing. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow_mut<K: copy + drop + store, V: store>(table: &mut Table<K, V>, k: K): &mut V { field::borrow_mut(&mut table.id, k) }

/// Takes a value out. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun remove<K: copy + drop + store, V: store>(table: &mut Table<K, V>, k: K): V {
    let v = field::remove(&mut table.id, k);
    table.size = table.size - 1;
    v
}

/// True when the key is there.
public fun contains<K: copy + drop + store, V: store>(table: &Table<K, V>, k: K): bool { field::exists_with_type<K, V>(&table.id, k) }

/// Returns the number of entries.
public fun length<K: copy + drop + store, V: store>(table: &Table<K, V>): u64 { table.size }

/// True when there are no entries.
public fun is_empty<K: copy + drop + store, V: store>(table: &Table<K, V>): bool { table.size == 0 }

/// Consumes an empty one. Aborts with `ETableNotEmpty`.
public fun destroy_empty<K: copy + drop + store, V: store>(table: Table<K, V>) {
    let Table { id, size } = table;
    assert!(size == 0, ETableNotEmpty);
    id.delete()
}

/// Consumes a table of values that may be dropped. Its entries become unreachable, and their deposits are lost.
public fun drop<K: copy + drop + store, V: drop + store>(table: Table<K, V>) {
    let Table { id, size: _ } = table;
    id.delete()
}
