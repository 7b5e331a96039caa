/** What this package reads of strangers' bytes, and of a disk. */
import { concatBytes } from '@wotid/core';
import { decoder, SeededRandom, type Decoder } from '@wotid/testkit';
import {
  decodePrekeys,
  decodeSession,
  defaultSecurityPolicy,
  encodeCheckpoint,
  encodeFrame,
  encodePrekeys,
  encodePresentation,
  encodePresentationOffer,
  encodePresentationRequest,
  encodeReceipt,
  encodeSession,
  encodeText,
  encrypt,
  oneTimePairs,
  openEnvelope,
  openInit,
  parseCheckpoint,
  parseFrame,
  parsePresentation,
  parsePresentationOffer,
  parsePresentationRequest,
  parseReceipt,
  parseText,
  sealMessage,
  splitInit,
  SUITES,
  verifyOneTimePair,
  verifyPrekeys,
  type Frame,
  type Session,
} from '@wotid/session';
import { signaturePurposes, signHybrid } from '@wotid/crypto';
import {
  decodeClaims,
  decodeHello,
  decodeSealed,
  encodeTagged,
  initiatorClaimsType,
  m1Type,
  m2Type,
  responderClaimsType,
  sessionType,
} from '../../src/gate/messages.ts';
import { encodePublicPart, parsePublicPart } from '../../src/pqxdh/public-part.ts';
import { encodeInitClaims, openInitClaims, sealInitClaims } from '../../src/pqxdh/init-seal.ts';
import { decodeHeader, encodeHeader } from '../../src/ratchet/header.ts';
import { pad, unpad } from '../../src/wire/padding.ts';
import { gatePerson } from '../gate/gate-people.ts';
import { m3Claims, m4Claims, rawM1, rawM2 } from '../gate/raw-peer.ts';
import {
  chain,
  gatePair,
  init,
  native,
  offlinePair,
  openInitInit,
  person,
  startMs,
  text,
} from '../people.ts';
import { ratchetPair } from '../ratchet-pair.ts';

const random = new SeededRandom('decoders of session');
const decodeCodes = ['TOO_LARGE', 'MALFORMED', 'NON_CANONICAL'];
const everyLevel = { ...defaultSecurityPolicy, minLevel: 1, suites: SUITES } as const;
const [alice, bob] = [person('alice'), person('bob', native, { oneTimePairs: 3, policy: everyLevel })];

const m1s = [
  rawM1(gatePerson('m')),
  rawM1(gatePerson('m'), { prekeyEncapsulation: { kemId: 7, ciphertext: random.bytes(1_568) } }),
];
const m1Frames = m1s.map(({ frame }) => frame);
const m2Frames = [rawM2(gatePerson('m'), m1Frames[0] as Uint8Array, random.bytes(38)).frame];
const people = [gatePerson('c'), gatePerson('d')];
const signature = random.bytes(4_692);
signature[0] = 1;
const m3s = people.map((one) =>
  concatBytes(encodeTagged(3, initiatorClaimsType, m3Claims(one)).subarray(1), signature),
);
const m4sOf = (level: 1 | 3): Uint8Array[] =>
  people.map((one, at) =>
    concatBytes(
      encodeTagged(4, responderClaimsType(level), {
        ...m4Claims(one, level),
        sid: at === 0 ? null : random.bytes(16),
      }).subarray(1),
      signature,
    ),
  );
const m5s = [null, random.bytes(16)].map((sid) =>
  encodeTagged(5, sessionType, { verdict: 0, sid, message: random.bytes(300) }).subarray(1),
);
const claims = <T>(name: string, seeds: Uint8Array[], type: Parameters<typeof decodeClaims<T>>[0]): Decoder =>
  decoder({
    name,
    seeds,
    decode: (bytes) => decodeClaims(type, bytes),
    encode: (read) => concatBytes(encodeTagged(0, type, read.claims).subarray(1), read.signature),
    codes: decodeCodes,
  });

const plain: Frame = {
  ackSeq: null,
  control: null,
  type: 1,
  messageId: random.bytes(16),
  seq: 1,
  sentAtMs: startMs,
  replyTo: null,
  payload: encodeText('a few words'),
  signature: null,
};
const control = { epoch: 1, key: random.bytes(1_568), sentAtMs: startMs, signature: null };
const frames: Frame[] = [
  plain,
  { ...plain, ackSeq: 300, replyTo: random.bytes(16), signature },
  { ...plain, payload: new Uint8Array(), control: { ...control, kind: 'offer' } },
  { ...plain, ackSeq: 7, control: { ...control, kind: 'answer', signature } },
];

const pair = ratchetPair(alice, bob);
const firsts = ([1, 2, 3] as const).map((level) => {
  const policy = { ...everyLevel, maxLevel: level };
  return init(alice, bob, 'hello', { policy }).envelope;
});
const publicParts = firsts.map(
  (envelope) => (splitInit(envelope) as { publicBytes: Uint8Array }).publicBytes,
);
const sealKey = { key: random.bytes(32), nonce: random.bytes(12) };
const sealed = (plaintext: Uint8Array): Uint8Array =>
  sealInitClaims(
    native,
    { key: sealKey.key.slice(), nonce: sealKey.nonce.slice() },
    plaintext,
    new Uint8Array(),
  );
const initClaims = [true, false].map((isFirstContact) =>
  encodeInitClaims({
    identityBlock: isFirstContact ? alice.own.block : null,
    credential: isFirstContact ? random.bytes(900) : null,
    did: alice.own.block.did,
    idFp: alice.own.idFp,
    credentialHash: random.bytes(32),
    sentAtMs: startMs,
    signature,
  }),
);

/** A session with skipped keys in two chains, one in the middle of a rekey, and one that is fresh. */
function sessions(): Session[] {
  const offline = offlinePair(alice, bob);
  let { a } = offline;
  const sent = [0, 1, 2].map((k) => {
    const out = sealMessage(native, a, text(native, `${k}`), {
      route: 'online',
      nowMs: startMs,
      rekey: 'epoch',
    });
    a = out.session;
    return out.envelope;
  });
  const b = openEnvelope(native, offline.b, sent[2] as Uint8Array, { nowMs: startMs, peer: alice.own.block });
  return [a, b.session, gatePair(alice, bob).b, ratchetPair(alice, bob, { level: 1 }).a];
}

const publication = bob.published;
/** The block is first, then the length of the publication in two bytes, then the publication and its signature. */
const blockBytes = 2_659 + bob.own.block.did.length;
const publicationBody = publication.subarray(blockBytes + 2, publication.length - 4_692);
const place = { ...chain, nowMs: startMs };
const verifiedPublication = verifyPrekeys(native, publication, place).publication;
const pairs = oneTimePairs(native, bob.prekeys)?.pairs.map((one) => one.bytes) ?? [];
const prekeyCodes = ['PREKEYS_INVALID', 'PREKEYS_MISMATCH', 'PREKEYS_EXPIRED', 'UNSUPPORTED'];

/** Signed by its owner, whatever it says. */
function signedPublication(body: Uint8Array): Uint8Array {
  const length = Uint8Array.of((body.length & 0x7f) | 0x80, body.length >> 7);
  return concatBytes(
    publication.subarray(0, blockBytes),
    length,
    body,
    signHybrid(native, bob.own.keys, signaturePurposes.prekeys, body),
  );
}

/** Records of version 1 are read, and written in the form of today. */
const record = <Value>(decode: (bytes: Uint8Array) => Value, encode: (value: Value) => Uint8Array) => ({
  decode: (bytes: Uint8Array) => ({ value: decode(bytes), bytes }),
  encode: ({ value, bytes }: { readonly value: Value; readonly bytes: Uint8Array }) =>
    bytes[0] === 1 ? bytes : encode(value),
  codes: ['RECORD_INVALID'],
});

export const decoders: readonly Decoder[] = [
  decoder({
    name: 'session/gate M1',
    seeds: m1Frames.map((frame) => frame.subarray(1)),
    wrap: (part) => concatBytes(Uint8Array.of(1), part),
    decode: (bytes) => decodeHello(m1Type, bytes),
    encode: (read) => encodeTagged(1, m1Type, read).subarray(1),
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/gate M2',
    seeds: m2Frames.map((frame) => frame.subarray(1)),
    wrap: (part) => concatBytes(Uint8Array.of(2), part),
    decode: (bytes) => decodeHello(m2Type, bytes),
    encode: (read) => encodeTagged(2, m2Type, read).subarray(1),
    codes: decodeCodes,
  }),
  claims('session/gate M3', m3s, initiatorClaimsType),
  claims('session/gate M4', m4sOf(3), responderClaimsType(3)),
  claims('session/gate M4 classical', m4sOf(1), responderClaimsType(1)),
  decoder({
    name: 'session/gate M5',
    seeds: m5s,
    decode: (bytes) => decodeSealed(sessionType, bytes),
    encode: (read) => encodeTagged(5, sessionType, read).subarray(1),
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/frame',
    seeds: frames.map(encodeFrame),
    decode: parseFrame,
    encode: encodeFrame,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/padding',
    seeds: [0, 5, 300].map((length) => pad(random.bytes(length), length + 40)),
    decode: (bytes) => {
      const inner = unpad(bytes);
      return inner === null ? null : { inner: inner.slice(), length: bytes.length };
    },
    encode: ({ inner, length }) => pad(inner, length),
    codes: [],
  }),
  decoder({
    name: 'session/header',
    seeds: [encodeHeader({ dh: random.bytes(32), pn: 1, n: 2, epoch: 3, pi: 4, i: 5 })],
    decode: (bytes) => (bytes.length === 42 ? decodeHeader(bytes) : null),
    encode: encodeHeader,
    codes: [],
  }),
  decoder({
    name: 'session/message in a session',
    seeds: frames.slice(0, 1).map(encodeFrame),
    wrap: (part) => encrypt(native, pair.a.ratchet, pad(part, part.length + 8)).envelope,
    decode: (envelope) => {
      const opened = openEnvelope(native, pair.b, envelope, {
        nowMs: startMs,
        peer: alice.own.block,
      }).message;
      const { type, payload, messageId, seq, sentAtMs, replyTo, ackSeq } = opened;
      return { ...plain, type, payload, messageId, seq, sentAtMs, replyTo, ackSeq };
    },
    encode: encodeFrame,
    codes: ['DECRYPT_FAILED', 'PQ_CONFLICT'],
  }),
  decoder({
    name: 'session/envelope',
    seeds: [
      sealMessage(native, pair.a, text(native, 'sealed'), { route: 'mailbox', nowMs: startMs }).envelope,
    ],
    decode: (bytes) =>
      openEnvelope(native, pair.b, bytes, { nowMs: startMs, peer: alice.own.block }).message.payload,
    codes: ['DECRYPT_FAILED'],
    isAuthentic: true,
  }),
  decoder({
    name: 'session/public part',
    seeds: publicParts,
    decode: parsePublicPart,
    encode: encodePublicPart,
    codes: [],
  }),
  decoder({
    name: 'session/parts of an init',
    seeds: firsts,
    decode: splitInit,
    encode: (parts) => concatBytes(parts.publicBytes, parts.sealed, parts.envelope),
    codes: [],
  }),
  decoder({
    name: 'session/sealed part of an init',
    seeds: initClaims,
    wrap: sealed,
    decode: (bytes) =>
      openInitClaims(
        native,
        { key: sealKey.key.slice(), nonce: sealKey.nonce.slice() },
        bytes,
        new Uint8Array(),
      ),
    codes: [],
  }),
  decoder({
    name: 'session/init',
    seeds: firsts,
    decode: (bytes) => {
      using pending = openInit(native, bytes, openInitInit(bob, { policy: everyLevel }));
      return pending.accept(startMs).message.payload;
    },
    codes: ['INIT_REJECTED', 'PREKEY_UNKNOWN', 'UNSUPPORTED', 'LEVEL_REFUSED'],
    isAuthentic: true,
  }),
  decoder({
    name: 'session/prekeys',
    seeds: [publication],
    decode: (bytes) => verifyPrekeys(native, bytes, place),
    codes: prekeyCodes,
    isAuthentic: true,
  }),
  decoder({
    name: 'session/prekeys of a bad owner',
    seeds: [publicationBody],
    wrap: signedPublication,
    decode: (bytes) => verifyPrekeys(native, bytes, place),
    codes: prekeyCodes,
    isCostly: true,
  }),
  decoder({
    name: 'session/one-time pair',
    seeds: pairs,
    decode: (bytes) => verifyOneTimePair(native, verifiedPublication, bytes),
    codes: ['PAIR_INVALID'],
    isAuthentic: true,
  }),
  decoder({
    name: 'session/text',
    seeds: ['', 'a', 'žluťoučký 🐎'].map(encodeText),
    decode: parseText,
    encode: encodeText,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/receipt',
    seeds: [
      encodeReceipt([]),
      encodeReceipt([
        { first: 0, last: 4 },
        { first: 6, last: 300 },
      ]),
    ],
    decode: parseReceipt,
    encode: encodeReceipt,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/checkpoint',
    seeds: [
      encodeCheckpoint({ sent: { first: 1, last: 9, hash: random.bytes(64) }, received: null }),
      encodeCheckpoint({ sent: null, received: { first: 3, last: 1_026, hash: random.bytes(64) } }),
    ],
    decode: parseCheckpoint,
    encode: encodeCheckpoint,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/presentation',
    seeds: [encodePresentation(random.bytes(0)), encodePresentation(random.bytes(300))],
    decode: parsePresentation,
    encode: encodePresentation,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/presentation request',
    seeds: [
      encodePresentationRequest({ types: ['VerifiedHumanCredential'], issuers: [], reason: '' }),
      encodePresentationRequest({
        types: ['A', 'B'],
        issuers: ['did:example:a', 'did:example:b'],
        reason: 'why',
      }),
    ],
    decode: parsePresentationRequest,
    encode: encodePresentationRequest,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/presentation offer',
    seeds: [
      encodePresentationOffer({
        types: ['VerifiedHumanCredential', 'B'],
        issuer: 'did:example:issuer',
        credentialHash: random.bytes(32),
        validUntilMs: startMs,
      }),
    ],
    decode: parsePresentationOffer,
    encode: encodePresentationOffer,
    codes: decodeCodes,
  }),
  decoder({
    name: 'session/session record',
    seeds: sessions().map(encodeSession),
    ...record((bytes) => decodeSession(native, bytes), encodeSession),
  }),
  decoder({
    name: 'session/prekey record',
    seeds: [alice, bob].map((one) => encodePrekeys(one.prekeys)),
    ...record(decodePrekeys, encodePrekeys),
  }),
];
