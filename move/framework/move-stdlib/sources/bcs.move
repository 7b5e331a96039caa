/// Canonical byte form of any Move value (Binary Canonical Serialization).
module std::bcs;

/// Returns the BCS bytes of `v`. Aborts with `0x1C5` when the value cannot be serialised.
public native fun to_bytes<MoveValue>(v: &MoveValue): vector<u8>;
