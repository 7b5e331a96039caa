/// With what clients build the maps that other functions take.
module identity::utils;

use iota::vec_map::{Self, VecMap};

/// Pairs keys with values, in order. Aborts as `vec_map::from_keys_values`.
public fun vec_map_from_keys_values<K: copy + store, V: store>(
    keys: vector<K>,
    values: vector<V>,
): VecMap<K, V> {
    vec_map::from_keys_values(keys, values)
}
