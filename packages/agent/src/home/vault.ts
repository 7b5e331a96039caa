/**
 * The vault: the master key of the home and the seeds of its identities, sealed under the passphrase.
 *
 * File: header of the passphrase sealing (59 bytes) | sealed record of the body; AAD = header | `wot.id/v1/vault`.
 * Body (BCS): version u8 = 1 | ready bool | home id 16 | master key 32 | vector of {name, bytes}.
 *
 * `ready` is false until the database was made for the first time, so that a crash in the middle of making a home is
 * told from a lost database.
 */
import { randomBytes } from 'node:crypto';
import {
  bcs,
  bytesType,
  concatBytes,
  DecodeError,
  decodeStrict,
  fixedBytesType,
  shortTextType,
  utf8,
  type BcsType,
} from '@wotid/core';
import {
  createStorageKey,
  CryptoError,
  openRecord,
  openStorageKey,
  sealRecord,
  storageHeaderBytes,
  wipe,
  type SealingInit,
  type StorageKey,
} from '@wotid/crypto';
import { readSmallFile, writeFileAtomic } from './files.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import { MAX_SECRET_BYTES, MAX_SECRETS, MAX_VAULT_BYTES } from './home-limits.ts';

/** Names of the secrets that an agent keeps. Others may be added. */
export const secretNames: {
  /** Secrets of the identity block, as `IdentityKeys.exportSecrets` gives them. */
  readonly identity: 'identity';
  /** Those that are to take their place, while a rotation is under way. */
  readonly nextIdentity: 'identity-next';
  /** Ed25519 seed of the PeerId, random and separate from the identity. */
  readonly peerKey: 'peer-key';
  /** Ed25519 seed of the IOTA account that owns the mailbox and claims. */
  readonly ownerAccount: 'owner-account';
  /** Ed25519 seed of the IOTA account that pays for messages left for others. */
  readonly postageAccount: 'postage-account';
} = Object.freeze({
  identity: 'identity',
  nextIdentity: 'identity-next',
  peerKey: 'peer-key',
  ownerAccount: 'owner-account',
  postageAccount: 'postage-account',
});

interface VaultBody {
  readonly version: number;
  readonly ready: boolean;
  readonly homeId: Uint8Array;
  readonly masterKey: Uint8Array;
  readonly secrets: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

const bodyVersion = 1;
const vaultAad = utf8('wot.id/v1/vault');
const namePattern = /^[a-z][a-z0-9-]{0,63}$/;
const bodyType = bcs.struct('vault', {
  version: bcs.u8(),
  ready: bcs.bool(),
  homeId: fixedBytesType(16),
  masterKey: fixedBytesType(32),
  secrets: bcs.vector(bcs.struct('secret', { name: shortTextType, bytes: bytesType })),
}) as unknown as BcsType<VaultBody, VaultBody>;

/** An open vault. Every change is on disk when the call returns. */
export class Vault implements Disposable {
  readonly #path: string;
  readonly #init: SealingInit;
  readonly #secrets = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #homeId: Uint8Array;
  readonly #masterKey: Uint8Array;
  #key: StorageKey;
  #header: Uint8Array;
  #ready: boolean;
  #isClosed = false;

  private constructor(path: string, init: SealingInit, key: StorageKey, header: Uint8Array, body: VaultBody) {
    this.#path = path;
    this.#init = init;
    this.#key = key;
    this.#header = header;
    this.#homeId = body.homeId;
    this.#masterKey = body.masterKey;
    this.#ready = body.ready;
    for (const { name, bytes } of body.secrets) {
      this.#secrets.set(name, new Uint8Array(bytes));
      wipe(bytes);
    }
  }

  /**
   * Writes a new vault; the caller has made sure that there is none.
   * @throws CryptoError `EMPTY_PASSPHRASE`, `BAD_KDF`; HomeError `HOME_IO`
   */
  static async create(path: string, passphrase: string | Uint8Array, init: SealingInit): Promise<Vault> {
    const { key, header } = await createStorageKey(passphrase, init);
    const vault = new Vault(path, init, key, header, {
      version: bodyVersion,
      ready: false,
      homeId: new Uint8Array(randomBytes(16)),
      masterKey: new Uint8Array(randomBytes(32)),
      secrets: [],
    });
    vault.#write();
    return vault;
  }

  /** @throws HomeError `NOT_A_HOME`, `WRONG_PASSPHRASE`, `HOME_CORRUPT`, `HOME_TOO_NEW`, `HOME_IO` */
  static async open(path: string, passphrase: string | Uint8Array, init: SealingInit): Promise<Vault> {
    const file = readSmallFile(path, MAX_VAULT_BYTES);
    if (file === undefined) throw notAHome(path);
    const header = file.slice(0, storageHeaderBytes);
    let key: StorageKey | undefined;
    let plaintext: Uint8Array | undefined;
    try {
      key = await openStorageKey(passphrase, header, init);
      plaintext = openRecord(key, file.subarray(storageHeaderBytes), concatBytes(header, vaultAad));
      if ((plaintext[0] ?? 0) > bodyVersion) throw tooNew('vault');
      const body = decodeStrict(bodyType, plaintext, { what: 'vault', maxBytes: MAX_VAULT_BYTES });
      return new Vault(path, init, key, header, body);
    } catch (error) {
      key?.[Symbol.dispose]();
      throw openError(error, header);
    } finally {
      if (plaintext !== undefined) wipe(plaintext);
    }
  }

  /** False until the home was once completely made. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** 16 random bytes that name this home. */
  get homeId(): Uint8Array {
    return this.#homeId.slice();
  }

  /** A copy of the 32-byte master key; the caller wipes it. */
  exportMasterKey(): Uint8Array {
    return this.#masterKey.slice();
  }

  /** Notes that the home is complete. */
  markReady(): void {
    this.#ready = true;
    this.#write();
  }

  /** A copy of a secret, for the caller to wipe; `undefined` when there is none of this name. */
  get(name: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#secrets.get(name)?.slice();
  }

  /** Names of the secrets, sorted. */
  names(): string[] {
    return [...this.#secrets.keys()].toSorted();
  }

  /**
   * Stores secrets under their names, in one write; existing ones of these names are replaced, and removed by
   * `undefined`. Copies are kept.
   * @throws HomeError `BAD_VALUE`, `LIMIT_REACHED`, `HOME_IO`; nothing has changed then
   */
  set(secrets: Readonly<Record<string, Uint8Array | undefined>>): void {
    for (const [name, bytes] of Object.entries(secrets)) {
      if (!namePattern.test(name))
        throw badValue('a secret name', 'has lower-case letters, digits and hyphens');
      if (bytes !== undefined) assertMaxBytes(`the secret ${name}`, bytes, MAX_SECRET_BYTES);
    }
    const before = new Map(this.#secrets);
    for (const [name, bytes] of Object.entries(secrets)) {
      if (bytes === undefined) this.#secrets.delete(name);
      else this.#secrets.set(name, new Uint8Array(bytes));
    }
    try {
      if (this.#secrets.size > MAX_SECRETS) {
        throw new HomeError('LIMIT_REACHED', `a vault holds ${MAX_SECRETS} secrets`, {
          data: { limit: MAX_SECRETS },
        });
      }
      this.#write();
    } catch (error) {
      this.#secrets.clear();
      for (const [name, bytes] of before) this.#secrets.set(name, bytes);
      throw error;
    }
    for (const name of Object.keys(secrets)) {
      const old = before.get(name);
      if (old !== undefined) wipe(old);
    }
  }

  /** Seals the vault under another passphrase; the old file is replaced at once. @throws CryptoError; HomeError `HOME_IO` */
  async changePassphrase(passphrase: string | Uint8Array): Promise<void> {
    const { key, header } = await createStorageKey(passphrase, this.#init);
    const before = { key: this.#key, header: this.#header };
    this.#key = key;
    this.#header = header;
    try {
      this.#write();
    } catch (error) {
      this.#key = before.key;
      this.#header = before.header;
      key[Symbol.dispose]();
      throw error;
    }
    before.key[Symbol.dispose]();
  }

  toJSON(): string {
    return 'Vault';
  }

  /** Wipes what is in memory. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#key[Symbol.dispose]();
    wipe(this.#masterKey, ...this.#secrets.values());
    this.#secrets.clear();
  }

  #write(): void {
    // What is in memory was wiped: written now, it would be lost for good.
    if (this.#isClosed) throw new HomeError('HOME_CLOSED', 'the home is closed');
    const plaintext = bodyType
      .serialize(
        {
          version: bodyVersion,
          ready: this.#ready,
          homeId: this.#homeId,
          masterKey: this.#masterKey,
          secrets: this.names().map((name) => ({ name, bytes: this.#secrets.get(name) as Uint8Array })),
        },
        { maxSize: MAX_VAULT_BYTES },
      )
      .toBytes();
    try {
      const sealed = sealRecord(this.#key, plaintext, concatBytes(this.#header, vaultAad));
      const file = concatBytes(this.#header, sealed);
      assertMaxBytes('the vault', file, MAX_VAULT_BYTES);
      writeFileAtomic(this.#path, file);
    } finally {
      wipe(plaintext);
    }
  }
}

/** The error for a directory without a vault. */
export function notAHome(where: string): HomeError {
  return new HomeError('NOT_A_HOME', `there is no wot.id home at ${where}`, {
    hint: 'make one with "wotid init", or name another directory',
  });
}

/** The error for a file of a later version. */
export function tooNew(what: string): HomeError {
  return new HomeError('HOME_TOO_NEW', `the ${what} was written by a later version of wot.id`, {
    hint: 'update wot.id',
    data: { what },
  });
}

function openError(error: unknown, header: Uint8Array): unknown {
  if (error instanceof CryptoError) {
    if (error.code === 'WRONG_PASSPHRASE' || error.code === 'EMPTY_PASSPHRASE') {
      return new HomeError('WRONG_PASSPHRASE', 'the passphrase is wrong', {
        hint: 'try again',
        cause: error,
      });
    }
    // A header with a good checksum and an unknown version comes from the future; bytes 4 and 5 are its versions.
    if (error.code === 'BAD_KDF' && (header[4] !== 1 || header[5] !== 1)) return tooNew('vault');
    return corrupt('the vault', error);
  }
  return error instanceof DecodeError ? corrupt('the vault', error) : error;
}
