/**
 * The header-encrypted Double Ratchet (Double Ratchet rev. 4, section 4) with a post-quantum symmetric ratchet beside it
 * (section 6: message keys depend on both). Bytes in, bytes out; knows no frame, identity, record or clock.
 *
 * Envelope (kind 01):
 *
 * | offset | size | field | meaning |
 * |---|---|---|---|
 * | 0 | 1 | kind | 01 |
 * | 1 | 58 | header | AES-256-GCM-SIV(header key, zero nonce, header of 42 bytes) |
 * | 59 | n | body | AES-256-GCM(message key and nonce, plaintext), AAD = sessionAd + kind + plaintext header |
 * | 59+n | 16 | tag | |
 */
import { concatBytes, equalBytes } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { decryptFailed, SessionError } from '../errors.ts';
import { ecChainStep, messageKey, pqChainStep, rootStep } from '../kdf.ts';
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_CHAIN_INDEX,
  MAX_JUMP,
  MAX_PLAINTEXT_BYTES,
  MAX_RATCHET_ENVELOPE_BYTES,
  SEALED_HEADER_BYTES,
} from '../limits.ts';
import { decodeHeader, encodeHeader, openHeader, sealHeader, type RatchetHeader } from './header.ts';
import { advanceEc, boundEc, boundPq, endChain, takePq, takeSkippedEc } from './receive-keys.ts';
import {
  RatchetState,
  revealRatchet,
  type OldChain,
  type RatchetFields,
  type ReceivingChain,
} from './state.ts';

/** First byte of a ratchet envelope. */
export const KIND_RATCHET = 1;

const BODY_OFFSET = 1 + SEALED_HEADER_BYTES;

/**
 * Encrypts one message. Store the new state before the envelope leaves: a crash then skips a number, never reuses a key.
 * @param plaintext at most 73,728 bytes, already padded
 * @returns the new state and the envelope, 75 bytes longer than the plaintext; `state` stays usable and unchanged
 * @throws SessionError `SESSION_EXHAUSTED` after 65,535 messages of one chain, `SESSION_NOT_READY` for a responder that
 *   has received nothing, `PAYLOAD_TOO_LARGE`
 */
export function encrypt(
  provider: CryptoProvider,
  state: RatchetState,
  plaintext: Uint8Array,
): { readonly state: RatchetState; readonly envelope: Uint8Array<ArrayBuffer> } {
  const fields = revealRatchet(state);
  const { sending, pq, ours } = fields;
  if (plaintext.length > MAX_PLAINTEXT_BYTES) {
    throw new SessionError(
      'PAYLOAD_TOO_LARGE',
      `a plaintext of ${plaintext.length} bytes is above the limit`,
      {
        data: { bytes: plaintext.length, maxBytes: MAX_PLAINTEXT_BYTES },
      },
    );
  }
  if (sending === null) {
    throw new SessionError(
      'SESSION_NOT_READY',
      'the responder cannot send before the first message was opened',
    );
  }
  const epoch = pq.epochs.find((candidate) => candidate.epoch === pq.sendEpoch);
  if (epoch === undefined) throw new SessionError('RECORD_INVALID', 'the sending epoch has no chains');
  if (sending.n > MAX_CHAIN_INDEX || epoch.sending.i > MAX_CHAIN_INDEX) {
    throw new SessionError('SESSION_EXHAUSTED', 'this session has sent all the messages it can', {
      hint: 'make a new handshake with this peer',
    });
  }
  const ec = ecChainStep(provider, sending.chainKey);
  const pqStep = pqChainStep(provider, epoch.sending.chainKey);
  const once = messageKey(provider, ec.messageKey, pqStep.messageKey);
  try {
    const header = encodeHeader({
      dh: ours.publicKey,
      pn: fields.previousLength,
      n: sending.n,
      epoch: epoch.epoch,
      i: epoch.sending.i,
    });
    const body = provider.seal(
      'aes-256-gcm',
      once.key,
      once.nonce,
      plaintext,
      bodyAad(fields.sessionAd, header),
    );
    const envelope = concatBytes(
      Uint8Array.of(KIND_RATCHET),
      sealHeader(provider, sending.headerKey, header),
      body,
    );
    const sent = { ...epoch, sending: { chainKey: pqStep.chainKey, i: epoch.sending.i + 1 } };
    return {
      envelope,
      state: new RatchetState({
        ...fields,
        sending: { headerKey: sending.headerKey, chainKey: ec.chainKey, n: sending.n + 1 },
        pq: { ...pq, epochs: pq.epochs.map((candidate) => (candidate === epoch ? sent : candidate)) },
      }),
    };
  } finally {
    wipe(once.key, once.nonce, ec.messageKey, pqStep.messageKey);
  }
}

/**
 * Decrypts one message. The header is authenticated before any key is advanced, so a stranger can force no work beyond
 * at most seven header trials. Store the new state before the plaintext is shown or acknowledged.
 * @param nowMs milliseconds since the Unix epoch: dates skipped keys and ends those older than 30 days
 * @returns the new state and the plaintext; `state` stays usable and unchanged
 * @throws SessionError `DECRYPT_FAILED` for whatever is wrong with the envelope; nothing has changed then
 */
export function decrypt(
  provider: CryptoProvider,
  state: RatchetState,
  envelope: Uint8Array,
  nowMs: number,
): { readonly state: RatchetState; readonly plaintext: Uint8Array<ArrayBuffer> } {
  const fields = revealRatchet(state);
  const match = matchHeader(provider, fields, envelope);
  if (match === null) throw decryptFailed();
  const { header, headerBytes } = match;
  const pqTaken = takePq(provider, fields.pq, header.epoch, header.i, nowMs);
  if (pqTaken === null) throw decryptFailed();
  const body = envelope.subarray(BODY_OFFSET);
  const open = (ecKey: Uint8Array): Uint8Array<ArrayBuffer> => {
    const once = messageKey(provider, ecKey, pqTaken.pqKey);
    const plaintext = provider.open(
      'aes-256-gcm',
      once.key,
      once.nonce,
      body,
      bodyAad(fields.sessionAd, headerBytes),
    );
    wipe(once.key, once.nonce);
    if (plaintext === null) throw decryptFailed();
    return plaintext;
  };
  const received =
    match.chain === 'next'
      ? stepAndOpen(provider, fields, header, nowMs, open)
      : openInChain(provider, fields, match.chain, header, nowMs, open);
  return {
    plaintext: received.plaintext,
    state: new RatchetState({
      ...fields,
      ...received.changes,
      ...boundEc(received.oldChains, received.receiving, nowMs),
      pq: boundPq(pqTaken.pq, nowMs),
    }),
  };
}

/**
 * True when the envelope's header was sealed under a header key of this session: the trial that finds the session of a
 * mailbox message. It decrypts no body and costs at most seven AES-GCM-SIV openings of 58 bytes.
 */
export function recognizes(provider: CryptoProvider, state: RatchetState, envelope: Uint8Array): boolean {
  return matchHeader(provider, revealRatchet(state), envelope) !== null;
}

/** What opening a message changes; `changes` holds the results of a ratchet step, if one happened. */
interface Received {
  readonly plaintext: Uint8Array<ArrayBuffer>;
  readonly oldChains: readonly OldChain[];
  readonly receiving: ReceivingChain;
  readonly changes: Partial<RatchetFields>;
}

interface HeaderMatch {
  readonly header: RatchetHeader;
  readonly headerBytes: Uint8Array;
  /** The chain whose header key opened it: `next` asks for a ratchet step, a number is an old chain. */
  readonly chain: 'current' | 'next' | number;
}

function matchHeader(
  provider: CryptoProvider,
  fields: RatchetFields,
  envelope: Uint8Array,
): HeaderMatch | null {
  if (envelope.length < ENVELOPE_OVERHEAD_BYTES || envelope.length > MAX_RATCHET_ENVELOPE_BYTES) return null;
  if (envelope[0] !== KIND_RATCHET) return null;
  const sealed = envelope.subarray(1, BODY_OFFSET);
  const attempt = (headerKey: Uint8Array, chain: HeaderMatch['chain']): HeaderMatch | null => {
    const headerBytes = openHeader(provider, headerKey, sealed);
    return headerBytes === null ? null : { header: decodeHeader(headerBytes), headerBytes, chain };
  };
  if (fields.receiving !== null) {
    const match = attempt(fields.receiving.headerKey, 'current');
    if (match !== null) return match;
  }
  const next = attempt(fields.nextReceivingHeaderKey, 'next');
  if (next !== null) return next;
  for (let k = fields.oldChains.length - 1; k >= 0; k--) {
    const match = attempt((fields.oldChains[k] as OldChain).headerKey, k);
    if (match !== null) return match;
  }
  return null;
}

/** A message of the current receiving chain, or a late one of an older chain. */
function openInChain(
  provider: CryptoProvider,
  fields: RatchetFields,
  chain: 'current' | number,
  header: RatchetHeader,
  nowMs: number,
  open: (ecKey: Uint8Array) => Uint8Array<ArrayBuffer>,
): Received {
  const receiving = fields.receiving;
  if (receiving === null) throw decryptFailed();
  if (chain === 'current' && header.n >= receiving.n) {
    if (fields.theirs === null || !equalBytes(header.dh, fields.theirs)) throw decryptFailed();
    const taken = advanceEc(provider, receiving, header.n, nowMs);
    if (taken === null) throw decryptFailed();
    return { plaintext: open(taken.ecKey), oldChains: fields.oldChains, receiving: taken.chain, changes: {} };
  }
  const source = chain === 'current' ? receiving : (fields.oldChains[chain] as OldChain);
  const taken = takeSkippedEc(source.skipped, header.n, nowMs);
  if (taken === null) throw decryptFailed();
  const plaintext = open(taken.ecKey);
  if (chain === 'current') {
    return {
      plaintext,
      oldChains: fields.oldChains,
      receiving: { ...receiving, skipped: taken.skipped },
      changes: {},
    };
  }
  const oldChains = fields.oldChains.map((old, k) =>
    k === chain ? { headerKey: old.headerKey, skipped: taken.skipped } : old,
  );
  return { plaintext, oldChains, receiving, changes: {} };
}

/**
 * DHRatchetHE: the first message of the peer's new chain. The new receiving chain must open it before our own new key
 * is generated.
 */
function stepAndOpen(
  provider: CryptoProvider,
  fields: RatchetFields,
  header: RatchetHeader,
  nowMs: number,
  open: (ecKey: Uint8Array) => Uint8Array<ArrayBuffer>,
): Received {
  if (header.n > MAX_JUMP) throw decryptFailed();
  let oldChains = fields.oldChains;
  if (fields.receiving === null) {
    if (header.pn !== 0) throw decryptFailed();
  } else {
    const ended = endChain(provider, fields.receiving, header.pn, nowMs);
    if (ended === null) throw decryptFailed();
    oldChains = [...oldChains, ended];
  }
  const receivingStep = rootStepWith(provider, fields.rootKey, fields.ours, header.dh);
  const taken = advanceEc(
    provider,
    {
      headerKey: fields.nextReceivingHeaderKey,
      chainKey: receivingStep.chainKey,
      n: 0,
      skipped: [],
    },
    header.n,
    nowMs,
  );
  if (taken === null) throw decryptFailed();
  const plaintext = open(taken.ecKey);
  const ours = provider.x25519Generate();
  const sendingStep = rootStepWith(provider, receivingStep.rootKey, ours, header.dh);
  wipe(receivingStep.rootKey, receivingStep.chainKey);
  return {
    plaintext,
    oldChains,
    receiving: taken.chain,
    changes: {
      rootKey: sendingStep.rootKey,
      ours,
      theirs: header.dh,
      sending: { headerKey: fields.nextSendingHeaderKey, chainKey: sendingStep.chainKey, n: 0 },
      nextSendingHeaderKey: sendingStep.nextHeaderKey,
      nextReceivingHeaderKey: receivingStep.nextHeaderKey,
      previousLength: fields.sending?.n ?? 0,
    },
  };
}

/** @throws SessionError `DECRYPT_FAILED` when `theirs` is no canonical X25519 key of full order */
function rootStepWith(
  provider: CryptoProvider,
  rootKey: Uint8Array,
  ours: RatchetFields['ours'],
  theirs: Uint8Array,
): ReturnType<typeof rootStep> {
  let dh: Uint8Array;
  try {
    dh = provider.x25519(ours, theirs);
  } catch {
    throw decryptFailed();
  }
  try {
    return rootStep(provider, rootKey, dh);
  } finally {
    wipe(dh);
  }
}

function bodyAad(sessionAd: Uint8Array, header: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(sessionAd, Uint8Array.of(KIND_RATCHET), header);
}
