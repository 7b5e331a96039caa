/**
 * Sealing at rest: AES-256-GCM under a key that comes from a passphrase (Argon2id, RFC 9106), for key files and session
 * records. The passphrase is stretched once per {@link StorageKey}; records under it cost microseconds.
 *
 * Header, 59 bytes:
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 4 | `wots` |
 * | 4 | 1 | version 1 |
 * | 5 | 1 | key derivation 1 = Argon2id version 19 |
 * | 6 | 4 | memory in KiB, little-endian |
 * | 10 | 4 | passes, little-endian |
 * | 14 | 1 | lanes |
 * | 15 | 16 | salt |
 * | 31 | 16 | check: derived from the passphrase |
 * | 47 | 12 | checksum: SHA-256 of bytes 0..46, cut |
 *
 * Record: version u8 = 1 | nonce 12 | ciphertext | tag 16. AAD = `wot.id/v1/record` 00, then the caller's.
 *
 * Telling a wrong passphrase from damage: damage to the header breaks the checksum (`CORRUPT`), another passphrase gives
 * another check value (`WRONG_PASSPHRASE`), and a record that fails under a proven key is damaged (`CORRUPT`). The
 * check is an HKDF output independent of the keys. It tells an offline guesser nothing that the tag of the record
 * would not: one Argon2id run per guess either way. Whoever can rewrite the header can choose which of the two errors
 * appears; neither gives access.
 */
import { argon2 } from 'node:crypto';
import { concatBytes, equalBytes, u32le, utf8 } from '@wotid/core';
import { CryptoError } from './crypto-error.ts';
import { NodeProvider } from './node-provider.ts';
import type { CryptoProvider } from './provider.ts';
import { wipe } from './secret-bytes.ts';
import { aeadKeyBytes, aeadNonceBytes, aeadTagBytes } from './sizes.ts';
import { timingSafeEqual } from './timing-safe-equal.ts';

/** Cost of stretching a passphrase. */
export interface PassphraseCost {
  /** Memory in KiB. */
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes; about 0.3 s on two slow cores. */
export const defaultPassphraseCost: PassphraseCost = { memoryKiB: 65_536, passes: 3, lanes: 4 };

/**
 * The most that a header may ask of us, checked before anything is computed: a planted file must not take the machine
 * down. 1 GiB is half of RFC 9106's first recommended option; the passes and lanes leave a factor of five and four.
 */
export const maxPassphraseCost: PassphraseCost = { memoryKiB: 1_048_576, passes: 16, lanes: 16 };

/** Length of the header that {@link createStorageKey} gives. */
export const storageHeaderBytes = 59;

/** What a record is longer than its plaintext: version, nonce, tag. */
export const recordOverheadBytes: number = 1 + aeadNonceBytes + aeadTagBytes;

const magic = utf8('wots');
const headerVersion = 1;
const argon2idV19 = 1;
const recordVersion = 1;
const saltBytes = 16;
const checkBytes = 16;
const saltAt = 15;
const checkAt: number = saltAt + saltBytes;
const checksumAt: number = checkAt + checkBytes;
const recordDomain = concatBytes(utf8('wot.id/v1/record'), Uint8Array.of(0));

/** Settings of the functions that stretch a passphrase. */
export interface SealingInit {
  /** Default: `NodeProvider`. */
  readonly provider?: CryptoProvider;
  /** Used when a header is made; an existing header brings its own. Default {@link defaultPassphraseCost}. */
  readonly cost?: PassphraseCost;
}

/** A key for records at rest. It prints nothing, and sealing under one key is safe for 2^32 records (SP 800-38D 8.3). */
export class StorageKey implements Disposable {
  readonly #provider: CryptoProvider;
  readonly #key: Uint8Array<ArrayBuffer>;
  #disposed = false;

  /** @param key 32 uniformly random bytes, such as an operating system's keyring keeps; copied */
  constructor(provider: CryptoProvider, key: Uint8Array) {
    if (key.length !== aeadKeyBytes) {
      throw new CryptoError('BAD_SEED', `a storage key has ${aeadKeyBytes} bytes, not ${key.length}`);
    }
    this.#provider = provider;
    this.#key = new Uint8Array(key);
  }

  /** An independent key for one kind of record. @param label at most 255 bytes of text */
  derive(label: string): StorageKey {
    this.#assertUsable();
    const info = utf8(`wot.id/v1/storage/${label}`);
    const derived = this.#provider.hkdfSha512(this.#key, new Uint8Array(0), info, aeadKeyBytes);
    try {
      return new StorageKey(this.#provider, derived);
    } finally {
      wipe(derived);
    }
  }

  /** See {@link sealRecord}. */
  seal(plaintext: Uint8Array, aad: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#assertUsable();
    const nonce = this.#provider.random.bytes(aeadNonceBytes);
    const fullAad = concatBytes(recordDomain, aad);
    return concatBytes(
      Uint8Array.of(recordVersion),
      nonce,
      this.#provider.seal('aes-256-gcm', this.#key, nonce, plaintext, fullAad),
    );
  }

  /** See {@link openRecord}. */
  open(sealed: Uint8Array, aad: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#assertUsable();
    if (sealed.length < recordOverheadBytes || sealed[0] !== recordVersion) throw corrupt('record');
    const nonce = sealed.subarray(1, 1 + aeadNonceBytes);
    const fullAad = concatBytes(recordDomain, aad);
    const body = sealed.subarray(1 + aeadNonceBytes);
    const plaintext = this.#provider.open('aes-256-gcm', this.#key, nonce, body, fullAad);
    if (plaintext === null) throw corrupt('record');
    return plaintext;
  }

  toJSON(): string {
    return 'StorageKey';
  }

  /** Wipes the key; it cannot be used afterwards. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    wipe(this.#key);
  }

  #assertUsable(): void {
    if (this.#disposed) throw new CryptoError('HANDLE_DISPOSED', 'the storage key was disposed of');
  }
}

/**
 * Seals one record under `key` with a fresh random nonce.
 * @param aad what the record is and where it lives (name, version); needed again to open it, not stored
 * @returns 29 bytes more than `plaintext`
 */
export function sealRecord(key: StorageKey, plaintext: Uint8Array, aad: Uint8Array): Uint8Array<ArrayBuffer> {
  return key.seal(plaintext, aad);
}

/**
 * Opens {@link sealRecord}'s bytes; the plaintext is the caller's to wipe.
 * @throws CryptoError `CORRUPT` when they were damaged, cut, moved (other `aad`) or sealed under another key
 */
export function openRecord(key: StorageKey, sealed: Uint8Array, aad: Uint8Array): Uint8Array<ArrayBuffer> {
  return key.open(sealed, aad);
}

/**
 * Stretches a new passphrase into a key, with a fresh salt. Keep `header` (public) beside the records.
 * @param passphrase text (taken as NFC, RFC 8265 section 4.2) or bytes
 * @throws CryptoError `EMPTY_PASSPHRASE`, `BAD_KDF`
 */
export async function createStorageKey(
  passphrase: string | Uint8Array,
  init: SealingInit = {},
): Promise<{ key: StorageKey; header: Uint8Array<ArrayBuffer> }> {
  const provider = init.provider ?? new NodeProvider();
  const cost = init.cost ?? defaultPassphraseCost;
  assertCost(cost);
  const salt = provider.random.bytes(saltBytes);
  const { key, check } = await stretch(provider, passphrase, cost, salt);
  const fields = concatBytes(
    magic,
    Uint8Array.of(headerVersion, argon2idV19),
    u32le(cost.memoryKiB),
    u32le(cost.passes),
    Uint8Array.of(cost.lanes),
    salt,
    check,
  );
  return { key, header: concatBytes(fields, checksum(provider, fields)) };
}

/**
 * Stretches a passphrase with the salt and cost of an existing header.
 * @throws CryptoError `WRONG_PASSPHRASE`, `CORRUPT` (damaged header), `BAD_KDF` (a cost above the bounds),
 *   `EMPTY_PASSPHRASE`
 */
export async function openStorageKey(
  passphrase: string | Uint8Array,
  header: Uint8Array,
  init: SealingInit = {},
): Promise<StorageKey> {
  const provider = init.provider ?? new NodeProvider();
  const { cost, salt, expected } = parseHeader(provider, header);
  const { key, check } = await stretch(provider, passphrase, cost, salt);
  if (timingSafeEqual(check, expected)) return key;
  key[Symbol.dispose]();
  throw new CryptoError('WRONG_PASSPHRASE', 'the passphrase is wrong', {
    hint: 'try again; without the passphrase the sealed data cannot be read',
  });
}

/** Header and one record in one byte string. @throws CryptoError as {@link createStorageKey} */
export async function sealWithPassphrase(
  passphrase: string | Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  init: SealingInit = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { key, header } = await createStorageKey(passphrase, init);
  using owned = key;
  return concatBytes(header, owned.seal(plaintext, concatBytes(header, aad)));
}

/**
 * Opens {@link sealWithPassphrase}'s bytes; the plaintext is the caller's to wipe.
 * @throws CryptoError as {@link openStorageKey} and {@link openRecord}
 */
export async function openWithPassphrase(
  passphrase: string | Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
  init: SealingInit = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const header = sealed.subarray(0, storageHeaderBytes);
  if (sealed.length < storageHeaderBytes + recordOverheadBytes) throw corrupt('file');
  using key = await openStorageKey(passphrase, header, init);
  return key.open(sealed.subarray(storageHeaderBytes), concatBytes(header, aad));
}

function parseHeader(
  provider: CryptoProvider,
  header: Uint8Array,
): { cost: PassphraseCost; salt: Uint8Array; expected: Uint8Array } {
  if (header.length !== storageHeaderBytes || !equalBytes(header.subarray(0, magic.length), magic)) {
    throw corrupt('header');
  }
  if (!equalBytes(header.subarray(checksumAt), checksum(provider, header.subarray(0, checksumAt)))) {
    throw corrupt('header');
  }
  if (header[4] !== headerVersion || header[5] !== argon2idV19) {
    throw new CryptoError('BAD_KDF', 'the sealed data has a format that this version does not know', {
      hint: 'update wot.id',
    });
  }
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const cost = {
    memoryKiB: view.getUint32(6, true),
    passes: view.getUint32(10, true),
    lanes: view.getUint8(14),
  };
  assertCost(cost);
  return { cost, salt: header.subarray(saltAt, checkAt), expected: header.subarray(checkAt, checksumAt) };
}

/** RFC 9106 section 3.1 wants at least 1 pass, 1 lane and 8 KiB per lane. */
function assertCost({ memoryKiB, passes, lanes }: PassphraseCost): void {
  const inRange = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  if (
    !inRange(lanes, 1, maxPassphraseCost.lanes) ||
    !inRange(passes, 1, maxPassphraseCost.passes) ||
    !inRange(memoryKiB, 8 * lanes, maxPassphraseCost.memoryKiB)
  ) {
    throw new CryptoError('BAD_KDF', 'the passphrase cost is outside the accepted bounds', {
      hint: 'the file was not made by wot.id, or was tampered with',
      data: { memoryKiB, passes, lanes, most: maxPassphraseCost },
    });
  }
}

async function stretch(
  provider: CryptoProvider,
  passphrase: string | Uint8Array,
  cost: PassphraseCost,
  salt: Uint8Array,
): Promise<{ key: StorageKey; check: Uint8Array<ArrayBuffer> }> {
  if (passphrase.length === 0) {
    throw new CryptoError('EMPTY_PASSPHRASE', 'the passphrase is empty', { hint: 'choose a passphrase' });
  }
  const message =
    typeof passphrase === 'string' ? utf8(passphrase.normalize('NFC')) : new Uint8Array(passphrase);
  const nothing = new Uint8Array(0);
  let stretched: Uint8Array | undefined;
  let keyBytes: Uint8Array | undefined;
  try {
    stretched = await argon2id(message, salt, cost);
    keyBytes = provider.hkdfSha512(stretched, nothing, utf8('wot.id/v1/seal-key'), aeadKeyBytes);
    const check = provider.hkdfSha512(stretched, nothing, utf8('wot.id/v1/seal-check'), checkBytes);
    return { key: new StorageKey(provider, keyBytes), check };
  } finally {
    wipe(message, stretched, keyBytes);
  }
}

/** Runs on libuv's thread pool: 64 MiB and a third of a second would stop the event loop. */
function argon2id(message: Uint8Array, nonce: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const { memoryKiB: memory, passes, lanes: parallelism } = cost;
  argon2('argon2id', { message, nonce, memory, passes, parallelism, tagLength: 32 }, (error, tag) => {
    if (error === null) resolve(tag);
    else reject(error);
  });
  return promise;
}

function checksum(provider: CryptoProvider, fields: Uint8Array): Uint8Array {
  return provider.sha256(fields).subarray(0, storageHeaderBytes - checksumAt);
}

function corrupt(what: string): CryptoError {
  return new CryptoError('CORRUPT', `the sealed ${what} is damaged or belongs to something else`, {
    hint: 'restore it from a backup',
    data: { what },
  });
}
