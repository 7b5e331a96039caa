/**
 * The header-encrypted Double Ratchet (Double Ratchet rev. 4, section 4) with a post-quantum ratchet beside it (section
 * 6: message keys depend on both). Level 2 is without the post-quantum one, level 1 has two chains that nothing renews.
 * Bytes in, bytes out; knows no frame, identity, record or clock.
 *
 * Envelope (kind 01):
 *
 * | offset | size | field | meaning |
 * |---|---|---|---|
 * | 0 | 1 | kind | 01 |
 * | 1 | 58 | header | AES-256-GCM-SIV(header key, zero nonce, header of 42 bytes) |
 * | 59 | n | body | the suite's AEAD(message key and nonce, plaintext), AAD = sessionAd + kind + plaintext header |
 * | 59+n | 16 | tag | |
 */
import { equalBytes } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { decryptFailed, SessionError } from '../errors.ts';
import { ecChainStep, messageKey, NO_PQ_SHARE, pqChainStep, rootStep } from '../kdf.ts';
import {
  ENVELOPE_OVERHEAD_BYTES,
  HEADER_BYTES,
  KEY_BYTES,
  MAX_CHAIN_INDEX,
  MAX_JUMP,
  MAX_PLAINTEXT_BYTES,
  MAX_RATCHET_ENVELOPE_BYTES,
  SEALED_HEADER_BYTES,
  SESSION_AD_BYTES,
} from '../limits.ts';
import { suiteAead } from '../suites.ts';
import { decodeHeader, encodeHeader, openHeader, sealHeader, type RatchetHeader } from './header.ts';
import { advanceEc, boundEc, boundPq, endChain, takePq, takeSkippedEc } from './receive-keys.ts';
import {
  RatchetState,
  revealRatchet,
  type DhRatchet,
  type OldChain,
  type RatchetFields,
  type ReceivingChain,
} from './state.ts';

/** First byte of a ratchet envelope. */
export const KIND_RATCHET = 1;

const BODY_OFFSET = 1 + SEALED_HEADER_BYTES;
/** In the header where there is no ratchet key: level 1. */
const NO_DH = new Uint8Array(KEY_BYTES);

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
  const { sending, pq } = fields;
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
  if (sending.n > MAX_CHAIN_INDEX || (pq !== null && pq.sending.i > MAX_CHAIN_INDEX)) {
    throw new SessionError('SESSION_EXHAUSTED', 'this session has sent all the messages it can', {
      hint: 'make a new handshake with this peer',
    });
  }
  const ec = ecChainStep(provider, sending.chainKey);
  const pqStep = pq === null ? null : pqChainStep(provider, pq.sending.chainKey);
  const once = messageKey(provider, ec.messageKey, pqStep?.messageKey ?? NO_PQ_SHARE);
  try {
    const header = encodeHeader({
      dh: fields.dh?.ours.publicKey ?? NO_DH,
      pn: fields.previousLength,
      n: sending.n,
      epoch: pq?.sending.epoch ?? 0,
      pi: pq?.previousLength ?? 0,
      i: pq?.sending.i ?? 0,
    });
    const aad = bodyAad(fields.sessionAd, header);
    const body = provider.seal(suiteAead(fields.suite), once.key, once.nonce, plaintext, aad);
    const envelope = new Uint8Array(BODY_OFFSET + body.length);
    envelope[0] = KIND_RATCHET;
    envelope.set(sealHeader(provider, sending.headerKey, header), 1);
    envelope.set(body, BODY_OFFSET);
    const pqSent =
      pq === null || pqStep === null
        ? null
        : { ...pq, sending: { ...pq.sending, chainKey: pqStep.chainKey, i: pq.sending.i + 1 } };
    const sent = { headerKey: sending.headerKey, chainKey: ec.chainKey, n: sending.n + 1 };
    return { envelope, state: new RatchetState({ ...fields, sending: sent, pq: pqSent }) };
  } finally {
    wipe(once.key, once.nonce, ec.messageKey);
    if (pqStep !== null) wipe(pqStep.messageKey);
  }
}

/**
 * Decrypts one message. The header is authenticated before any key is advanced, so a stranger can force no work beyond
 * at most seven header trials. Store the new state before the plaintext is shown or acknowledged.
 * @param nowMs milliseconds since the Unix epoch: dates skipped keys and ends those older than 30 days
 * @returns the new state, the plaintext, and the PQ epoch of the message; `state` stays usable and unchanged
 * @throws SessionError `DECRYPT_FAILED` for whatever is wrong with the envelope; nothing has changed then
 */
export function decrypt(
  provider: CryptoProvider,
  state: RatchetState,
  envelope: Uint8Array,
  nowMs: number,
): {
  readonly state: RatchetState;
  readonly plaintext: Uint8Array<ArrayBuffer>;
  readonly messageEpoch: number;
} {
  const fields = revealRatchet(state);
  const match = matchHeader(provider, fields, envelope);
  if (match === null) throw decryptFailed();
  const { header, headerBytes } = match;
  const pqTaken = fields.pq === null ? null : takePq(provider, fields.pq, header, nowMs);
  if (fields.pq !== null && pqTaken === null) throw decryptFailed();
  if (fields.pq === null && (header.epoch !== 0 || header.pi !== 0 || header.i !== 0)) throw decryptFailed();
  const open = (ecKey: Uint8Array): Uint8Array<ArrayBuffer> => {
    const once = messageKey(provider, ecKey, pqTaken?.pqKey ?? NO_PQ_SHARE);
    const body = envelope.subarray(BODY_OFFSET);
    const aad = bodyAad(fields.sessionAd, headerBytes);
    const plaintext = provider.open(suiteAead(fields.suite), once.key, once.nonce, body, aad);
    wipe(once.key, once.nonce);
    if (plaintext === null) throw decryptFailed();
    return plaintext;
  };
  const received =
    match.chain === 'next'
      ? stepAndOpen(provider, fields, header, nowMs, open)
      : openInChain(provider, fields, match.chain, header, nowMs, open);
  // A sender's two indexes grow together. Who knows the keys of an epoch that has ended, and no newer ones, can at most
  // fill the gaps that were left in it: it must not move the classical half on.
  if (pqTaken !== null && pqTaken.isLate !== received.isLate) throw decryptFailed();
  return {
    plaintext: received.plaintext,
    messageEpoch: header.epoch,
    state: new RatchetState({
      ...fields,
      ...received.changes,
      ...boundEc(received.oldChains, received.receiving, nowMs),
      pq: pqTaken === null ? null : boundPq(pqTaken.pq, nowMs),
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
  /** The message's EC share had been stored when a later message arrived. */
  readonly isLate: boolean;
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
  const { receiving, dh } = fields;
  const current = (): HeaderMatch | null => receiving && attempt(receiving.headerKey, 'current');
  const next = (): HeaderMatch | null => dh && attempt(dh.nextReceivingHeaderKey, 'next');
  // The peer starts a new chain only after a message of ours in the chain that we send in now. A failed trial costs
  // three times as much as one that succeeds, so the likely one comes first.
  const hasSent = fields.sending !== null && fields.sending.n > 0;
  const likely = hasSent ? (next() ?? current()) : (current() ?? next());
  if (likely !== null) return likely;
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
    const theirs = fields.dh === null ? NO_DH : fields.dh.theirs;
    if (theirs === null || !equalBytes(header.dh, theirs)) throw decryptFailed();
    const taken = advanceEc(provider, receiving, header.n, nowMs);
    if (taken === null) throw decryptFailed();
    return {
      plaintext: open(taken.ecKey),
      isLate: false,
      oldChains: fields.oldChains,
      receiving: taken.chain,
      changes: {},
    };
  }
  const source = chain === 'current' ? receiving : (fields.oldChains[chain] as OldChain);
  const taken = takeSkippedEc(source.skipped, header.n, nowMs);
  if (taken === null) throw decryptFailed();
  const plaintext = open(taken.ecKey);
  if (chain === 'current') {
    return {
      plaintext,
      isLate: true,
      oldChains: fields.oldChains,
      receiving: { ...receiving, skipped: taken.skipped },
      changes: {},
    };
  }
  const oldChains = fields.oldChains.map((old, k) =>
    k === chain ? { headerKey: old.headerKey, skipped: taken.skipped } : old,
  );
  return { plaintext, isLate: true, oldChains, receiving, changes: {} };
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
  const { dh } = fields;
  if (dh === null || header.n > MAX_JUMP) throw decryptFailed();
  let oldChains = fields.oldChains;
  if (fields.receiving === null) {
    if (header.pn !== 0) throw decryptFailed();
  } else {
    const ended = endChain(provider, fields.receiving, header.pn, nowMs);
    if (ended === null) throw decryptFailed();
    oldChains = [...oldChains, ended];
  }
  const receivingStep = rootStepWith(provider, dh.rootKey, dh.ours, header.dh);
  const taken = advanceEc(
    provider,
    {
      headerKey: dh.nextReceivingHeaderKey,
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
    isLate: false,
    oldChains,
    receiving: taken.chain,
    changes: {
      dh: {
        rootKey: sendingStep.rootKey,
        ours,
        theirs: header.dh,
        nextSendingHeaderKey: sendingStep.nextHeaderKey,
        nextReceivingHeaderKey: receivingStep.nextHeaderKey,
      },
      sending: { headerKey: dh.nextSendingHeaderKey, chainKey: sendingStep.chainKey, n: 0 },
      previousLength: fields.sending?.n ?? 0,
    },
  };
}

/** @throws SessionError `DECRYPT_FAILED` when `theirs` is no canonical X25519 key of full order */
function rootStepWith(
  provider: CryptoProvider,
  rootKey: Uint8Array,
  ours: DhRatchet['ours'],
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

/** Every message needs it once, for one call: it is written over. */
const aad = new Uint8Array(SESSION_AD_BYTES + 1 + HEADER_BYTES);

/** The additional data of a message's body. Good until the next call. */
function bodyAad(sessionAd: Uint8Array, header: Uint8Array): Uint8Array {
  aad.set(sessionAd);
  aad[SESSION_AD_BYTES] = KIND_RATCHET;
  aad.set(header, SESSION_AD_BYTES + 1);
  return aad;
}
