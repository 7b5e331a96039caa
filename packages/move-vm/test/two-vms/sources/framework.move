/// Natives and framework functions whose arguments a machine does not guess.
module programs::framework;

use iota::ecdsa_k1;
use iota::ecdsa_r1;
use iota::ed25519;
use iota::hash;
use iota::hmac;
use std::ascii;
use std::string;
use std::type_name;

public struct Tag<phantom T> has drop {}

public fun hashes(bytes: vector<u8>): (vector<u8>, vector<u8>, vector<u8>, vector<u8>) {
    (
        hash::blake2b256(&bytes),
        hash::keccak256(&bytes),
        std::hash::sha2_256(bytes),
        std::hash::sha3_256(bytes),
    )
}

public fun mac(key: vector<u8>, message: vector<u8>): vector<u8> { hmac::hmac_sha3_256(&key, &message) }

public fun ed25519_good(flip: u8): bool {
    let mut signature =
        x"4810c6ba92b032aafc61eef1514b2cfbd57f0a9bd95adfc6dd3156d66ca0e4037bd71344be31d42a2d45cd470afc9f6788c38669f13b263a47282ceef6563504";
    let byte = &mut signature[(flip as u64) % 64];
    *byte = *byte ^ (flip & 1);
    let key = x"ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    ed25519::ed25519_verify(&signature, &key, &b"two machines")
}

public fun ed25519_any(signature: vector<u8>, key: vector<u8>): bool {
    ed25519::ed25519_verify(&signature, &key, &b"two machines")
}

public fun k1(flip: u8, by: u8): (bool, vector<u8>) {
    let mut signature =
        x"b4e0f40e83199614435fe62987c383c56c23cd12e636277562943e62cf764db77803381bb0a3e6c98bd4583af98d85a87526a9a92333cc2c0fbe533449c8db48";
    let byte = &mut signature[(flip as u64) % 64];
    *byte = *byte ^ (by & 1);
    let key = x"02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f";
    let good = ecdsa_k1::secp256k1_verify(&signature, &key, &b"two machines", 1);
    signature.push_back(by & 3);
    (good, ecdsa_k1::secp256k1_ecrecover(&signature, &b"two machines", flip & 1))
}

public fun k1_key(byte: u8): vector<u8> {
    let mut key = x"02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f";
    let last = &mut key[32];
    *last = *last ^ byte;
    ecdsa_k1::decompress_pubkey(&key)
}

public fun k1_bad_key(bytes: vector<u8>): vector<u8> { ecdsa_k1::decompress_pubkey(&bytes) }

public fun k1_bad_signature(bytes: vector<u8>): vector<u8> { ecdsa_k1::secp256k1_ecrecover(&bytes, &b"", 0) }

public fun r1(flip: u8, by: u8): (bool, vector<u8>) {
    let mut signature =
        x"738308c22f73c566b35dbfb98c83bb12e4d6f080bdf4773155c8f36531ffaac675f83b66b757f90d926665fab858afe7441a2f95a178598fae49a961e685635a";
    let byte = &mut signature[(flip as u64) % 64];
    *byte = *byte ^ (by & 1);
    let key = x"031e18532fd4754c02f3041d9c75ceb33b83ffd81ac7ce4fe882ccb1c98bc5896e";
    let good = ecdsa_r1::secp256r1_verify(&signature, &key, &b"two machines", 1);
    signature.push_back(by & 3);
    (good, ecdsa_r1::secp256r1_ecrecover(&signature, &b"two machines", flip & 1))
}

public fun r1_bad_signature(bytes: vector<u8>): vector<u8> { ecdsa_r1::secp256r1_ecrecover(&bytes, &b"", 0) }

public fun names(): (ascii::String, ascii::String, ascii::String) {
    (
        type_name::get<vector<u64>>().into_string(),
        type_name::get<Option<string::String>>().into_string(),
        type_name::get_with_original_ids<iota::vec_map::VecMap<address, bool>>().into_string(),
    )
}

public fun text(bytes: vector<u8>, at: u64): (string::String, ascii::String) {
    let mut text = bytes.to_string();
    text.insert(at, b"-".to_string());
    (text, ascii::string(bytes))
}

public fun slices(): (string::String, u64) {
    let text = b"zwei Maschinen".to_string();
    (text.substring(5, 9), text.index_of(&b"Masch".to_string()))
}

public fun slice_of_umlaut(at: u64): string::String { x"c3a461".to_string().substring(0, at % 5) }

public fun sorted(numbers: vector<u64>): vector<u64> {
    let mut numbers = numbers;
    let n = numbers.length();
    n.do!(|_| (n - 1).do!(|j| if (numbers[j] > numbers[j + 1]) numbers.swap(j, j + 1)));
    numbers
}

public fun folded(numbers: vector<u64>): u64 { numbers.fold!(0, |sum, n| sum + n) }

public fun map(keys: vector<u8>, wanted: u8): (u64, u8) {
    let mut map = iota::vec_map::empty<u8, u8>();
    keys.do!(|key| map.insert(key, key ^ 1));
    let value = *map.get(&wanted);
    map.remove(&wanted);
    (map.size(), value)
}

public fun parse(bytes: vector<u8>): (u8, u64, vector<bool>, Option<address>) {
    let mut reader = iota::bcs::new(bytes);
    (
        reader.peel_u8(),
        reader.peel_u64(),
        reader.peel_vec_bool(),
        reader.peel_option_address(),
    )
}

public fun square_root(n: u64): u64 { n.sqrt() }

public fun power(base: u64, exponent: u8): u64 { base.pow(exponent) }

public fun ratio(numerator: u64, denominator: u64): std::fixed_point32::FixedPoint32 {
    std::fixed_point32::create_from_rational(numerator, denominator)
}

public fun calls_forever() { calls_forever() }

public fun stacks_forever(): u64 { 1 + 2 * stacks_forever() }
