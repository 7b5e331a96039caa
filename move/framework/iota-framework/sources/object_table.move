/// A map of any size from keys of one type to objects of one type, which keep their ids.
module iota::object_table;

use iota::dynamic_object_field as field;

/// There are entries left.
const ETableNotEmpty: u64 = 0;

/// Entries are object fields of `id`.
public struct ObjectTable<phantom K: copy + drop + store, phantom V: key + store> has key, store {
    id: UID,
    size: u64,
}

/// Makes an empty one.
public fun new<K: copy + drop + store, V: key + store>(ctx: &mut TxContext): ObjectTable<K, V> { ObjectTable { id: object::new(ctx), size: 0 } }

/// Adds an entry. Aborts in `iota::dynamic_field` when the key is there.
public fun add<K: copy + drop + store, V: key + store>(table: &mut ObjectTable<K, V>, k: K, v: V) {
    field::add(&mut table.id, k, v);
    table.size = table.size + 1
}

#[syntax(index)]
/// Borrows a value. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow<K: copy + drop + store, V: key + store>(table: &ObjectTable<K, V>, k: K): &V { field::borrow(&table.id, k) }

#[syntax(index)]
/// Borrows a value for writing. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow_mut<K: copy + drop + store, V: key + store>(table: &mut ObjectTable<K, V>, k: K): &mut V { field::borrow_mut(&mut table.id, k) }

/// Takes a value out. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun remove<K: copy + drop + store, V: key + store>(table: &mut ObjectTable<K, V>, k: K): V {
    let v = field::remove(&mut table.id, k);
    table.size = table.size - 1;
    v
}

/// True when the key is there.
public fun contains<K: copy + drop + store, V: key + store>(table: &ObjectTable<K, V>, k: K): bool { field::exists_(&table.id, k) }

/// Returns the number of entries.
public fun length<K: copy + drop + store, V: key + store>(table: &ObjectTable<K, V>): u64 { table.size }

/// True when there are no entries.
public fun is_empty<K: copy + drop + store, V: key + store>(table: &ObjectTable<K, V>): bool { table.size == 0 }

/// Consumes an empty one. Aborts with `ETableNotEmpty`.
public fun destroy_empty<K: copy + drop + store, V: key + store>(table: ObjectTable<K, V>) {
    let ObjectTable { id, size } = table;
    assert!(size == 0, ETableNotEmpty);
    id.delete()
}

/// Returns the ID of the object under a key, if there is one.
public fun value_id<K: copy + drop + store, V: key + store>(table: &ObjectTable<K, V>, k: K): Option<ID> { field::id(&table.id, k) }
