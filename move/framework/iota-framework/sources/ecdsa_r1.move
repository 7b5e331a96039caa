/// ECDSA signatures over secp256r1 (P-256). `hash` names what a message is hashed with: `KECCAK256` or `SHA256`.
module iota::ecdsa_r1;

#[allow(unused_const)]
/// No key could have made the signature, or `hash` names no function.
const EFailToRecoverPubKey: u64 = 0;
#[allow(unused_const)]
/// The signature is malformed.
const EInvalidSignature: u64 = 1;

#[allow(unused_const)]
const KECCAK256: u8 = 0;
#[allow(unused_const)]
const SHA256: u8 = 1;

/// Returns the compressed public key (33 bytes) that made a signature of 65 bytes: r, s, and v from 0 to 3.
/// Aborts with `EFailToRecoverPubKey` or `EInvalidSignature`.
public native fun secp256r1_ecrecover(signature: &vector<u8>, msg: &vector<u8>, hash: u8): vector<u8>;

/// True when `signature` (64 bytes: r and a low s) is valid; false also for malformed input and an unknown `hash`.
public native fun secp256r1_verify(signature: &vector<u8>, public_key: &vector<u8>, msg: &vector<u8>, hash: u8): bool;
