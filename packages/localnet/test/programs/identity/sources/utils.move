/// What the library builds arguments with.
module identity::utils;

use iota::vec_map::{Self, VecMap};

public fun vec_map_from_keys_values<K: copy + drop, V: drop>(keys: vector<K>, values: vector<V>): VecMap<K, V> {
    vec_map::from_keys_values(keys, values)
}
