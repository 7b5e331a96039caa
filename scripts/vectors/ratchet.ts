/** Vectors of a short conversation: turns, a skipped message that comes late, and one from an older chain. */
import { utf8 } from '@wotid/core';
import {
  decrypt,
  encrypt,
  LEVEL_QUANTUM_RESISTANT,
  SUITE_AES_256_GCM,
  type RatchetState,
} from '@wotid/session';
import { initiatorRatchet, responderRatchet } from '../../packages/session/src/ratchet/state.ts';
import { alice, bob, counting, filled, hex, startMs, type VectorFile, type VectorPerson } from './people.ts';

interface End extends Pick<VectorPerson, 'provider'> {
  readonly name: 'a' | 'b';
  state: RatchetState;
}

interface Sent {
  readonly id: number;
  readonly from: 'a' | 'b';
  readonly envelope: Uint8Array;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What happens: `a0` = Alice seals message 0, `>0` = message 0 arrives. */
const script = 'a0 a1 >1 b2 >2 a3 a4 >4 >0 b5 b6 >6 a7 >7 >3 >5 b8 >8';

/** `ratchet.json` */
export function ratchetVectors(): VectorFile {
  const keys = {
    rootKey: filled(0x21, 32),
    headerKeyA: filled(0x22, 32),
    nextHeaderKeyB: filled(0x23, 32),
    pqRoot: filled(0x24, 32),
    pqInitiatorToResponder: filled(0x25, 32),
    pqResponderToInitiator: filled(0x26, 32),
  };
  // The ratchets wipe what they have used up.
  const copy = (): typeof keys =>
    Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key.slice()])) as typeof keys;
  const kind = { level: LEVEL_QUANTUM_RESISTANT, suite: SUITE_AES_256_GCM };
  const sessionAd = filled(0x20, 64);
  const a = alice('ratchet');
  const b = bob('ratchet');
  const spkSecret = counting(0x30, 32);
  const spk = b.provider.x25519FromSecret(spkSecret);
  const ends: Record<'a' | 'b', End> = {
    a: {
      name: 'a',
      provider: a.provider,
      state: initiatorRatchet(a.provider, kind, copy(), sessionAd, spk.publicKey),
    },
    b: { name: 'b', provider: b.provider, state: responderRatchet(kind, copy(), sessionAd, spk) },
  };
  const firstSecret = a.provider.takeDrawn();
  const sent: Sent[] = [];
  const steps = script.split(' ').map((step) => {
    const id = Number(step.slice(1));
    if (step.startsWith('>')) return arrive(ends, sent[id] as Sent);
    sent.push(seal(ends[step[0] as 'a' | 'b'], id));
    return { step: 'seal', ...(sent[id] as Sent).facts };
  });
  return {
    about:
      'Two ratchets from given session keys. "draws" are the ratchet secrets that a step makes: the first one of a at its start, later ones when a message turns the ratchet. header is the plaintext header; key and nonce are the message key.',
    sessionAd: hex(sessionAd),
    keys: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, hex(key)])),
    spkSecret: hex(spkSecret),
    firstRatchetSecret: firstSecret[0],
    steps,
  };
}

function seal(end: End, id: number): Sent {
  const { provider } = end;
  provider.sealed.length = 0;
  const plaintext = utf8(`message ${id}`);
  const { state, envelope } = encrypt(provider, end.state, plaintext);
  end.state = state;
  const [body, header] = provider.sealed;
  const facts = {
    id,
    from: end.name,
    plaintext: hex(plaintext),
    header: header?.plaintext,
    headerKey: header?.key,
    key: body?.key,
    nonce: body?.nonce,
    envelope: hex(envelope),
  };
  return { id, from: end.name, envelope, facts };
}

function arrive(ends: Record<'a' | 'b', End>, message: Sent): Record<string, unknown> {
  const to = ends[message.from === 'a' ? 'b' : 'a'];
  to.provider.takeDrawn();
  to.state = decrypt(to.provider, to.state, message.envelope, startMs).state;
  return { step: 'open', id: message.id, at: to.name, draws: to.provider.takeDrawn() };
}
