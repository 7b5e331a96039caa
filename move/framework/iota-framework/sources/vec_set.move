/// A small set in one vector, in the order of insertion; each look-up walks it.
module iota::vec_set;

/// The key is in the set.
const EKeyAlreadyExists: u64 = 0;
/// The key is not in the set.
const EKeyDoesNotExist: u64 = 1;

/// Different keys.
public struct VecSet<K: copy + drop> has copy, drop, store {
    contents: vector<K>,
}

/// Makes a set without keys.
public fun empty<K: copy + drop>(): VecSet<K> { VecSet { contents: vector[] } }

/// Makes a set of one key.
public fun singleton<K: copy + drop>(key: K): VecSet<K> { VecSet { contents: vector[key] } }

/// Adds a key at the end. Aborts with `EKeyAlreadyExists`.
public fun insert<K: copy + drop>(self: &mut VecSet<K>, key: K) {
    assert!(!self.contains(&key), EKeyAlreadyExists);
    self.contents.push_back(key)
}

/// Takes a key out, keeping the order. Aborts with `EKeyDoesNotExist`.
public fun remove<K: copy + drop>(self: &mut VecSet<K>, key: &K) {
    let (found, index) = self.contents.index_of(key);
    assert!(found, EKeyDoesNotExist);
    self.contents.remove(index);
}

/// True when the key is in the set.
public fun contains<K: copy + drop>(self: &VecSet<K>, key: &K): bool { self.contents.contains(key) }

/// Returns the number of keys.
public fun size<K: copy + drop>(self: &VecSet<K>): u64 { self.contents.length() }

/// True when there are no keys.
public fun is_empty<K: copy + drop>(self: &VecSet<K>): bool { self.contents.is_empty() }

/// Unpacks into the keys, in the order of the set.
public fun into_keys<K: copy + drop>(self: VecSet<K>): vector<K> {
    let VecSet { contents } = self;
    contents
}

/// Makes a set. Aborts with `EKeyAlreadyExists` when a key repeats.
public fun from_keys<K: copy + drop>(keys: vector<K>): VecSet<K> {
    let mut set = empty();
    keys.do!(|key| set.insert(key));
    set
}

/// Borrows the keys, in the order of the set.
public fun keys<K: copy + drop>(self: &VecSet<K>): &vector<K> { &self.contents }
