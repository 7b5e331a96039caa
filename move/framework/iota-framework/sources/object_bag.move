/// A map of any size from keys to objects of any types, which keep their ids.
module iota::object_bag;

use iota::dynamic_object_field as field;

/// There are entries left.
const EBagNotEmpty: u64 = 0;

/// Entries are object fields of `id`.
public struct ObjectBag has key, store {
    id: UID,
    size: u64,
}

/// Makes an empty one.
public fun new(ctx: &mut TxContext): ObjectBag { ObjectBag { id: object::new(ctx), size: 0 } }

/// Adds an entry. Aborts in `iota::dynamic_field` when the key is there.
public fun add<K: copy + drop + store, V: key + store>(bag: &mut ObjectBag, k: K, v: V) {
    field::add(&mut bag.id, k, v);
    bag.size = bag.size + 1
}

#[syntax(index)]
/// Borrows a value. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow<K: copy + drop + store, V: key + store>(bag: &ObjectBag, k: K): &V { field::borrow(&bag.id, k) }

#[syntax(index)]
/// Borrows a value for writing. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow_mut<K: copy + drop + store, V: key + store>(bag: &mut ObjectBag, k: K): &mut V { field::borrow_mut(&mut bag.id, k) }

/// Takes a value out. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun remove<K: copy + drop + store, V: key + store>(bag: &mut ObjectBag, k: K): V {
    let v = field::remove(&mut bag.id, k);
    bag.size = bag.size - 1;
    v
}

/// True when the key is there.
public fun contains<K: copy + drop + store>(bag: &ObjectBag, k: K): bool { field::exists_(&bag.id, k) }

/// True when the key is there with a value of that type.
public fun contains_with_type<K: copy + drop + store, V: key + store>(bag: &ObjectBag, k: K): bool { field::exists_with_type<K, V>(&bag.id, k) }

/// Returns the number of entries.
public fun length(bag: &ObjectBag): u64 { bag.size }

/// True when there are no entries.
public fun is_empty(bag: &ObjectBag): bool { bag.size == 0 }

/// Consumes an empty one. Aborts with `EBagNotEmpty`.
public fun destroy_empty(bag: ObjectBag) {
    let ObjectBag { id, size } = bag;
    assert!(size == 0, EBagNotEmpty);
    id.delete()
}

/// Returns the ID of the object under a key, if there is one.
public fun value_id<K: copy + drop + store>(bag: &ObjectBag, k: K): Option<ID> { field::id(&bag.id, k) }
