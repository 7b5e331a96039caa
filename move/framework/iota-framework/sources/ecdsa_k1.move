/// ECDSA signatures over secp256k1. `hash` names what a message is hashed with: `KECCAK256` or `SHA256`.
module iota::ecdsa_k1;

#[allow(unused_const)]
/// No key could have made the signature, or `hash` names no function.
const EFailToRecoverPubKey: u64 = 0;
#[allow(unused_const)]
/// The signature is malformed.
const EInvalidSignature: u64 = 1;
#[allow(unused_const)]
/// The public key is malformed.
const EInvalidPubKey: u64 = 2;
#[test_only, allow(unused_const)]
/// The private key is malformed.
const EInvalidPrivKey: u64 = 3;
#[test_only, allow(unused_const)]
/// `hash` names no function.
const EInvalidHashFunction: u64 = 4;
#[test_only, allow(unused_const)]
/// The seed has not 32 bytes.
const EInvalidSeed: u64 = 5;

#[allow(unused_const)]
const KECCAK256: u8 = 0;
#[allow(unused_const)]
const SHA256: u8 = 1;

/// Returns the compressed public key (33 bytes) that made a signature of 65 bytes: r, s, and v from 0 to 3.
/// Aborts with `EFailToRecoverPubKey` or `EInvalidSignature`.
public native fun secp256k1_ecrecover(signature: &vector<u8>, msg: &vector<u8>, hash: u8): vector<u8>;

/// Returns the uncompressed form (65 bytes) of a public key. Aborts with `EInvalidPubKey`.
public native fun decompress_pubkey(pubkey: &vector<u8>): vector<u8>;

/// True when `signature` (64 bytes: r and a low s) is valid; false also for malformed input and an unknown `hash`.
public native fun secp256k1_verify(signature: &vector<u8>, public_key: &vector<u8>, msg: &vector<u8>, hash: u8): bool;

#[test_only]
/// Signs in tests; with `recoverable`, v is appended.
public native fun secp256k1_sign(private_key: &vector<u8>, msg: &vector<u8>, hash: u8, recoverable: bool): vector<u8>;

#[test_only]
/// A pair of keys for tests.
public struct KeyPair has drop {
    private_key: vector<u8>,
    public_key: vector<u8>,
}

#[test_only]
/// Borrows the private key.
public fun private_key(self: &KeyPair): &vector<u8> { &self.private_key }

#[test_only]
/// Borrows the public key.
public fun public_key(self: &KeyPair): &vector<u8> { &self.public_key }

#[test_only]
/// Makes the pair of a 32-byte seed.
public native fun secp256k1_keypair_from_seed(seed: &vector<u8>): KeyPair;
