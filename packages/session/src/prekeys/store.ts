/**
 * Our private prekeys: generations of (signed prekey, last-resort KEM prekey), one for each publication, kept as seeds.
 * Immutable values; knows no storage and no clock. Whoever changes a store persists it before publishing what it made.
 */
import { wipe, type CryptoProvider } from '@wotid/crypto';
import type { OwnIdentity } from '../identity.ts';
import {
  MAX_PREKEY_GENERATIONS,
  PREKEY_GRACE_MS,
  PREKEY_LIFETIME_MS,
  PREKEY_ROTATION_MS,
} from '../limits.ts';
import type { ResponderPrekeys } from '../pqxdh/agreement.ts';
import { prekeyIds } from '../pqxdh/encoding.ts';
import { signPublication, type MailboxPlace } from './publication.ts';

/** The private keys behind one publication. */
export interface PrekeyGeneration {
  readonly number: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spkId: number;
  /** X25519 secret, 32 bytes. */
  readonly spkSecret: Uint8Array;
  readonly kemId: number;
  /** ML-KEM-1024 seed, 64 bytes. */
  readonly kemSeed: Uint8Array;
}

/** Reads the secrets of a store; internal to this package. */
export let revealPrekeys: (store: PrekeyStore) => readonly PrekeyGeneration[];

/** Private prekeys, opaque: they neither print nor serialize by themselves. */
export class PrekeyStore {
  /** Oldest first. */
  readonly #generations: readonly PrekeyGeneration[];

  /** Internal: applications start with {@link emptyPrekeys} or a record. */
  constructor(generations: readonly PrekeyGeneration[]) {
    this.#generations = generations;
  }

  static {
    revealPrekeys = (store) => store.#generations;
  }

  /** Numbers of the publications whose private keys are here, oldest first. */
  get numbers(): readonly number[] {
    return this.#generations.map((generation) => generation.number);
  }

  /** Nothing secret: the publications' numbers. */
  toJSON(): { readonly numbers: readonly number[] } {
    return { numbers: this.numbers };
  }
}

/** A store without prekeys. */
export function emptyPrekeys(): PrekeyStore {
  return new PrekeyStore([]);
}

/** What {@link createPrekeys} needs. */
export interface CreatePrekeysInit extends MailboxPlace {
  readonly ours: OwnIdentity;
  /** The number after the one on chain; 1 for the first publication. */
  readonly number: number;
  readonly nowMs: number;
}

/**
 * Makes and signs a new generation of prekeys, valid for 14 days from now.
 * @returns the store with it (persist it first), of 16 generations at the most, the oldest dropped, and the published form
 *   for the chain, about 9.2 KB
 */
export function createPrekeys(
  provider: CryptoProvider,
  store: PrekeyStore,
  init: CreatePrekeysInit,
): { readonly store: PrekeyStore; readonly published: Uint8Array<ArrayBuffer>; readonly notAfterMs: number } {
  // Refusing would leave its owner without valid prekeys for weeks; whoever publishes so often reads their mailbox, too.
  const generations = revealPrekeys(store).slice(1 - MAX_PREKEY_GENERATIONS);
  const notAfterMs = init.nowMs + PREKEY_LIFETIME_MS;
  for (;;) {
    using spk = provider.x25519Generate();
    using kem = provider.kemGenerate();
    const prekeys = { spk: spk.publicKey, opk: null, kem: kem.publicKey };
    const { spkId, kemId } = prekeyIds(provider, prekeys);
    // 0 stands for "none", and two generations with one id would make a message ambiguous: both happen once in 2^31.
    const isTaken = generations.some((other) => other.spkId === spkId || other.kemId === kemId);
    if (spkId === 0 || kemId === 0 || isTaken) continue;
    const dates = { number: init.number, notBeforeMs: init.nowMs, notAfterMs };
    const place = { chainId: init.chainId, mailboxId: init.mailboxId };
    const published = signPublication(provider, init.ours, { ...dates, ...place }, prekeys);
    const generation = { ...dates, spkId, spkSecret: spk.exportSecret(), kemId, kemSeed: kem.exportSeed() };
    return { store: new PrekeyStore([...generations, generation]), published, notAfterMs };
  }
}

/** What has to happen to a store, and when. */
export interface PrekeyPolicy {
  /** A new publication is due: there is none, or the last one is 7 days old. */
  readonly isRotationDue: boolean;
  /** When the next one will be due; milliseconds since the Unix epoch. */
  readonly rotateAtMs: number;
  /** Publications whose private keys must be erased: 30 days have passed since their `notAfter`. */
  readonly toErase: readonly number[];
}

/** What is due at `nowMs`. */
export function prekeyPolicy(store: PrekeyStore, nowMs: number): PrekeyPolicy {
  const generations = revealPrekeys(store);
  const last = generations.at(-1);
  const rotateAtMs = last === undefined ? nowMs : last.notBeforeMs + PREKEY_ROTATION_MS;
  return {
    isRotationDue: nowMs >= rotateAtMs,
    rotateAtMs,
    toErase: generations.filter((one) => nowMs >= erasedAtMs(one)).map((one) => one.number),
  };
}

/**
 * The store without the generations that are due; messages sent to them can never be read afterwards. The old store's
 * copies of those secrets are wiped, so persist the result.
 */
export function erasePrekeys(store: PrekeyStore, nowMs: number): PrekeyStore {
  const generations = revealPrekeys(store);
  const kept = generations.filter((one) => nowMs < erasedAtMs(one));
  if (kept.length === generations.length) return store;
  for (const one of generations) if (!kept.includes(one)) wipe(one.spkSecret, one.kemSeed);
  return new PrekeyStore(kept);
}

/** Internal: when a generation's private keys, and the replay cache for them, may go. */
export function erasedAtMs(generation: Pick<PrekeyGeneration, 'notAfterMs'>): number {
  return generation.notAfterMs + PREKEY_GRACE_MS;
}

/** Internal: the keys for an initial message, or `null` when they are not (or no longer) here. */
export function findPrekeys(
  provider: CryptoProvider,
  store: PrekeyStore,
  ids: { readonly spkId: number; readonly opkId: number; readonly kemId: number },
): { readonly keys: ResponderPrekeys; readonly generation: PrekeyGeneration } | null {
  if (ids.opkId !== 0) return null;
  const generation = revealPrekeys(store).find((one) => one.spkId === ids.spkId && one.kemId === ids.kemId);
  if (generation === undefined) return null;
  return {
    generation,
    keys: {
      spk: provider.x25519FromSecret(generation.spkSecret),
      opk: null,
      kem: provider.kemFromSeed(generation.kemSeed),
    },
  };
}

/**
 * Prekeys for one handshake at the gate: all three fresh, handed out once, gone afterwards. Dispose of them when the
 * handshake has ended either way; the session keeps a key of its own.
 */
export class OnlinePrekeys implements ResponderPrekeys, Disposable {
  readonly spk: ResponderPrekeys['spk'];
  readonly opk: NonNullable<ResponderPrekeys['opk']>;
  readonly kem: ResponderPrekeys['kem'];

  constructor(provider: CryptoProvider) {
    this.spk = provider.x25519Generate();
    this.opk = provider.x25519Generate();
    this.kem = provider.kemGenerate();
  }

  /** The public halves for the gate's M4: spk 32, opk 32, kem 1568 bytes. */
  get publicKeys(): { readonly spk: Uint8Array; readonly opk: Uint8Array; readonly kem: Uint8Array } {
    return { spk: this.spk.publicKey, opk: this.opk.publicKey, kem: this.kem.publicKey };
  }

  [Symbol.dispose](): void {
    this.spk.dispose();
    this.opk.dispose();
    this.kem.dispose();
  }
}
