/// Signatures and keyed hashes; vectors of RFC 6979, EIP-155, Bitcoin's RFC 6979 tests and NIST's HMAC examples.
#[test_only]
module iota::signature_tests;

use iota::ecdsa_k1;
use iota::ecdsa_r1;
use iota::hmac;
use iota::test_utils::assert_eq;

const KECCAK256: u8 = 0;
const SHA256: u8 = 1;

/// The generator, which is the public key of the private key 1, and Bitcoin's vector for that key.
const GENERATOR: vector<u8> = x"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const SATOSHI: vector<u8> =
    x"934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5";

/// RFC 6979, appendix A.2.5.
const P256_KEY: vector<u8> = x"0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const P256_TEST: vector<u8> =
    x"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
const P256_SAMPLE: vector<u8> =
    x"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

fun with_v(mut signature: vector<u8>, v: u8): vector<u8> {
    signature.push_back(v);
    signature
}

#[test]
fun secp256k1_verifies() {
    let text = b"Satoshi Nakamoto";
    assert!(ecdsa_k1::secp256k1_verify(&SATOSHI, &GENERATOR, &text, SHA256));
    assert!(!ecdsa_k1::secp256k1_verify(&SATOSHI, &GENERATOR, &text, KECCAK256));
    assert!(!ecdsa_k1::secp256k1_verify(&SATOSHI, &GENERATOR, &text, 2));
    assert!(!ecdsa_k1::secp256k1_verify(&SATOSHI, &GENERATOR, &b"", SHA256));
    assert!(!ecdsa_k1::secp256k1_verify(&SATOSHI, &P256_KEY, &text, SHA256));
    assert!(!ecdsa_k1::secp256k1_verify(&x"00", &GENERATOR, &text, SHA256));
    assert!(!ecdsa_k1::secp256k1_verify(&SATOSHI, &x"00", &text, SHA256));
}

#[test]
fun secp256k1_keys_are_recovered() {
    assert_eq(ecdsa_k1::secp256k1_ecrecover(&with_v(SATOSHI, 1), &b"Satoshi Nakamoto", SHA256), GENERATOR);
    // The transaction and the key of EIP-155's example.
    let signature =
        x"28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa63627667cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300";
    let transaction =
        x"ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
    let key = ecdsa_k1::secp256k1_ecrecover(&signature, &transaction, KECCAK256);
    let full = ecdsa_k1::decompress_pubkey(&key);
    assert_eq(full.length(), 65);
    let mut hash = iota::hash::keccak256(&vector::tabulate!(64, |at| full[at + 1]));
    hash.reverse();
    let mut account = vector::tabulate!(20, |at| hash[at]);
    account.reverse();
    assert_eq(account, x"9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
}

#[test]
fun secp256k1_test_keys_sign() {
    let pair = ecdsa_k1::secp256k1_keypair_from_seed(&vector::tabulate!(32, |at| at as u8));
    let signature = ecdsa_k1::secp256k1_sign(pair.private_key(), &b"text", SHA256, true);
    assert_eq(ecdsa_k1::secp256k1_ecrecover(&signature, &b"text", SHA256), *pair.public_key());
}

#[test, expected_failure(abort_code = ecdsa_k1::EFailToRecoverPubKey)]
fun secp256k1_recovery_knows_two_hashes() {
    ecdsa_k1::secp256k1_ecrecover(&with_v(SATOSHI, 1), &b"", 2);
}

#[test, expected_failure(abort_code = ecdsa_k1::EInvalidSignature)]
fun secp256k1_recovery_needs_v() { ecdsa_k1::secp256k1_ecrecover(&SATOSHI, &b"", SHA256); }

#[test, expected_failure(abort_code = ecdsa_k1::EInvalidPubKey)]
fun secp256k1_keys_are_points() {
    ecdsa_k1::decompress_pubkey(&x"020000000000000000000000000000000000000000000000000000000000000000");
}

#[test]
fun secp256r1_verifies() {
    assert!(ecdsa_r1::secp256r1_verify(&P256_TEST, &P256_KEY, &b"test", SHA256));
    assert!(!ecdsa_r1::secp256r1_verify(&P256_TEST, &P256_KEY, &b"test", KECCAK256));
    assert!(!ecdsa_r1::secp256r1_verify(&P256_TEST, &P256_KEY, &b"test", 2));
    assert!(!ecdsa_r1::secp256r1_verify(&P256_TEST, &P256_KEY, &b"rest", SHA256));
    assert!(!ecdsa_r1::secp256r1_verify(&P256_TEST, &GENERATOR, &b"test", SHA256));
    assert!(!ecdsa_r1::secp256r1_verify(&x"00", &P256_KEY, &b"test", SHA256));
    // Correct, but s is in the upper half.
    assert!(!ecdsa_r1::secp256r1_verify(&P256_SAMPLE, &P256_KEY, &b"sample", SHA256));
}

#[test]
fun secp256r1_keys_are_recovered() {
    assert_eq(ecdsa_r1::secp256r1_ecrecover(&with_v(P256_TEST, 0), &b"test", SHA256), P256_KEY);
    assert_eq(ecdsa_r1::secp256r1_ecrecover(&with_v(P256_SAMPLE, 0), &b"sample", SHA256), P256_KEY);
}

#[test, expected_failure(abort_code = ecdsa_r1::EFailToRecoverPubKey)]
fun secp256r1_recovery_knows_two_hashes() {
    ecdsa_r1::secp256r1_ecrecover(&with_v(P256_TEST, 0), &b"", 2);
}

#[test, expected_failure(abort_code = ecdsa_r1::EInvalidSignature)]
fun secp256r1_recovery_has_four_candidates() {
    ecdsa_r1::secp256r1_ecrecover(&with_v(P256_TEST, 4), &b"test", SHA256);
}

#[test]
fun hmac_of_sha3() {
    let key = vector::tabulate!(32, |at| at as u8);
    assert_eq(
        hmac::hmac_sha3_256(&key, &b"Sample message for keylen<blocklen"),
        x"4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205",
    );
}
