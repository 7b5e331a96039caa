/// Hash functions of the SHA family; BLAKE2b is in `iota::hash`.
module std::hash;

/// Returns the 32-byte SHA2-256 digest of `data` (FIPS 180-4).
public native fun sha2_256(data: vector<u8>): vector<u8>;

/// Returns the 32-byte SHA3-256 digest of `data` (FIPS 202).
public native fun sha3_256(data: vector<u8>): vector<u8>;
