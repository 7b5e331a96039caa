/** Vectors of post-quantum epochs: their keys, what is signed, a conversation with a signed rekey, and logs. */
import {
  encodeCheckpoint,
  encodeText,
  LEVEL_ENHANCED,
  LEVEL_QUANTUM_RESISTANT,
  LEVEL_STANDARD,
  logHash,
  messageTypes,
  openEnvelope,
  sealMessage,
  SUITE_AES_256_GCM,
  SUITE_AES_256_GCM_SIV,
  SUITE_CHACHA20_POLY1305,
  type LoggedMessage,
  type SealInit,
  type SecurityLevel,
  type Session,
  type Suite,
} from '@wotid/session';
import { epochKeys, sessionId } from '../../packages/session/src/kdf.ts';
import {
  initiatorRatchet,
  responderRatchet,
  type RatchetState,
} from '../../packages/session/src/ratchet/state.ts';
import { newSession, type SessionRole } from '../../packages/session/src/session.ts';
import { rekeyBody } from '../../packages/session/src/wire/control.ts';
import { alice, bob, counting, filled, hex, startMs, type VectorFile, type VectorPerson } from './people.ts';

/** Six keys that a handshake would have given. */
function agreedKeys(first: number): Record<string, Uint8Array<ArrayBuffer>> {
  const names = [
    'rootKey',
    'headerKeyA',
    'nextHeaderKeyB',
    'pqRoot',
    'pqInitiatorToResponder',
    'pqResponderToInitiator',
  ];
  return Object.fromEntries(names.map((name, at) => [name, filled(first + at, 32)]));
}

interface Pair {
  readonly sessionAd: Uint8Array;
  readonly spkSecret: Uint8Array;
  readonly keys: Record<string, Uint8Array>;
  readonly sessions: Record<'a' | 'b', Session>;
}

function pairOf(a: VectorPerson, b: VectorPerson, level: SecurityLevel, suite: Suite): Pair {
  const kind = { level, suite };
  const keys = agreedKeys(0x61);
  type Keys = Parameters<typeof responderRatchet>[1];
  const sessionAd = filled(0x60, 64);
  const spkSecret = counting(0x70, 32);
  const spk = b.provider.x25519FromSecret(spkSecret);
  const session = (
    ratchet: RatchetState,
    role: SessionRole,
    ours: VectorPerson,
    peer: VectorPerson,
  ): Session =>
    newSession(
      { ratchet, sessionAd, sid: sessionId(a.provider, sessionAd) },
      {
        ...kind,
        role,
        origin: 'gate',
        ours: ours.own,
        peer: peer.own,
        initHash: new Uint8Array(32),
        initiatedAtMs: startMs,
        isPeerVerified: true,
        nowMs: startMs,
      },
    );
  const fresh = (): Keys => agreedKeys(0x61) as unknown as Keys;
  const initiator = initiatorRatchet(a.provider, kind, fresh(), sessionAd, spk.publicKey);
  return {
    sessionAd,
    spkSecret,
    keys,
    sessions: {
      a: session(initiator, 'initiator', a, b),
      b: session(responderRatchet(kind, fresh(), sessionAd, spk), 'responder', b, a),
    },
  };
}

function talk(
  file: string,
  level: SecurityLevel,
  suite: Suite,
  script: readonly (readonly ['a' | 'b', SealInit['rekey']])[],
): Record<string, unknown> {
  const people = { a: alice(file), b: bob(file) };
  const { sessions, ...pair } = pairOf(people.a, people.b, level, suite);
  const firstDraws = people.a.provider.takeDrawn();
  const steps = script.map(([from, rekey = 'due'], at) => {
    const to = from === 'a' ? 'b' : 'a';
    const [who, other] = [people[from], people[to]];
    who.provider.sealed.length = 0;
    const message = {
      type: messageTypes.text,
      payload: encodeText(`message ${at}`),
      messageId: filled(at, 16),
      seq: at + 1,
      sentAtMs: startMs + at,
    };
    const sealed = sealMessage(who.provider, sessions[from], message, {
      route: 'mailbox',
      nowMs: startMs + at,
      rekeyWith: who.own,
      rekey,
    });
    const [body] = who.provider.sealed;
    const sealDraws = who.provider.takeDrawn();
    sessions[from] = sealed.session;
    const opened = openEnvelope(other.provider, sessions[to], sealed.envelope, {
      nowMs: startMs + at,
      peer: who.own.block,
    });
    sessions[to] = opened.session;
    return {
      from,
      envelope: hex(sealed.envelope),
      plaintext: body?.plaintext,
      sealDraws,
      openDraws: other.provider.takeDrawn(),
      rekeySequence: { a: sessions.a.rekeySequence, b: sessions.b.rekeySequence },
    };
  });
  return {
    level,
    suite,
    initiator: { did: people.a.own.block.did, idFp: hex(people.a.own.idFp), seeds: hex(people.a.seeds) },
    responder: { did: people.b.own.block.did, idFp: hex(people.b.own.idFp), seeds: hex(people.b.seeds) },
    sessionAd: hex(pair.sessionAd),
    sid: hex(sessions.a.sid),
    keys: Object.fromEntries(Object.entries(pair.keys).map(([name, key]) => [name, hex(key)])),
    spkSecret: hex(pair.spkSecret),
    firstDraws,
    steps,
  };
}

/** `epochs.json` */
export function epochVectors(): VectorFile {
  const { provider } = alice('epochs');
  const [ss, root] = [filled(6, 32), filled(8, 32)];
  const keysOf = (epoch: number, exchangeHash: Uint8Array): Record<string, unknown> => {
    const keys = epochKeys(provider, ss, root, epoch, exchangeHash);
    return {
      ss: hex(ss),
      root: hex(root),
      epoch,
      exchangeHash: hex(exchangeHash),
      nextRoot: hex(keys.root),
      aToB: hex(keys.initiatorToResponder),
      bToA: hex(keys.responderToInitiator),
    };
  };
  const facts = {
    sid: counting(0, 16),
    signerIdFp: filled(0x51, 32),
    from: 'did:example:alice',
    to: 'did:example:bob',
    epoch: 7,
    sentAtMs: startMs,
    ekHash: provider.sha512(filled(0x52, 1568)),
  };
  const log: LoggedMessage[] = [1, 2, 3].map((seq) => ({
    type: messageTypes.text,
    messageId: filled(seq, 16),
    seq,
    sentAtMs: startMs + seq,
    replyTo: seq === 2 ? filled(9, 16) : null,
    payload: encodeText(`message ${seq}`),
  }));
  const window = logHash(provider, facts.from, facts.to, log);
  return {
    about:
      'Epochs of the post-quantum half. keys: HKDF of one epoch, exchangeHash = H256(ek + ct). signed: what is signed for purpose rekey, ek = 52 x 1568, ct = 53 x 1568. rekeys: a conversation in order, each message opened at once; draws are what a step took from the random source: the seed of an Offer is 64 bytes, the randomness of an encapsulation 32, a ratchet secret 32, of an ML-DSA signature 32. levels: the same without a post-quantum half. log: a window of three messages and the checkpoint that sends it.',
    keys: [keysOf(1, filled(0xcc, 32)), keysOf(65_535, counting(0, 32))],
    signed: {
      ...facts,
      sid: hex(facts.sid),
      signerIdFp: hex(facts.signerIdFp),
      ekHash: hex(facts.ekHash),
      offer: hex(rekeyBody({ ...facts, ciphertextHash: null })),
      answer: hex(rekeyBody({ ...facts, ciphertextHash: provider.sha512(filled(0x53, 1568)) })),
    },
    rekeys: talk('epochs/rekeys', LEVEL_QUANTUM_RESISTANT, SUITE_AES_256_GCM, [
      ['a', 'due'],
      ['b', 'epoch'],
      ['a', 'due'],
      ['b', 'due'],
      ['a', 'signed'],
      ['b', 'due'],
      ['a', 'due'],
      ['b', 'due'],
    ]),
    levels: [
      talk('epochs/level-2', LEVEL_ENHANCED, SUITE_AES_256_GCM_SIV, [
        ['a', 'due'],
        ['b', 'due'],
        ['a', 'due'],
      ]),
      talk('epochs/level-1', LEVEL_STANDARD, SUITE_CHACHA20_POLY1305, [
        ['a', 'due'],
        ['b', 'due'],
        ['a', 'due'],
      ]),
    ],
    log: {
      from: facts.from,
      to: facts.to,
      messages: log.map(({ messageId, replyTo, payload, ...rest }) => ({
        ...rest,
        messageId: hex(messageId),
        replyTo: replyTo === null ? null : hex(replyTo),
        payload: hex(payload),
      })),
      hash: hex(window.hash),
      checkpoint: hex(encodeCheckpoint({ sent: window, received: null })),
    },
  };
}
