/// Hash functions that the chain itself uses.
module iota::hash;

/// Returns the 32-byte BLAKE2b-256 digest of `data` (RFC 7693).
public native fun blake2b256(data: &vector<u8>): vector<u8>;

/// Returns the 32-byte Keccak-256 digest of `data`.
public native fun keccak256(data: &vector<u8>): vector<u8>;
