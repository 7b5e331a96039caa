/**
 * Published test vectors, each with its source. Values are hexadecimal.
 */
import type { AeadAlgorithm } from '../src/index.ts';

/** One sealing; `sealed` is ciphertext, then tag. */
export interface AeadVector {
  readonly source: string;
  readonly algorithm: AeadAlgorithm;
  readonly key: string;
  readonly nonce: string;
  readonly plaintext: string;
  readonly aad: string;
  readonly sealed: string;
}

/** RFC 7748 section 5.2. */
export const x25519Vectors = [
  {
    scalar: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    u: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    out: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  },
  {
    // The RFC prints u with its top bit set (last byte 93) and masks it.
    scalar: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    u: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413',
    out: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  },
] as const;

/** RFC 7748 section 6.1. */
export const x25519Agreement = {
  alice: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
  alicePublic: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  bob: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
  shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
} as const;

/** RFC 7748 section 5.2, after one and after 1,000 iterations from 9. */
export const x25519Iterated = {
  once: '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  thousand: '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51',
} as const;

/** RFC 8032 section 7.1, tests 1 to 3. */
export const ed25519Vectors = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
] as const;

/** FIPS 180-4 example "abc". */
export const hashOfAbc = {
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const;

/** RFC 4231 sections 4.2 and 4.3. */
export const hmacSha512Vectors = [
  {
    key: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    data: '4869205468657265',
    out: '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  },
  {
    key: '4a656665',
    data: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    out: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  },
] as const;

/** The inputs of RFC 5869 A.1 under SHA-512 (Kullo, "HKDF-SHA-512 test vectors"; the RFC itself stops at SHA-256). */
export const hkdfSha512Vector = {
  ikm: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
  salt: '000102030405060708090a0b0c',
  info: 'f0f1f2f3f4f5f6f7f8f9',
  out: '832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb',
} as const;

/** The three AEADs. */
export const aeadVectors: readonly AeadVector[] = [
  {
    source: 'McGrew and Viega, The Galois/Counter Mode, test case 13',
    algorithm: 'aes-256-gcm',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    plaintext: '',
    aad: '',
    sealed: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    source: 'McGrew and Viega, The Galois/Counter Mode, test case 16',
    algorithm: 'aes-256-gcm',
    key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
    nonce: 'cafebabefacedbaddecaf888',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
  {
    source: 'RFC 8452 appendix C.2, empty plaintext',
    algorithm: 'aes-256-gcm-siv',
    key: `01${'00'.repeat(31)}`,
    nonce: `03${'00'.repeat(11)}`,
    plaintext: '',
    aad: '',
    sealed: '07f5f4169bbf55a8400cd47ea6fd400f',
  },
  {
    source: 'RFC 8452 appendix C.2, 8 bytes',
    algorithm: 'aes-256-gcm-siv',
    key: `01${'00'.repeat(31)}`,
    nonce: `03${'00'.repeat(11)}`,
    plaintext: '0100000000000000',
    aad: '',
    sealed: 'c2ef328e5c71c83b843122130f7364b761e0b97427e3df28',
  },
  {
    source: 'RFC 8452 appendix C.2, 16 bytes',
    algorithm: 'aes-256-gcm-siv',
    key: `01${'00'.repeat(31)}`,
    nonce: `03${'00'.repeat(11)}`,
    plaintext: `01${'00'.repeat(15)}`,
    aad: '',
    sealed: '85a01b63025ba19b7fd3ddfc033b3e76c9eac6fa700942702e90862383c6c366',
  },
  {
    source: 'RFC 8439 section 2.8.2',
    algorithm: 'chacha20-poly1305',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '070000004041424344454647',
    plaintext:
      '4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e',
    aad: '50515253c0c1c2c3c4c5c6c7',
    sealed:
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  },
];

/**
 * First eight bytes of SHA-256 where so named; OpenSSL 3.5 and noble-post-quantum 0.7.1 agree on all of them.
 * ML-KEM seed 00..3f, message 42 x 32; ML-DSA seed 07 x 32, message "abc", context "wot.id/v1", deterministic.
 */
export const postQuantumAnswers = {
  kemPublicKeySha256: 'c7b8fa0aa471d5ae',
  kemCiphertextSha256: 'a92b6445ec6e627b',
  kemSharedSecret: 'dde5bda1124813a0',
  kemRejectedSecret: '3cf76b5d88b6b780',
  mlDsaPublicKeySha256: '9e1e860361994891',
  mlDsaSignatureSha256: '66a00d20bdc77149',
} as const;

/** RFC 9106 section 5.3 (Argon2id, with secret and associated data). */
export const argon2idVector = {
  message: '0101010101010101010101010101010101010101010101010101010101010101',
  nonce: '02020202020202020202020202020202',
  secret: '0303030303030303',
  associatedData: '040404040404040404040404',
  memory: 32,
  passes: 3,
  parallelism: 4,
  tag: '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
} as const;
