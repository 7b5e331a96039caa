/** What this package reads of strangers' bytes. OpenSSL and noble judge the same keys: they must not disagree. */
import { bcs, decodeStrict, fixedBytesType } from '@wotid/core';
import { decoder, SeededRandom, type Decoder } from '@wotid/testkit';
import {
  CheckedProvider,
  createStorageKey,
  decodeSigned,
  encodeIdentityBlock,
  hybridSignatureType,
  IdentityKeys,
  importIdentityVerifyingKeys,
  NodeProvider,
  openRecord,
  openStorageKey,
  parseIdentityBlock,
  sealRecord,
  signHybrid,
  verifyHybrid,
  type HybridAlgorithm,
  type IdentityBlock,
  type SignatureAlgorithm,
} from '../../src/index.ts';

const checked = new CheckedProvider();
const native = new NodeProvider();
const random = new SeededRandom('decoders of crypto');
const decodeCodes = ['TOO_LARGE', 'MALFORMED', 'NON_CANONICAL'];

const keys = IdentityKeys.generate(native, { falcon: true });
const blockOf = (did: string, isFalcon: boolean): IdentityBlock => ({
  did,
  ik: keys.ik.publicKey,
  ed25519: keys.ed25519.publicKey,
  mlDsa87: keys.mlDsa87.publicKey,
  falcon1024: isFalcon ? (keys.falcon1024?.publicKey ?? null) : null,
});
const blocks = [
  blockOf('did:example:a', false),
  blockOf(`did:jwk:${'x'.repeat(240)}`, false),
  blockOf('did:iota:0x12', true),
];

const verifying = importIdentityVerifyingKeys(native, blockOf('did:example:a', true));
const body = random.bytes(40);
const algorithms: readonly HybridAlgorithm[] = [1, 2, 3];
const signatures = algorithms.map((algorithm) => signHybrid(native, keys, 'tsp', body, algorithm));
const signedType = bcs.struct('signed', { number: bcs.u32(), nonce: fixedBytesType(16) });
const signedBytes = signatures.map((signature) => Uint8Array.from([...random.bytes(20), ...signature]));

const kemPair = checked.kemGenerate();
const ciphertexts = [0, 1].map(
  () => checked.kemEncapsulate(checked.kemImportPublic(kemPair.publicKey)).ciphertext,
);
const x25519 = checked.x25519Generate();
const verifyingKeys: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  ed25519: keys.ed25519.publicKey,
  'ml-dsa-87': keys.mlDsa87.publicKey,
  'falcon-1024': keys.falcon1024?.publicKey ?? new Uint8Array(),
};

const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
const storage = await createStorageKey('passphrase', { cost });
const place = random.bytes(8);

/** What a public key does, in the same words for every key. */
const verifyingKey = (algorithm: SignatureAlgorithm): Decoder =>
  decoder({
    name: `crypto/key ${algorithm}`,
    seeds: [verifyingKeys[algorithm]],
    decode: (bytes) => {
      using key = checked.importVerifyingKey(algorithm, bytes);
      // Garbage as a key verifies nothing, and both providers say so.
      checked.verify(key, body, new Uint8Array(64));
      return key.publicKey.slice();
    },
    encode: (key) => key,
    codes: ['BAD_PUBLIC_KEY'],
  });

export const decoders: readonly Decoder[] = [
  decoder({
    name: 'crypto/identity block',
    seeds: blocks.map(encodeIdentityBlock),
    decode: parseIdentityBlock,
    encode: encodeIdentityBlock,
    codes: [...decodeCodes, 'BAD_IDENTITY', 'BAD_PUBLIC_KEY'],
  }),
  decoder({
    name: 'crypto/signature bytes',
    seeds: signatures,
    decode: (bytes) => decodeStrict(hybridSignatureType, bytes, { what: 'signature', maxBytes: 5_000 }),
    encode: (signature) => signature,
    codes: decodeCodes,
  }),
  decoder({
    name: 'crypto/signed value',
    seeds: signedBytes,
    decode: (bytes) => decodeSigned(signedType, bytes, { what: 'signed value', maxBytes: 5_000 }),
    encode: ({ body: signed, signature }) => Uint8Array.from([...signed, ...signature]),
    codes: decodeCodes,
  }),
  ...algorithms.map((algorithm, at) =>
    decoder({
      name: `crypto/signature ${algorithm}`,
      seeds: [signatures[at] as Uint8Array],
      decode: (bytes) =>
        verifyHybrid(native, verifying, 'tsp', body, bytes, algorithms) ? bytes.slice() : null,
      encode: (bytes) => bytes,
      codes: [],
      isAuthentic: true,
      isCostly: algorithm !== 3,
    }),
  ),
  verifyingKey('ed25519'),
  verifyingKey('ml-dsa-87'),
  verifyingKey('falcon-1024'),
  decoder({
    name: 'crypto/key ml-kem-1024',
    seeds: [kemPair.publicKey],
    decode: (bytes) => {
      using key = checked.kemImportPublic(bytes);
      return key.publicKey.slice();
    },
    encode: (key) => key,
    codes: ['BAD_PUBLIC_KEY'],
    isCostly: true,
  }),
  decoder({
    name: 'crypto/ciphertext ml-kem-1024',
    seeds: ciphertexts,
    decode: (bytes) => checked.kemDecapsulate(kemPair, bytes),
    codes: ['BAD_CIPHERTEXT'],
    isCostly: true,
  }),
  decoder({
    name: 'crypto/key x25519',
    seeds: [x25519.publicKey, checked.x25519Generate().publicKey],
    decode: (bytes) => checked.x25519(x25519, bytes),
    codes: ['BAD_PUBLIC_KEY'],
    isCostly: true,
  }),
  decoder({
    name: 'crypto/record',
    seeds: [0, 1, 300].map((length) => sealRecord(storage.key, random.bytes(length), place)),
    decode: (bytes) => openRecord(storage.key, bytes, place),
    codes: ['CORRUPT'],
    isAuthentic: true,
  }),
  decoder({
    name: 'crypto/storage header',
    seeds: [storage.header],
    decode: async (bytes) => {
      using key = await openStorageKey('passphrase', bytes);
      return JSON.stringify(key);
    },
    codes: ['CORRUPT'],
    isAuthentic: true,
  }),
];
