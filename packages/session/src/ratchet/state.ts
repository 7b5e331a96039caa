/**
 * The state of one side of a ratchet. Values are immutable: encrypting and decrypting give a new state that shares what
 * did not change, and the caller keeps the old one until the new one is stored. Knows nothing of identities, frames,
 * records or time.
 */
import { wipe, type CryptoProvider, type KemKeyPair, type X25519KeyPair } from '@wotid/crypto';
import { rootStep, type SessionKeys } from '../kdf.ts';
import { levelFacts, type SecurityLevel } from '../levels.ts';
import type { Suite } from '../suites.ts';
import { firstEpoch, pqSecrets, type PqRatchet } from './pq-state.ts';

/** A chain of the classical half: `n` is the index of the next message. */
export interface EcChain {
  readonly headerKey: Uint8Array;
  readonly chainKey: Uint8Array;
  readonly n: number;
}

/** The EC share of a message that has not arrived yet. */
export interface SkippedEcKey {
  readonly n: number;
  readonly messageKey: Uint8Array;
  /** When it was stored, milliseconds since the Unix epoch. */
  readonly storedAtMs: number;
}

/** A receiving chain and the keys of its messages that have not arrived, oldest first. */
export interface ReceivingChain extends EcChain {
  readonly skipped: readonly SkippedEcKey[];
}

/** What is left of a receiving chain that the peer has ended: keys of messages that may still arrive. */
export interface OldChain {
  readonly headerKey: Uint8Array;
  readonly skipped: readonly SkippedEcKey[];
}

/** The Diffie-Hellman ratchet, which starts new chains. */
export interface DhRatchet {
  readonly rootKey: Uint8Array;
  /** Our ratchet key: SPK_B for the responder until the first step. */
  readonly ours: X25519KeyPair;
  /** The peer's ratchet key; `null` for the responder before the first message. */
  readonly theirs: Uint8Array | null;
  readonly nextSendingHeaderKey: Uint8Array;
  readonly nextReceivingHeaderKey: Uint8Array;
}

/** Everything a ratchet knows; all of it but `sessionAd`, numbers and public keys is secret. */
export interface RatchetFields {
  /** Selects the AEAD of message bodies. */
  readonly suite: Suite;
  /** H512 of the handshake's associated data, 64 bytes: in the AAD of every message. */
  readonly sessionAd: Uint8Array;
  /** `null` at level 1, where two chains serve the whole session. */
  readonly dh: DhRatchet | null;
  /** `null` for a responder with a DH ratchet before the first message. */
  readonly sending: EcChain | null;
  /** `null` with a DH ratchet before the first message of the peer. */
  readonly receiving: ReceivingChain | null;
  /** pn: messages in our previous sending chain. */
  readonly previousLength: number;
  /** Oldest first. */
  readonly oldChains: readonly OldChain[];
  /** `null` at levels 1 and 2. */
  readonly pq: PqRatchet | null;
}

/** Reads the secrets of a state; internal to this package. @throws TypeError once they were wiped */
export let revealRatchet: (state: RatchetState) => RatchetFields;
/** Takes the secrets out of a state, for good; `null` when that was done before. */
let takeFields: (state: RatchetState) => RatchetFields | null;

/** One side of a ratchet, opaque: it neither prints nor serializes its secrets by itself. */
export class RatchetState {
  #fields: RatchetFields | null;

  /** Internal: applications get states from a handshake or a record. */
  constructor(fields: RatchetFields) {
    this.#fields = fields;
  }

  static {
    revealRatchet = (state) => {
      const fields = state.#fields;
      // Not keys of zeros, under which everybody could read.
      if (fields === null)
        throw new TypeError('the keys of this ratchet were wiped: a later state has taken over');
      return fields;
    };
    takeFields = (state) => {
      const fields = state.#fields;
      state.#fields = null;
      return fields;
    };
  }

  /** Nothing secret: the indexes only. */
  toJSON(): Readonly<Record<string, number>> {
    if (this.#fields === null) return {};
    const { sending, receiving, oldChains, pq } = this.#fields;
    return {
      sent: sending?.n ?? 0,
      received: receiving?.n ?? 0,
      skipped: oldChains.reduce((sum, chain) => sum + chain.skipped.length, receiving?.skipped.length ?? 0),
      pqEpoch: pq?.sending.epoch ?? 0,
    };
  }
}

/** `state` with another post-quantum half. Internal. */
export function withPq(state: RatchetState, pq: PqRatchet): RatchetState {
  return new RatchetState({ ...revealRatchet(state), pq });
}

/** What fixes the shape of a ratchet, agreed on in the handshake. */
export interface RatchetKind {
  readonly level: SecurityLevel;
  readonly suite: Suite;
}

/**
 * The initiator's first state (RatchetInitAliceHE): it can send at once.
 * @param theirs the responder's signed prekey, 32 bytes, which serves as its first ratchet key
 * @throws CryptoError `BAD_PUBLIC_KEY`
 */
export function initiatorRatchet(
  provider: CryptoProvider,
  kind: RatchetKind,
  keys: SessionKeys,
  sessionAd: Uint8Array,
  theirs: Uint8Array,
): RatchetState {
  const { headerKeyA, nextHeaderKeyB, pqInitiatorToResponder, pqResponderToInitiator } = keys;
  const pq = pqOf(kind, keys.pqRoot, pqInitiatorToResponder, pqResponderToInitiator);
  const common = { suite: kind.suite, sessionAd, previousLength: 0, oldChains: [], pq };
  if (!levelFacts(kind.level).hasDhRatchet) {
    wipe(keys.rootKey);
    return new RatchetState({
      ...common,
      dh: null,
      sending: { headerKey: headerKeyA, chainKey: pqInitiatorToResponder, n: 0 },
      receiving: { headerKey: nextHeaderKeyB, chainKey: pqResponderToInitiator, n: 0, skipped: [] },
    });
  }
  const ours = provider.x25519Generate();
  const secret = provider.x25519(ours, theirs);
  const step = rootStep(provider, keys.rootKey, secret);
  wipe(secret, keys.rootKey);
  return new RatchetState({
    ...common,
    dh: {
      rootKey: step.rootKey,
      ours,
      theirs: theirs.slice(),
      nextSendingHeaderKey: step.nextHeaderKey,
      nextReceivingHeaderKey: nextHeaderKeyB,
    },
    sending: { headerKey: headerKeyA, chainKey: step.chainKey, n: 0 },
    receiving: null,
  });
}

/**
 * The responder's first state (RatchetInitBobHE): with a DH ratchet it can send after the first message was opened.
 * @param ours the signed prekey's pair; owned by the state from now on, or dropped where there is no DH ratchet
 */
export function responderRatchet(
  kind: RatchetKind,
  keys: SessionKeys,
  sessionAd: Uint8Array,
  ours: X25519KeyPair,
): RatchetState {
  const { headerKeyA, nextHeaderKeyB, pqInitiatorToResponder, pqResponderToInitiator } = keys;
  const pq = pqOf(kind, keys.pqRoot, pqResponderToInitiator, pqInitiatorToResponder);
  const common = { suite: kind.suite, sessionAd, previousLength: 0, oldChains: [], pq };
  if (!levelFacts(kind.level).hasDhRatchet) {
    ours.dispose();
    wipe(keys.rootKey);
    return new RatchetState({
      ...common,
      dh: null,
      sending: { headerKey: nextHeaderKeyB, chainKey: pqResponderToInitiator, n: 0 },
      receiving: { headerKey: headerKeyA, chainKey: pqInitiatorToResponder, n: 0, skipped: [] },
    });
  }
  return new RatchetState({
    ...common,
    dh: {
      rootKey: keys.rootKey,
      ours,
      theirs: null,
      nextSendingHeaderKey: nextHeaderKeyB,
      nextReceivingHeaderKey: headerKeyA,
    },
    sending: null,
    receiving: null,
  });
}

/** The post-quantum half; at lower levels its keys are not used, or are those of the two chains. */
function pqOf(
  { level }: RatchetKind,
  root: Uint8Array,
  sending: Uint8Array,
  receiving: Uint8Array,
): PqRatchet | null {
  const { isPostQuantum, hasDhRatchet } = levelFacts(level);
  if (isPostQuantum) return firstEpoch(root, sending, receiving);
  wipe(root);
  if (hasDhRatchet) wipe(sending, receiving);
  return null;
}

/**
 * Wipes what `next` no longer uses of `old`, once `next` is stored; `old` throws from then on. Best effort. With
 * `next` = `null` everything is wiped.
 */
export function wipeReplacedRatchet(old: RatchetState, next: RatchetState | null): void {
  if (old === next) return;
  const before = takeFields(old);
  if (before === null) return;
  const after = next === null ? null : revealRatchet(next);
  const kept = after === null ? [] : secretsOf(after);
  // This runs for every message: a set pays only where many keys of late messages are stored.
  const index = kept.length > FEW_SECRETS ? new Set(kept) : null;
  for (const secret of secretsOf(before)) {
    if (index === null ? !kept.includes(secret) : !index.has(secret)) wipe(secret);
  }
  if (before.dh !== null && before.dh.ours !== after?.dh?.ours) before.dh.ours.dispose();
  const pair = offeredPair(before);
  if (pair !== null && (after === null || pair !== offeredPair(after))) pair.dispose();
}

const FEW_SECRETS = 32;

function offeredPair({ pq }: RatchetFields): KemKeyPair | null {
  return pq?.slot.kind === 'offered' ? pq.slot.pair : null;
}

/** An array and no generator: this runs for every message. */
function secretsOf(fields: RatchetFields): Uint8Array[] {
  const { dh, sending, receiving, oldChains, pq } = fields;
  const secrets: Uint8Array[] = [];
  if (dh !== null) secrets.push(dh.rootKey, dh.nextSendingHeaderKey, dh.nextReceivingHeaderKey);
  if (sending !== null) secrets.push(sending.headerKey, sending.chainKey);
  if (receiving !== null) {
    secrets.push(receiving.headerKey, receiving.chainKey);
    for (const key of receiving.skipped) secrets.push(key.messageKey);
  }
  for (const chain of oldChains) {
    secrets.push(chain.headerKey);
    for (const key of chain.skipped) secrets.push(key.messageKey);
  }
  if (pq !== null) pqSecrets(pq, secrets);
  return secrets;
}
