/**
 * The other side of the comparisons: `@signalapp/libsignal-client` (AGPL-3.0-only). It lives in `bench/libsignal` with a
 * lockfile of its own, is installed when a benchmark asks for it, and is no dependency of anything that we ship.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What the benchmarks use of the library, as its declarations describe it. */
export interface Libsignal {
  readonly PrivateKey: { generate(): PrivateKey };
  readonly IdentityKeyPair: {
    generate(): { readonly privateKey: PrivateKey; readonly publicKey: PublicKey };
  };
  readonly KEMKeyPair: { generate(): { getPublicKey(): SerializableKey } };
  readonly PreKeyRecord: {
    readonly new: (id: number, publicKey: PublicKey, privateKey: PrivateKey) => Stored;
  };
  readonly SignedPreKeyRecord: {
    readonly new: (
      id: number,
      ms: number,
      publicKey: PublicKey,
      privateKey: PrivateKey,
      signature: Uint8Array,
    ) => Stored;
  };
  readonly KyberPreKeyRecord: {
    readonly new: (id: number, ms: number, pair: unknown, signature: Uint8Array) => Stored;
  };
  readonly PreKeyBundle: { readonly new: (...fields: readonly unknown[]) => unknown };
  readonly ProtocolAddress: { readonly new: (name: string, deviceId: number) => Address };
  readonly SessionRecord: { deserialize(bytes: Uint8Array): Stored };
  readonly SignalMessage: { deserialize(bytes: Uint8Array): unknown };
  readonly PreKeySignalMessage: { deserialize(bytes: Uint8Array): unknown };
  readonly SessionStore: new () => object;
  readonly IdentityKeyStore: new () => object;
  readonly PreKeyStore: new () => object;
  readonly SignedPreKeyStore: new () => object;
  readonly KyberPreKeyStore: new () => object;
  processPreKeyBundle(...fields: readonly unknown[]): Promise<void>;
  signalEncrypt(...fields: readonly unknown[]): Promise<{ serialize(): Uint8Array }>;
  signalDecrypt(...fields: readonly unknown[]): Promise<Uint8Array>;
  signalDecryptPreKey(...fields: readonly unknown[]): Promise<Uint8Array>;
}

interface SerializableKey {
  serialize(): Uint8Array;
}
type PublicKey = SerializableKey;
interface PrivateKey {
  getPublicKey(): PublicKey;
  sign(message: Uint8Array): Uint8Array;
}
interface Stored {
  serialize(): Uint8Array;
}
interface Address {
  name(): string;
}

const folder = join(import.meta.dirname, '../../../bench/libsignal');
const entry = join(folder, 'node_modules/@signalapp/libsignal-client/dist/index.js');

/** Installs the library if it is not there (150 MB) and loads it. */
export async function loadLibsignal(): Promise<Libsignal> {
  if (!existsSync(entry)) {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] });
  }
  return (await import(entry)) as Libsignal;
}

/**
 * What a store keeps of a session between two calls.
 *
 * - `hot`: the session itself.
 * - `persisted`: the session itself, and its serialized bytes on every change.
 * - `reloaded`: its serialized bytes alone.
 */
export type StoreDiscipline = 'hot' | 'persisted' | 'reloaded';

/** One user of libsignal with stores in memory. */
export class SignalUser {
  readonly address: Address;
  readonly #lib: Libsignal;
  readonly #identity: ReturnType<Libsignal['IdentityKeyPair']['generate']>;
  readonly #sessions: object;
  readonly #identities: object;
  readonly #prekeys: object;
  readonly #signedPrekeys: object;
  readonly #kyberPrekeys: object;
  readonly #kept: Map<string, Stored> = new Map();
  /** Serialized sessions, by peer. */
  readonly records: Map<string, Uint8Array> = new Map();
  #lastId = 0;

  constructor(lib: Libsignal, name: string, discipline: StoreDiscipline) {
    this.#lib = lib;
    this.address = lib.ProtocolAddress.new(name, 1);
    this.#identity = lib.IdentityKeyPair.generate();
    const { records } = this;
    const kept = this.#kept;
    const own = this.#identity.privateKey;
    const mapStore = (get: string, save: string, rest: object, base: new () => object): object => {
      const stored = new Map<number, unknown>();
      return Object.assign(new base(), {
        [get]: async (id: number) => stored.get(id),
        [save]: async (id: number, record: unknown) => void stored.set(id, record),
        ...rest,
      });
    };
    this.#sessions = Object.assign(new lib.SessionStore(), {
      saveSession: async (peer: Address, record: Stored) => {
        if (discipline !== 'reloaded') kept.set(peer.name(), record);
        if (discipline !== 'hot') records.set(peer.name(), record.serialize());
      },
      getSession: async (peer: Address) => {
        if (discipline !== 'reloaded') return kept.get(peer.name()) ?? null;
        const bytes = records.get(peer.name());
        return bytes === undefined ? null : lib.SessionRecord.deserialize(bytes);
      },
    });
    this.#identities = Object.assign(new lib.IdentityKeyStore(), {
      getIdentityKey: async () => own,
      getLocalRegistrationId: async () => 7,
      saveIdentity: async () => 0,
      isTrustedIdentity: async () => true,
      getIdentity: async () => null,
    });
    this.#prekeys = mapStore('getPreKey', 'savePreKey', { removePreKey: async () => {} }, lib.PreKeyStore);
    this.#signedPrekeys = mapStore('getSignedPreKey', 'saveSignedPreKey', {}, lib.SignedPreKeyStore);
    const used = { markKyberPreKeyUsed: async () => {} };
    this.#kyberPrekeys = mapStore('getKyberPreKey', 'saveKyberPreKey', used, lib.KyberPreKeyStore);
  }

  /** Fresh prekeys (one-time, signed, Kyber-1024), stored, and the bundle that a server would hand out. */
  async bundle(): Promise<unknown> {
    const lib = this.#lib;
    const id = ++this.#lastId;
    const { privateKey, publicKey } = this.#identity;
    const [oneTime, signed, kyber] = [
      lib.PrivateKey.generate(),
      lib.PrivateKey.generate(),
      lib.KEMKeyPair.generate(),
    ];
    const signedSignature = privateKey.sign(signed.getPublicKey().serialize());
    const kyberSignature = privateKey.sign(kyber.getPublicKey().serialize());
    const save = async (store: object, method: string, record: unknown): Promise<void> => {
      await (store as Record<string, (id: number, record: unknown) => Promise<void>>)[method]?.(id, record);
    };
    await save(this.#prekeys, 'savePreKey', lib.PreKeyRecord.new(id, oneTime.getPublicKey(), oneTime));
    const signedRecord = lib.SignedPreKeyRecord.new(id, 1, signed.getPublicKey(), signed, signedSignature);
    await save(this.#signedPrekeys, 'saveSignedPreKey', signedRecord);
    await save(
      this.#kyberPrekeys,
      'saveKyberPreKey',
      lib.KyberPreKeyRecord.new(id, 1, kyber, kyberSignature),
    );
    return lib.PreKeyBundle.new(
      7,
      1,
      id,
      oneTime.getPublicKey(),
      id,
      signed.getPublicKey(),
      signedSignature,
      publicKey,
      id,
      kyber.getPublicKey(),
      kyberSignature,
    );
  }

  async process(bundle: unknown, peer: SignalUser): Promise<void> {
    const { address } = this;
    await this.#lib.processPreKeyBundle(bundle, peer.address, address, this.#sessions, this.#identities);
  }

  async encrypt(plaintext: Uint8Array, peer: SignalUser): Promise<Uint8Array> {
    const { address } = this;
    const { signalEncrypt } = this.#lib;
    return (
      await signalEncrypt(plaintext, peer.address, address, this.#sessions, this.#identities)
    ).serialize();
  }

  decrypt(bytes: Uint8Array, peer: SignalUser): Promise<Uint8Array> {
    const message = this.#lib.SignalMessage.deserialize(bytes);
    return this.#lib.signalDecrypt(message, peer.address, this.address, this.#sessions, this.#identities);
  }

  decryptFirst(bytes: Uint8Array, peer: SignalUser): Promise<Uint8Array> {
    const message = this.#lib.PreKeySignalMessage.deserialize(bytes);
    const { address } = this;
    const stores = [this.#sessions, this.#identities, this.#prekeys, this.#signedPrekeys, this.#kyberPrekeys];
    return this.#lib.signalDecryptPreKey(message, peer.address, address, ...stores);
  }

  /** Drops all sessions: the next message starts anew. */
  forget(): void {
    this.#kept.clear();
    this.records.clear();
  }
}

/** Two users who have exchanged a message each way. */
export async function signalPair(
  lib: Libsignal,
  discipline: StoreDiscipline,
): Promise<{ readonly a: SignalUser; readonly b: SignalUser }> {
  const [a, b] = [new SignalUser(lib, 'alice', discipline), new SignalUser(lib, 'bob', discipline)];
  await a.process(await b.bundle(), b);
  const hello = new Uint8Array(1);
  await b.decryptFirst(await a.encrypt(hello, b), a);
  await a.decrypt(await b.encrypt(hello, a), b);
  return { a, b };
}
