/// Signatures over Curve25519.
module iota::ed25519;

/// True when `signature` (64 bytes) over `msg` is valid under `public_key` (32 bytes); false also for malformed input.
public native fun ed25519_verify(signature: &vector<u8>, public_key: &vector<u8>, msg: &vector<u8>): bool;
