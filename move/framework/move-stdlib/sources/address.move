/// Facts about the `address` type itself; conversions live in `iota::address`.
module std::address;

/// Returns how many bytes an address has on this chain.
public fun length(): u64 { 32 }
