/** What can be done with stolen states. Nothing of this is in the product. */
import type { CryptoProvider } from '@wotid/crypto';
import type { Session } from '@wotid/session';
import { decodeSession, encodeSession } from '@wotid/session';
import { rootStep } from '../src/kdf.ts';
import { idleSlot, type PqRatchet } from '../src/ratchet/pq-state.ts';
import { decrypt } from '../src/ratchet/ratchet.ts';
import { RatchetState, revealRatchet, type RatchetFields } from '../src/ratchet/state.ts';

/** A copy of a stored session, as a thief of the disk takes it. */
export function steal(provider: CryptoProvider, session: Session): Session {
  return decodeSession(provider, encodeSession(session));
}

export function pqOf(session: Session): PqRatchet {
  const { pq } = revealRatchet(session.ratchet);
  if (pq === null) throw new TypeError('there is no post-quantum half');
  return pq;
}

/** `session` with other secrets. */
export function withFields(session: Session, changes: Partial<RatchetFields>): Session {
  return { ...session, ratchet: new RatchetState({ ...revealRatchet(session.ratchet), ...changes }) };
}

/**
 * The other end of a stolen session, as far as its state allows: whoever has A's state can speak to A as B. The thief
 * makes a ratchet key of its own; A takes it for B's next one.
 */
export function poseAsPeer(provider: CryptoProvider, stolen: Session): Session {
  const { dh, sending, receiving, ...fields } = revealRatchet(stolen.ratchet);
  const pq = pqOf(stolen);
  if (dh === null || sending === null || receiving === null)
    throw new TypeError('steal it after a round trip');
  const ours = provider.x25519Generate();
  const step = rootStep(provider, dh.rootKey, provider.x25519(ours, dh.ours.publicKey));
  const [theirs] = pq.receiving;
  if (theirs === undefined) throw new TypeError('a post-quantum half has a receiving chain');
  return {
    ...stolen,
    role: stolen.role === 'initiator' ? 'responder' : 'initiator',
    ourDid: stolen.peerDid,
    ourIdFp: stolen.peerIdFp,
    peerDid: stolen.ourDid,
    peerIdFp: stolen.ourIdFp,
    ratchet: new RatchetState({
      ...fields,
      oldChains: [],
      previousLength: receiving.n,
      dh: {
        rootKey: step.rootKey,
        ours,
        theirs: dh.ours.publicKey,
        nextSendingHeaderKey: step.nextHeaderKey,
        nextReceivingHeaderKey: dh.nextSendingHeaderKey,
      },
      sending: { headerKey: dh.nextReceivingHeaderKey, chainKey: step.chainKey, n: 0 },
      receiving: { ...sending, skipped: [] },
      pq: {
        ...pq,
        sending: theirs,
        receiving: [pq.sending],
        previousLength: 0,
        skipped: [],
        slot: idleSlot,
      },
    }),
  };
}

/**
 * A passive thief of a post-quantum half that gets every X25519 secret of its victim as well: who reads traffic recorded
 * today with a quantum computer of tomorrow.
 */
export class PassiveThief {
  pq: PqRatchet;
  readonly #provider: CryptoProvider;

  constructor(provider: CryptoProvider, stolen: Session) {
    this.#provider = provider;
    this.pq = pqOf(stolen);
  }

  /** Whether it reads a message that `victim` is about to open; what it learns from it, it keeps. */
  reads(victim: Session, envelope: Uint8Array, nowMs: number): boolean {
    const fields = { ...revealRatchet(victim.ratchet), pq: this.pq };
    try {
      const { state } = decrypt(this.#provider, new RatchetState(fields), envelope, nowMs);
      this.pq = revealRatchet(state).pq as PqRatchet;
      return true;
    } catch {
      return false;
    }
  }
}
