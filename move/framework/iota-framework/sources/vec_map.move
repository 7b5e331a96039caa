/// A small map in one vector, in the order of insertion; each look-up walks it.
module iota::vec_map;

/// The key is in the map.
const EKeyAlreadyExists: u64 = 0;
/// The key is not in the map.
const EKeyDoesNotExist: u64 = 1;
/// The map has entries.
const EMapNotEmpty: u64 = 2;
/// The index is not one of the map's.
const EIndexOutOfBounds: u64 = 3;
/// The map has no entries.
const EMapEmpty: u64 = 4;
/// There are not as many values as keys.
const EUnequalLengths: u64 = 5;

/// Entries with different keys.
public struct VecMap<K: copy, V> has copy, drop, store {
    contents: vector<Entry<K, V>>,
}

/// A key and its value.
public struct Entry<K: copy, V> has copy, drop, store {
    key: K,
    value: V,
}

/// Makes a map without entries.
public fun empty<K: copy, V>(): VecMap<K, V> { VecMap { contents: vector[] } }

/// Adds an entry at the end. Aborts with `EKeyAlreadyExists`.
public fun insert<K: copy, V>(self: &mut VecMap<K, V>, key: K, value: V) {
    assert!(!self.contains(&key), EKeyAlreadyExists);
    self.contents.push_back(Entry { key, value })
}

/// Takes an entry out, keeping the order. Aborts with `EKeyDoesNotExist`.
public fun remove<K: copy, V>(self: &mut VecMap<K, V>, key: &K): (K, V) {
    let index = self.get_idx(key);
    self.remove_entry_by_idx(index)
}

/// Takes the last entry off. Aborts with `EMapEmpty`.
public fun pop<K: copy, V>(self: &mut VecMap<K, V>): (K, V) {
    assert!(!self.is_empty(), EMapEmpty);
    let Entry { key, value } = self.contents.pop_back();
    (key, value)
}

#[syntax(index)]
/// Borrows a value for writing. Aborts with `EKeyDoesNotExist`.
public fun get_mut<K: copy, V>(self: &mut VecMap<K, V>, key: &K): &mut V {
    let index = self.get_idx(key);
    &mut self.contents[index].value
}

#[syntax(index)]
/// Borrows a value. Aborts with `EKeyDoesNotExist`.
public fun get<K: copy, V>(self: &VecMap<K, V>, key: &K): &V {
    let index = self.get_idx(key);
    &self.contents[index].value
}

/// Copies a value when there is one.
public fun try_get<K: copy, V: copy>(self: &VecMap<K, V>, key: &K): Option<V> {
    self.get_idx_opt(key).map!(|index| *&self.contents[index].value)
}

/// True when the key is in the map.
public fun contains<K: copy, V>(self: &VecMap<K, V>, key: &K): bool { self.get_idx_opt(key).is_some() }

/// Returns the number of entries.
public fun size<K: copy, V>(self: &VecMap<K, V>): u64 { self.contents.length() }

/// True when there are no entries.
public fun is_empty<K: copy, V>(self: &VecMap<K, V>): bool { self.contents.is_empty() }

/// Consumes a map without entries. Aborts with `EMapNotEmpty`.
public fun destroy_empty<K: copy, V>(self: VecMap<K, V>) {
    let VecMap { contents } = self;
    assert!(contents.is_empty(), EMapNotEmpty);
    contents.destroy_empty()
}

/// Unpacks into the keys and the values, in the order of the map.
public fun into_keys_values<K: copy, V>(self: VecMap<K, V>): (vector<K>, vector<V>) {
    let VecMap { contents } = self;
    let mut keys = vector[];
    let mut values = vector[];
    contents.do!(|entry| {
        let Entry { key, value } = entry;
        keys.push_back(key);
        values.push_back(value)
    });
    (keys, values)
}

/// Makes a map. Aborts with `EUnequalLengths` or, when a key repeats, `EKeyAlreadyExists`.
public fun from_keys_values<K: copy, V>(keys: vector<K>, values: vector<V>): VecMap<K, V> {
    assert!(keys.length() == values.length(), EUnequalLengths);
    let mut map = empty();
    keys.zip_do!(values, |key, value| map.insert(key, value));
    map
}

/// Copies the keys, in the order of the map.
public fun keys<K: copy, V>(self: &VecMap<K, V>): vector<K> {
    let mut keys = vector[];
    self.contents.do_ref!(|entry| keys.push_back(entry.key));
    keys
}

/// Returns the index of a key when it is in the map.
public fun get_idx_opt<K: copy, V>(self: &VecMap<K, V>, key: &K): Option<u64> {
    self.contents.find_index!(|entry| &entry.key == key)
}

/// Returns the index of a key. Aborts with `EKeyDoesNotExist`.
public fun get_idx<K: copy, V>(self: &VecMap<K, V>, key: &K): u64 {
    let index = self.get_idx_opt(key);
    assert!(index.is_some(), EKeyDoesNotExist);
    index.destroy_some()
}

/// Borrows an entry by its index. Aborts with `EIndexOutOfBounds`.
public fun get_entry_by_idx<K: copy, V>(self: &VecMap<K, V>, idx: u64): (&K, &V) {
    assert!(idx < self.size(), EIndexOutOfBounds);
    let entry = &self.contents[idx];
    (&entry.key, &entry.value)
}

/// Borrows an entry by its index, its value for writing. Aborts with `EIndexOutOfBounds`.
public fun get_entry_by_idx_mut<K: copy, V>(self: &mut VecMap<K, V>, idx: u64): (&K, &mut V) {
    assert!(idx < self.size(), EIndexOutOfBounds);
    let entry = &mut self.contents[idx];
    (&entry.key, &mut entry.value)
}

/// Takes an entry out by its index, keeping the order. Aborts with `EIndexOutOfBounds`.
public fun remove_entry_by_idx<K: copy, V>(self: &mut VecMap<K, V>, idx: u64): (K, V) {
    assert!(idx < self.size(), EIndexOutOfBounds);
    let Entry { key, value } = self.contents.remove(idx);
    (key, value)
}
