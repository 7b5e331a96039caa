/**
 * The service's own secret of 32 bytes, from which keys for one purpose each are derived (HKDF-SHA-512). All instances on
 * one database have the same one. It never leaves the process, and without it a stolen database tells neither who the
 * humans are nor what would collect their credentials.
 */
import { concatBytes, fromUtf8, utf8 } from '@wotid/core';
import { decodeBase64Url, encodeBase64Url } from '@wotid/credential';
import { StorageKey, timingSafeEqual, wipe, type CryptoProvider } from '@wotid/crypto';

/** Bytes of the secret. */
export const serviceSecretBytes = 32;
const macBytes = 32;

/** Purposes of derived keys; a new one never reuses a name. */
const purposes = {
  human: 'wot.id/v1/identity/human',
  offerCode: 'wot.id/v1/identity/offer-code',
  txCode: 'wot.id/v1/identity/tx-code',
  nonce: 'wot.id/v1/identity/nonce',
  storage: 'wot.id/v1/identity/storage',
  issuerKeys: 'wot.id/v1/identity/issuer-keys',
} as const;
/** Purposes whose key makes hashes. */
type MacPurpose = Exclude<keyof typeof purposes, 'storage' | 'issuerKeys'>;

/** Seals the issuer's private keys for the database. @param secret 32 random bytes; copied */
export function issuerKeysStorage(provider: CryptoProvider, secret: Uint8Array): StorageKey {
  return storageKey(provider, secret, purposes.issuerKeys);
}

function storageKey(provider: CryptoProvider, secret: Uint8Array, purpose: string): StorageKey {
  assertSecret(secret);
  const key = provider.hkdfSha512(secret, new Uint8Array(0), utf8(purpose), macBytes);
  try {
    return new StorageKey(provider, key);
  } finally {
    wipe(key);
  }
}

function assertSecret(secret: Uint8Array): void {
  if (secret.length !== serviceSecretBytes) throw new RangeError('the service secret has 32 bytes');
}

/** What the secret does; nothing of it can be read. */
export class ServiceSecret implements Disposable {
  readonly #provider: CryptoProvider;
  readonly #keys: Readonly<Record<MacPurpose, Uint8Array>>;
  readonly #storage: StorageKey;

  /** @param secret 32 random bytes; copied */
  constructor(provider: CryptoProvider, secret: Uint8Array) {
    assertSecret(secret);
    this.#provider = provider;
    const derive = (info: string): Uint8Array =>
      provider.hkdfSha512(secret, new Uint8Array(0), utf8(info), macBytes);
    this.#keys = {
      human: derive(purposes.human),
      offerCode: derive(purposes.offerCode),
      txCode: derive(purposes.txCode),
      nonce: derive(purposes.nonce),
    };
    this.#storage = storageKey(provider, secret, purposes.storage);
  }

  /**
   * The keyed hash by which a human is known: 32 bytes. Spellings that people mix up (case, width, spaces), and
   * those that look the same because what makes them differ is invisible, are one.
   * @param identifier what identifies the human, such as a document's number
   */
  humanHash(identifier: string): Uint8Array {
    const visible = identifier
      .normalize('NFKC')
      .toLowerCase()
      .replace(/\s/gu, ' ')
      .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu, '');
    return this.#mac('human', utf8(visible.normalize('NFKC').replace(/ +/g, ' ').trim()));
  }

  /** The pre-authorized code of an offer. */
  offerCode(offerId: string): string {
    return `${offerId}.${encodeBase64Url(this.#mac('offerCode', utf8(offerId)))}`;
  }

  /** The id of the offer that a code belongs to, or `null` for a code that was not made here. */
  offerIdOf(code: string): string | null {
    const [offerId = '', mac = '', ...rest] = code.split('.');
    const given = decodeBase64Url(mac);
    if (rest.length > 0 || given === null) return null;
    return timingSafeEqual(given, this.#mac('offerCode', utf8(offerId))) ? offerId : null;
  }

  /** What is stored of a transaction code: six digits alone would be guessed from a plain hash. */
  txCodeHash(offerId: string, txCode: string): Uint8Array {
    return this.#mac('txCode', utf8(`${offerId}.${txCode}`));
  }

  /** A nonce that carries its expiry: u64 milliseconds, 16 random bytes, MAC, as base64url. */
  createNonce(expiresAtMs: number): string {
    const body = new Uint8Array(24);
    new DataView(body.buffer).setBigUint64(0, BigInt(expiresAtMs));
    body.set(this.#provider.random.bytes(16), 8);
    return encodeBase64Url(concatBytes(body, this.#mac('nonce', body)));
  }

  /** When a nonce expires, or `null` for one that was not made here. */
  nonceExpiry(nonce: string): number | null {
    const bytes = decodeBase64Url(nonce);
    if (bytes === null || bytes.length !== 24 + macBytes) return null;
    const body = bytes.subarray(0, 24);
    if (!timingSafeEqual(bytes.subarray(24), this.#mac('nonce', body))) return null;
    return Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0));
  }

  /** Seals a text for the database. @param place what it is and whose, needed again to open it */
  seal(text: string, place: string): Uint8Array {
    return this.#storage.seal(utf8(text), utf8(place));
  }

  /** @throws CryptoError `CORRUPT` */
  open(sealed: Uint8Array, place: string): string {
    return fromUtf8(this.#storage.open(sealed, utf8(place)));
  }

  [Symbol.dispose](): void {
    wipe(...Object.values(this.#keys));
    this.#storage[Symbol.dispose]();
  }

  #mac(purpose: MacPurpose, data: Uint8Array): Uint8Array {
    return this.#provider.hmacSha512(this.#keys[purpose], data).subarray(0, macBytes);
  }
}
