/**
 * The state of one side of a ratchet. Values are immutable: encrypting and decrypting give a new state that shares what
 * did not change, and the caller keeps the old one until the new one is stored. Knows nothing of identities, frames,
 * records or time.
 */
import { wipe, type CryptoProvider, type X25519KeyPair } from '@wotid/crypto';
import { rootStep, type SessionKeys } from '../kdf.ts';

/** An EC chain: `n` is the index of the next message. */
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

/** A PQ chain: `i` is the index of the next message. */
export interface PqChain {
  readonly chainKey: Uint8Array;
  readonly i: number;
}

/** The PQ chains of one epoch. */
export interface PqEpoch {
  readonly epoch: number;
  readonly sending: PqChain;
  readonly receiving: PqChain;
}

/** The PQ share of a message that has not arrived yet. */
export interface SkippedPqKey {
  readonly epoch: number;
  readonly i: number;
  readonly messageKey: Uint8Array;
  /** When it was stored, milliseconds since the Unix epoch. */
  readonly storedAtMs: number;
}

/** The post-quantum half: symmetric chains, one pair an epoch, newest last. Epoch 0 comes from PQXDH. */
export interface PqRatchet {
  readonly pqRoot: Uint8Array;
  /** The epoch that our messages use. */
  readonly sendEpoch: number;
  readonly epochs: readonly PqEpoch[];
  /** Oldest first. */
  readonly skipped: readonly SkippedPqKey[];
}

/** Everything a ratchet knows; all of it but `sessionAd` and public keys is secret. */
export interface RatchetFields {
  /** H512 of the handshake's associated data, 64 bytes: in the AAD of every message. */
  readonly sessionAd: Uint8Array;
  readonly rootKey: Uint8Array;
  /** Our ratchet key: SPK_B for the responder until the first step. */
  readonly ours: X25519KeyPair;
  /** The peer's ratchet key; `null` for the responder before the first message. */
  readonly theirs: Uint8Array | null;
  /** `null` for the responder before the first message. */
  readonly sending: EcChain | null;
  readonly receiving: ReceivingChain | null;
  readonly nextSendingHeaderKey: Uint8Array;
  readonly nextReceivingHeaderKey: Uint8Array;
  /** pn: messages in our previous sending chain. */
  readonly previousLength: number;
  /** Oldest first. */
  readonly oldChains: readonly OldChain[];
  readonly pq: PqRatchet;
}

/** Reads the secrets of a state; internal to this package. */
export let revealRatchet: (state: RatchetState) => RatchetFields;

/** One side of a ratchet, opaque: it neither prints nor serializes its secrets by itself. */
export class RatchetState {
  readonly #fields: RatchetFields;

  /** Internal: applications get states from a handshake or a record. */
  constructor(fields: RatchetFields) {
    this.#fields = fields;
  }

  static {
    revealRatchet = (state) => state.#fields;
  }

  /** Nothing secret: the indexes only. */
  toJSON(): Readonly<Record<string, number>> {
    const { sending, receiving, oldChains, pq } = this.#fields;
    return {
      sent: sending?.n ?? 0,
      received: receiving?.n ?? 0,
      skipped: oldChains.reduce((sum, chain) => sum + chain.skipped.length, receiving?.skipped.length ?? 0),
      pqEpoch: pq.sendEpoch,
    };
  }
}

/**
 * The initiator's first state (RatchetInitAliceHE): it can send at once.
 * @param theirs the responder's signed prekey, 32 bytes, which serves as its first ratchet key
 * @throws CryptoError `BAD_PUBLIC_KEY`
 */
export function initiatorRatchet(
  provider: CryptoProvider,
  keys: SessionKeys,
  sessionAd: Uint8Array,
  theirs: Uint8Array,
): RatchetState {
  const ours = provider.x25519Generate();
  const dh = provider.x25519(ours, theirs);
  const step = rootStep(provider, keys.rootKey, dh);
  wipe(dh, keys.rootKey);
  return new RatchetState({
    sessionAd,
    rootKey: step.rootKey,
    ours,
    theirs: theirs.slice(),
    sending: { headerKey: keys.headerKeyA, chainKey: step.chainKey, n: 0 },
    receiving: null,
    nextSendingHeaderKey: step.nextHeaderKey,
    nextReceivingHeaderKey: keys.nextHeaderKeyB,
    previousLength: 0,
    oldChains: [],
    pq: firstEpoch(keys.pqRoot, keys.pqInitiatorToResponder, keys.pqResponderToInitiator),
  });
}

/**
 * The responder's first state (RatchetInitBobHE): it can send after the first message was opened.
 * @param ours the signed prekey's pair; owned by the state from now on
 */
export function responderRatchet(
  keys: SessionKeys,
  sessionAd: Uint8Array,
  ours: X25519KeyPair,
): RatchetState {
  return new RatchetState({
    sessionAd,
    rootKey: keys.rootKey,
    ours,
    theirs: null,
    sending: null,
    receiving: null,
    nextSendingHeaderKey: keys.nextHeaderKeyB,
    nextReceivingHeaderKey: keys.headerKeyA,
    previousLength: 0,
    oldChains: [],
    pq: firstEpoch(keys.pqRoot, keys.pqResponderToInitiator, keys.pqInitiatorToResponder),
  });
}

function firstEpoch(pqRoot: Uint8Array, sending: Uint8Array, receiving: Uint8Array): PqRatchet {
  return {
    pqRoot,
    sendEpoch: 0,
    epochs: [{ epoch: 0, sending: { chainKey: sending, i: 0 }, receiving: { chainKey: receiving, i: 0 } }],
    skipped: [],
  };
}

/**
 * Wipes what `next` no longer uses of `old`, once `next` is stored; `old` is unusable afterwards. Best effort. With
 * `next` = `null` everything is wiped.
 */
export function wipeReplacedRatchet(old: RatchetState, next: RatchetState | null): void {
  const kept = new Set<unknown>();
  if (next !== null) {
    const fields = revealRatchet(next);
    for (const secret of secretsOf(fields)) kept.add(secret);
    kept.add(fields.ours);
  }
  const fields = revealRatchet(old);
  for (const secret of secretsOf(fields)) if (!kept.has(secret)) wipe(secret);
  if (!kept.has(fields.ours)) fields.ours.dispose();
}

/** An array and no generator: this runs for every message. */
function secretsOf(fields: RatchetFields): Uint8Array[] {
  const { sending, receiving, oldChains, pq } = fields;
  const secrets = [fields.rootKey, fields.nextSendingHeaderKey, fields.nextReceivingHeaderKey, pq.pqRoot];
  if (sending !== null) secrets.push(sending.headerKey, sending.chainKey);
  if (receiving !== null) {
    secrets.push(receiving.headerKey, receiving.chainKey);
    for (const key of receiving.skipped) secrets.push(key.messageKey);
  }
  for (const chain of oldChains) {
    secrets.push(chain.headerKey);
    for (const key of chain.skipped) secrets.push(key.messageKey);
  }
  for (const epoch of pq.epochs) secrets.push(epoch.sending.chainKey, epoch.receiving.chainKey);
  for (const key of pq.skipped) secrets.push(key.messageKey);
  return secrets;
}
