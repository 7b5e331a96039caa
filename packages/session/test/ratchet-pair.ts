/** Two sessions from agreed keys, without a handshake: any level, any suite. */
import {
  LEVEL_QUANTUM_RESISTANT,
  SUITE_AES_256_GCM,
  type SecurityLevel,
  type Session,
  type SessionOrigin,
  type Suite,
} from '@wotid/session';
import { sessionId } from '../src/kdf.ts';
import { initiatorRatchet, responderRatchet, type RatchetState } from '../src/ratchet/state.ts';
import { newSession, type SessionRole } from '../src/session.ts';
import { startMs, type Person } from './people.ts';

export interface PairInit {
  readonly level?: SecurityLevel;
  readonly suite?: Suite;
  readonly origin?: SessionOrigin;
  readonly isLastResort?: boolean;
}

/** `a` has initiated; no message has been sent. */
export function ratchetPair(
  a: Person,
  b: Person,
  init: PairInit = {},
): { readonly a: Session; readonly b: Session } {
  const kind = { level: init.level ?? LEVEL_QUANTUM_RESISTANT, suite: init.suite ?? SUITE_AES_256_GCM };
  const random = (length: number): Uint8Array<ArrayBuffer> => a.provider.random.bytes(length);
  const sessionAd = random(64);
  const keys = {
    rootKey: random(32),
    headerKeyA: random(32),
    nextHeaderKeyB: random(32),
    pqRoot: random(32),
    pqInitiatorToResponder: random(32),
    pqResponderToInitiator: random(32),
  };
  // The ratchets wipe what they have used up.
  const copy = (): typeof keys =>
    Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.slice()])) as typeof keys;
  const spkSecret = random(32);
  const spk = b.provider.x25519FromSecret(spkSecret);
  const session = (ratchet: RatchetState, role: SessionRole, ours: Person, peer: Person): Session =>
    newSession(
      { ratchet, sessionAd, sid: sessionId(a.provider, sessionAd) },
      {
        ...kind,
        role,
        origin: init.origin ?? 'gate',
        ours: ours.own,
        peer: peer.own,
        initHash: new Uint8Array(32),
        initiatedAtMs: startMs,
        isPeerVerified: true,
        isLastResort: init.isLastResort ?? false,
        nowMs: startMs,
      },
    );
  return {
    a: session(initiatorRatchet(a.provider, kind, copy(), sessionAd, spk.publicKey), 'initiator', a, b),
    b: session(responderRatchet(kind, copy(), sessionAd, spk), 'responder', b, a),
  };
}
