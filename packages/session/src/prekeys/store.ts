/**
 * Our private prekeys: generations of (signed prekey, last-resort KEM prekey, one-time pairs), one for each publication,
 * kept as seeds. Immutable values; knows no storage and no clock. Whoever changes a store persists it before publishing
 * what it made.
 */
import { wipe, type CryptoProvider, type KemKeyPair } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import type { OwnIdentity } from '../identity.ts';
import { DEFAULT_LEVEL, levelFacts, type SecurityLevel } from '../levels.ts';
import {
  MAX_CLOCK_SKEW_MS,
  MAX_ONE_TIME_PAIRS,
  MAX_PREKEY_GENERATIONS,
  ONE_TIME_PAIRS,
  ONE_TIME_REFILL_BELOW,
  ONE_TIME_REFILL_INTERVAL_MS,
  PREKEY_GRACE_MS,
  PREKEY_LIFETIME_MS,
  PREKEY_ROTATION_MS,
} from '../limits.ts';
import { disposePrekeys, publicPrekeys, type ResponderPrekeys } from '../pqxdh/agreement.ts';
import { prekeyIds, type PrekeyIds } from '../pqxdh/encoding.ts';
import { defaultSecurityPolicy, type SecurityPolicy } from '../security-policy.ts';
import { merklePaths, merkleRoot } from './merkle.ts';
import {
  encodeOneTimePair,
  oneTimeKeys,
  oneTimeLeaf,
  oneTimePublic,
  type OneTimeSecret,
} from './one-time.ts';
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
  /** Leaf hashes of all one-time pairs, 32 bytes each, while the publication is the latest; then empty. */
  readonly leaves: readonly Uint8Array[];
  /** The one-time pairs that no accepted message has used. */
  readonly pairs: readonly OneTimeSecret[];
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
  /** Suites and minimum level that the publication names; default {@link defaultSecurityPolicy}. */
  readonly policy?: SecurityPolicy;
  /** One-time pairs, at most 256; default 64. 0 where no directory hands them out. */
  readonly oneTimePairs?: number;
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
  const generations = revealPrekeys(store)
    .slice(1 - MAX_PREKEY_GENERATIONS)
    .map((older) => ({ ...older, leaves: [] }));
  const notAfterMs = init.nowMs + PREKEY_LIFETIME_MS;
  const { pairs, leaves } = createPairs(provider, init.oneTimePairs ?? ONE_TIME_PAIRS);
  for (;;) {
    using spk = provider.x25519Generate();
    using kem = provider.kemGenerate();
    const prekeys = { spk: spk.publicKey, kem: kem.publicKey };
    const { spkId, kemId } = prekeyIds(provider, { ...prekeys, opk: null });
    // 0 stands for "none", and two generations with one id would make a message ambiguous: both happen once in 2^31.
    const isTaken = generations.some((other) => other.spkId === spkId || other.kemId === kemId);
    if (spkId === 0 || kemId === 0 || isTaken) continue;
    const { chainId, mailboxId, number } = init;
    const dates = { number, notBeforeMs: init.nowMs, notAfterMs };
    const published = signPublication(
      provider,
      init.ours,
      {
        ...dates,
        chainId,
        mailboxId,
        policy: init.policy ?? defaultSecurityPolicy,
        otCount: pairs.length,
        otRoot: pairs.length === 0 ? new Uint8Array(32) : merkleRoot(provider, leaves),
      },
      prekeys,
    );
    const secrets = { spkId, spkSecret: spk.exportSecret(), kemId, kemSeed: kem.exportSeed() };
    return {
      store: new PrekeyStore([...generations, { ...dates, ...secrets, leaves, pairs }]),
      published,
      notAfterMs,
    };
  }
}

function createPairs(
  provider: CryptoProvider,
  count: number,
): { readonly pairs: readonly OneTimeSecret[]; readonly leaves: readonly Uint8Array[] } {
  if (!Number.isInteger(count) || count < 0 || count > MAX_ONE_TIME_PAIRS) {
    throw new RangeError(`a publication has 0 to ${MAX_ONE_TIME_PAIRS} one-time pairs`);
  }
  const pairs: OneTimeSecret[] = [];
  const leaves: Uint8Array[] = [];
  while (pairs.length < count) {
    const seed = provider.random.bytes(32);
    const pair = oneTimePublic(provider, seed);
    if (pair.id === 0 || pairs.some(({ id }) => id === pair.id)) continue;
    pairs.push({ index: pairs.length, id: pair.id, seed });
    leaves.push(oneTimeLeaf(provider, pair));
  }
  return { pairs, leaves };
}

/** The one-time pairs of one publication, as a directory takes them. */
export interface OneTimePairs {
  /** The publication that has signed them. */
  readonly number: number;
  /** By place; each of at most 1863 bytes, see `verifyOneTimePair`. */
  readonly pairs: readonly { readonly index: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

/**
 * The pairs of the latest publication that no message has used yet, for the one directory that hands each out once. Asked
 * again it gives the same ones: the directory remembers by number and index which are gone. `null` without prekeys.
 */
export function oneTimePairs(provider: CryptoProvider, store: PrekeyStore): OneTimePairs | null {
  const generation = revealPrekeys(store).at(-1);
  if (generation === undefined) return null;
  const { number, leaves } = generation;
  const paths = generation.pairs.length === 0 ? [] : merklePaths(provider, leaves).paths;
  const pairs = generation.pairs.map(({ index, seed }) => {
    const pair = { index, ...oneTimePublic(provider, seed) };
    return { index, bytes: encodeOneTimePair(pair, paths[index] ?? []) };
  });
  return { number, pairs };
}

/** What has to happen to a store, and when. */
export interface PrekeyPolicy {
  /**
   * A new publication is due: there is none, the last one is 7 days old or not valid yet (the clock was set back, and
   * everybody refuses it), or most one-time pairs are gone.
   */
  readonly isRotationDue: boolean;
  /** When the next one will be due by age; milliseconds since the Unix epoch. */
  readonly rotateAtMs: number;
  /** Publications whose private keys must be erased: 30 days have passed since their `notAfter`. */
  readonly toErase: readonly number[];
}

/**
 * What is due at `nowMs`.
 * @param pairsLeft one-time pairs that the directory still has; absent without a directory
 */
export function prekeyPolicy(store: PrekeyStore, nowMs: number, pairsLeft?: number): PrekeyPolicy {
  const generations = revealPrekeys(store);
  const last = generations.at(-1);
  const isUsable = last !== undefined && nowMs >= last.notBeforeMs - MAX_CLOCK_SKEW_MS;
  const rotateAtMs = isUsable ? last.notBeforeMs + PREKEY_ROTATION_MS : nowMs;
  const isRefillDue =
    last !== undefined &&
    pairsLeft !== undefined &&
    pairsLeft < ONE_TIME_REFILL_BELOW &&
    nowMs >= last.notBeforeMs + ONE_TIME_REFILL_INTERVAL_MS;
  return {
    isRotationDue: nowMs >= rotateAtMs || isRefillDue,
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
  wipeGenerations(generations.filter((one) => !kept.includes(one)));
  return new PrekeyStore(kept);
}

/** Wipes the secrets of a store that was read for one use; the store is unusable afterwards. */
export function wipePrekeys(store: PrekeyStore): void {
  wipeGenerations(revealPrekeys(store));
}

function wipeGenerations(generations: readonly PrekeyGeneration[]): void {
  for (const { spkSecret, kemSeed, pairs } of generations) {
    wipe(spkSecret, kemSeed, ...pairs.map(({ seed }) => seed));
  }
}

/** Internal: when a generation's private keys, and the replay cache for them, may go. */
export function erasedAtMs(generation: Pick<PrekeyGeneration, 'notAfterMs'>): number {
  return generation.notAfterMs + PREKEY_GRACE_MS;
}

/**
 * Internal: the keys for an initial message, or `null` when they are not (or no longer) here: a signed prekey with either
 * a one-time pair or, without `opkId`, the last-resort KEM prekey. At levels 1 and 2 no KEM prekey is used. Keys that
 * should have been erased by now are gone: the replay cache may have forgotten their messages already.
 */
export function findPrekeys(
  provider: CryptoProvider,
  store: PrekeyStore,
  ids: PrekeyIds,
  level: SecurityLevel,
  nowMs: number,
): { readonly keys: ResponderPrekeys; readonly generation: PrekeyGeneration } | null {
  const hasKem = levelFacts(level).isPostQuantum;
  const generation = revealPrekeys(store).find((one) => one.spkId === ids.spkId);
  if (generation === undefined || nowMs >= erasedAtMs(generation)) return null;
  const found = ids.opkId === 0 ? lastResort(provider, generation) : oneTime(provider, generation, ids.opkId);
  if (found === null) return null;
  const kem = hasKem ? found.kem : null;
  if (!hasKem) found.kem.dispose();
  const keys = { spk: provider.x25519FromSecret(generation.spkSecret), opk: found.opk, kem };
  if (prekeyIds(provider, publicPrekeys(keys)).kemId === ids.kemId) return { generation, keys };
  disposePrekeys(keys);
  return null;
}

function lastResort(
  provider: CryptoProvider,
  { kemSeed }: PrekeyGeneration,
): Pick<ResponderPrekeys, 'opk'> & { readonly kem: KemKeyPair } {
  return { opk: null, kem: provider.kemFromSeed(kemSeed) };
}

function oneTime(
  provider: CryptoProvider,
  generation: PrekeyGeneration,
  opkId: number,
): ReturnType<typeof oneTimeKeys> | null {
  const secret = generation.pairs.find(({ id }) => id === opkId);
  return secret === undefined ? null : oneTimeKeys(provider, secret.seed);
}

/** Names a one-time pair by the publication's signed prekey and its own id. */
export type OneTimePairIds = Pick<PrekeyIds, 'spkId' | 'opkId'>;

/**
 * The store without the pair that an accepted message has used. Call it on the store as it is when the session is stored,
 * in the same transaction: new prekeys may have been made meanwhile.
 * @throws SessionError `PREKEY_UNKNOWN` when the pair is gone: another message has used it meanwhile; the session must not
 *   be stored then
 */
export function consumeOneTimePair(store: PrekeyStore, { spkId, opkId }: OneTimePairIds): PrekeyStore {
  let isFound = false;
  const generations = revealPrekeys(store).map((generation) => {
    if (generation.spkId !== spkId) return generation;
    const pairs = generation.pairs.filter(({ id }) => id !== opkId);
    isFound ||= pairs.length < generation.pairs.length;
    return { ...generation, pairs };
  });
  if (isFound) return new PrekeyStore(generations);
  throw new SessionError('PREKEY_UNKNOWN', 'the one-time pair of this message is gone', {
    hint: 'another message has used it; the sender has to write again',
  });
}

/**
 * The last-resort KEM key of any publication whose keys are still here, for the encapsulation in a gate's M1; `null` when
 * there is none of this id, or it should have been erased by now. The caller disposes of it.
 */
export function publishedKemPrekey(
  provider: CryptoProvider,
  store: PrekeyStore,
  kemId: number,
  nowMs: number,
): KemKeyPair | null {
  const generation = revealPrekeys(store).find((one) => one.kemId === kemId);
  if (generation === undefined || nowMs >= erasedAtMs(generation)) return null;
  return provider.kemFromSeed(generation.kemSeed);
}

/**
 * Prekeys for one handshake at the gate: all fresh, handed out once, gone afterwards. Dispose of them when the handshake
 * has ended either way; the session keeps a key of its own.
 */
export class OnlinePrekeys implements ResponderPrekeys, Disposable {
  readonly spk: ResponderPrekeys['spk'];
  readonly opk: NonNullable<ResponderPrekeys['opk']>;
  readonly kem: ResponderPrekeys['kem'];

  /** @param level of the gate: 1 and 2 need no KEM key */
  constructor(provider: CryptoProvider, level: SecurityLevel = DEFAULT_LEVEL) {
    this.spk = provider.x25519Generate();
    this.opk = provider.x25519Generate();
    this.kem = levelFacts(level).isPostQuantum ? provider.kemGenerate() : null;
  }

  /** The public halves for the gate's M4: spk 32, opk 32 and, at level 3, kem 1568 bytes. */
  get publicKeys(): { readonly spk: Uint8Array; readonly opk: Uint8Array; readonly kem: Uint8Array | null } {
    return { spk: this.spk.publicKey, opk: this.opk.publicKey, kem: this.kem?.publicKey ?? null };
  }

  [Symbol.dispose](): void {
    disposePrekeys(this);
  }
}
