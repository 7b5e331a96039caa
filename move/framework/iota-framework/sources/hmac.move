/// Keyed hashing.
module iota::hmac;

/// Returns the 32 bytes of HMAC-SHA3-256 of `msg` (RFC 2104 with FIPS 202).
public native fun hmac_sha3_256(key: &vector<u8>, msg: &vector<u8>): vector<u8>;
