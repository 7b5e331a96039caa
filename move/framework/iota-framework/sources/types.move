/// Questions about types.
module iota::types;

/// True when `T` is a one-time witness: the only value of a type named after its module in upper case.
public native fun is_one_time_witness<T: drop>(_: &T): bool;
