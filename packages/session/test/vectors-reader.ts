/** What a second reader of the test vectors needs: node:crypto under short names. Nothing of the product is imported. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  verify,
  type CipherGCMTypes,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// oxlint-disable-next-line typescript/no-explicit-any: the files are read as whoever implements the protocol anew would
export type Json = any;
export const read = (name: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../docs/vectors', `${name}.json`), 'utf8'));

export const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
export const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');
export const cat = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
export const le = (value: number | bigint, length: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out.subarray(0, length);
};
export const zeros = (length: number): Buffer => Buffer.alloc(length);
export const h = (name: 'sha256' | 'sha512', ...parts: Uint8Array[]): Buffer =>
  createHash(name)
    .update(cat(...parts))
    .digest();
export const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array | string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha512', ikm, salt, typeof info === 'string' ? ascii(info) : info, length));
export const hmac = (key: Uint8Array, byte: number): Buffer =>
  createHmac('sha512', key).update(Uint8Array.of(byte)).digest();
export const parts32 = (buffer: Buffer): string[] =>
  Array.from({ length: buffer.length / 32 }, (_, at) =>
    buffer.subarray(32 * at, 32 * at + 32).toString('hex'),
  );
export const ec = (key: Uint8Array): Buffer => cat(Uint8Array.of(5), key);
export const kem = (key: Uint8Array): Buffer => cat(Uint8Array.of(10), key);
export const pkcs8 = (prefix: string, seed: Uint8Array): ReturnType<typeof createPrivateKey> =>
  createPrivateKey({ key: cat(bytes(prefix), seed), format: 'der', type: 'pkcs8' });
export const x25519 = (seed: Uint8Array): ReturnType<typeof createPrivateKey> =>
  pkcs8('302e020100300506032b656e04220420', seed);
export const mlKem = (seed: Uint8Array): ReturnType<typeof createPrivateKey> =>
  pkcs8('3054020100300b060960864801650304040304428040', seed);
export const rawPublic = (key: ReturnType<typeof createPrivateKey>): Buffer =>
  createPublicKey(key).export({ format: 'raw-public' }) as Buffer;
export const dh = (secret: Uint8Array, publicKey: Uint8Array): Buffer =>
  diffieHellman({
    privateKey: x25519(secret),
    publicKey: createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: 'x25519' }),
  });

export function open(
  mode: 'gcm' | 'gcm-siv',
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Buffer {
  return openWith(`aes-256-${mode}`, key, nonce, sealed, aad);
}

export function openWith(
  cipher: string,
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Buffer {
  const decipher = createDecipheriv(cipher as CipherGCMTypes, key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad, { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  return cat(decipher.update(sealed.subarray(0, -16)), decipher.final());
}

export function sealSiv(key: Uint8Array, plaintext: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm-siv' as CipherGCMTypes, key, zeros(12), { authTagLength: 16 });
  cipher.setAAD(zeros(0));
  const body = cat(cipher.update(plaintext), cipher.final());
  return cat(body, cipher.getAuthTag()).toString('hex');
}

/** True when both halves of an algorithm 1 signature verify; `message` is what both sign. */
export function verifiesHybrid(file: Json, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 4692 || signature[0] !== 1) return false;
  const mlDsa87 = createPublicKey({
    key: bytes(file.mlDsa87),
    format: 'raw-public',
    asymmetricKeyType: 'ml-dsa-87',
  });
  const context = ascii('wot.id/v1');
  return (
    verifiesEd25519(file, message, signature.subarray(1, 65)) &&
    verify(null, message, { key: mlDsa87, context }, signature.subarray(65))
  );
}

export function verifiesEd25519(file: Json, message: Uint8Array, signature: Uint8Array): boolean {
  const ed25519 = createPublicKey({
    key: bytes(file.ed25519),
    format: 'raw-public',
    asymmetricKeyType: 'ed25519',
  });
  return verify(null, message, ed25519, signature);
}

export const signedMessage = (purpose: string, body: Uint8Array, domain = 'wot.id/v1/sig'): Buffer =>
  cat(ascii(domain), zeros(1), ascii(purpose), zeros(1), h('sha512', body));

export const identityBlock = (person: Json): Buffer =>
  cat(
    Uint8Array.of(1, person.did.length),
    ascii(person.did),
    bytes(person.ik),
    bytes(person.ed25519),
    bytes(person.mlDsa87),
    ...(person.falcon1024 === undefined ? [zeros(1)] : [Uint8Array.of(1), bytes(person.falcon1024)]),
  );
export const F: Buffer = Buffer.alloc(32, 0xff);
export const PQXDH: string = 'WOTID-PQXDH-V1_CURVE25519_SHA-512_ML-KEM-1024';
export const X3DH: string = 'WOTID-X3DH-V1_CURVE25519_SHA-512';

/** A signature of level 3, or of levels 1 and 2, by its own first byte. */
export function verifiesAtLevel(
  level: number,
  person: Json,
  purpose: string,
  body: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (level === 3) return verifiesHybrid(person, signedMessage(purpose, body), signature);
  const message = signedMessage(purpose, body, 'wot.id/v1/sig-3');
  return (
    signature.length === 65 && signature[0] === 3 && verifiesEd25519(person, message, signature.subarray(1))
  );
}

/** Both keys behind the seed of a one-time pair. */
export function oneTimeKeys(
  seed: Uint8Array,
): readonly [
  { readonly secret: Buffer; readonly publicKey: Buffer },
  { readonly seed: Buffer; readonly publicKey: Buffer },
] {
  const okm = hkdf(seed, zeros(64), 'wot.id/v1/one-time', 96);
  const [secret, kemSeed] = [okm.subarray(0, 32), okm.subarray(32)];
  return [
    { secret, publicKey: rawPublic(x25519(secret)) },
    { seed: kemSeed, publicKey: rawPublic(mlKem(kemSeed)) },
  ];
}

/** The public keys of an identity from its seeds: version u8 = 1, X25519 secret 32, Ed25519 seed 32, ML-DSA-87 seed 32. */
export function identityPublicKeys(seeds: Uint8Array): {
  readonly ed25519: string;
  readonly mlDsa87: string;
} {
  const publicKey = (prefix: string, seed: Uint8Array): string =>
    rawPublic(pkcs8(prefix, seed)).toString('hex');
  return {
    ed25519: publicKey('302e020100300506032b657004220420', seeds.subarray(33, 65)),
    mlDsa87: publicKey('3034020100300b060960864801650304031304228020', seeds.subarray(65, 97)),
  };
}
