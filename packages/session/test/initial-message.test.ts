import { concatBytes, equalBytes } from '@wotid/core';
import { IdentityKeys, signHybrid, type HybridAlgorithm } from '@wotid/crypto';
import {
  createInit,
  encodeFrame,
  encrypt,
  MAX_CREDENTIAL_BYTES,
  LEVEL_QUANTUM_RESISTANT,
  MAX_ENVELOPE_BYTES,
  MAX_INIT_SEALED_BYTES,
  MAX_PAYLOAD_BYTES,
  openInit,
  ownIdentity,
  sessionBook,
  addSession,
  sessionOf,
  SUITE_AES_256_GCM,
  splitInit,
  type CreateInitInit,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { handshakePrekeys } from '../src/prekeys/publication.ts';
import { agreeAsInitiator, initiatorShare, shareSealKey } from '../src/pqxdh/agreement.ts';
import { prekeyIds } from '../src/pqxdh/encoding.ts';
import { encodeInitClaims, sealInitClaims, signedInitBody, type InitClaims } from '../src/pqxdh/init-seal.ts';
import { encodePublicPart } from '../src/pqxdh/public-part.ts';
import type { ControlItem } from '../src/wire/control.ts';
import { pad } from '../src/wire/padding.ts';
import {
  accept,
  codeOf,
  credential,
  dayMs,
  init,
  native,
  openInitInit,
  person,
  startMs,
  text,
  verified,
} from './people.ts';

const alice = person('alice');
const bob = person('bob');
const carol = person('carol');

const create = (changes: Partial<CreateInitInit> = {}): ReturnType<typeof createInit> =>
  createInit(native, {
    ours: alice.own,
    prekeys: verified(native, bob),
    credential,
    isFirstContact: true,
    isPeerVerified: true,
    message: text(native, 'hello'),
    nowMs: startMs,
    ...changes,
  });

/** An initial message made from the parts, so that they may contradict each other. The signature is over the truth. */
function craft(
  changes: Partial<InitClaims>,
  from = alice,
  algorithm: HybridAlgorithm = 1,
  control: ControlItem | null = null,
): Uint8Array {
  const prekeys = handshakePrekeys(verified(native, bob).publication, 3, null);
  const share = initiatorShare(native, bob.own.block.ik, prekeys);
  const transcript = {
    initiatorIk: from.own.block.ik,
    responderIk: bob.own.block.ik,
    prekeys,
    ephemeral: share.ephemeral,
    ciphertext: share.ciphertext,
    initiatorIdFp: from.own.idFp,
    responderIdFp: bob.own.idFp,
    suite: SUITE_AES_256_GCM,
    level: LEVEL_QUANTUM_RESISTANT,
    gateHash: null,
  } as const;
  const agreed = agreeAsInitiator(native, from.own.keys.ik, share, transcript, null);
  const ids = prekeyIds(native, prekeys);
  const credentialHash = native.sha256(credential);
  const body = signedInitBody(agreed.sessionAd, ids, startMs, credentialHash);
  const claims = encodeInitClaims({
    identityBlock: from.own.block,
    credential,
    did: from.own.block.did,
    idFp: from.own.idFp,
    credentialHash,
    sentAtMs: startMs,
    signature: signHybrid(native, from.own.keys, 'init', body, algorithm),
    ...changes,
  });
  const { ephemeral, ciphertext } = share;
  const publicBytes = encodePublicPart({
    ...ids,
    suite: 1,
    level: 3,
    ephemeral,
    ciphertext,
    sealedLength: claims.length + 16,
  });
  const sealed = sealInitClaims(native, shareSealKey(native, share), claims, publicBytes);
  const { messageId, type, payload, seq, sentAtMs } = text(native, 'x');
  const frame = encodeFrame({
    messageId,
    type,
    payload,
    seq,
    sentAtMs,
    ackSeq: null,
    control,
    replyTo: null,
    signature: null,
  });
  const { envelope } = encrypt(native, agreed.ratchet, pad(frame, frame.length + 1));
  return concatBytes(publicBytes, sealed, envelope);
}

describe('an initial message', () => {
  it('reveals nothing before it is accepted, and can be accepted after the credential was checked', () => {
    using pending = openInit(native, create().envelope, openInitInit(bob));
    expect(Object.keys(pending).sort()).toEqual([
      'credential',
      'credentialHash',
      'initHash',
      'level',
      'sender',
      'sentAtMs',
    ]);
    expect(equalBytes(pending.credentialHash, native.sha256(credential))).toBe(true);
    expect(pending.accept(startMs + 5).session).toMatchObject({
      role: 'responder',
      origin: 'mailbox',
      initiatedAtMs: startMs,
      createdAtMs: startMs + 5,
      isConfirmed: true,
    });
  });

  it('cannot be accepted after it was disposed of', () => {
    const pending = openInit(native, create().envelope, openInitInit(bob));
    pending[Symbol.dispose]();
    expect(codeOf(() => pending.accept(startMs))).toBe('HANDLE_DISPOSED');
  });

  it('is refused when it was accepted before', () => {
    const { envelope } = create();
    const { replay } = accept(bob, envelope);
    const isReplayed = (hash: Uint8Array): boolean => equalBytes(hash, replay.initHash);
    expect(codeOf(() => openInit(native, envelope, openInitInit(bob, { isReplayed })))).toBe('INIT_REPLAYED');
    // A second first message behind the same seal is the same initial message.
    const other = create();
    const parts = splitInit(envelope);
    const spliced = concatBytes(
      envelope.subarray(0, -(parts?.envelope.length ?? 0)),
      splitInit(other.envelope)?.envelope ?? new Uint8Array(),
    );
    expect(codeOf(() => openInit(native, spliced, openInitInit(bob, { isReplayed })))).toBe('INIT_REPLAYED');
    expect(codeOf(() => accept(bob, spliced))).toBe('INIT_REJECTED');
  });

  it('is refused by anybody but its recipient', () => {
    const { envelope } = create();
    expect(codeOf(() => accept(carol, envelope))).toBe('PREKEY_UNKNOWN');
    // Prekeys of bob in the hands of somebody with another identity key, and of bob under another DID.
    expect(codeOf(() => accept({ ...carol, prekeys: bob.prekeys }, envelope))).toBe('INIT_REJECTED');
    const renamed = ownIdentity(native, bob.own.keys, 'did:example:robert');
    expect(codeOf(() => accept({ ...bob, own: renamed }, envelope))).toBe('INIT_REJECTED');
  });

  it('is refused when the sender names an identity that is not theirs', () => {
    // Mallory has alice's block but not her keys: she can seal, not sign or agree.
    const mallory = { ...alice.own, keys: IdentityKeys.generate(native) };
    expect(codeOf(() => accept(bob, create({ ours: mallory }).envelope))).toBe('INIT_REJECTED');
    const stolenIk = { ...alice.own, keys: { ...mallory.keys, ik: alice.own.keys.ik } as IdentityKeys };
    expect(codeOf(() => accept(bob, create({ ours: stolenIk }).envelope))).toBe('INIT_REJECTED');
    for (const half of ['ed25519', 'mlDsa87'] as const) {
      const keys = { ...alice.own.keys, [half]: mallory.keys[half] } as IdentityKeys;
      expect(codeOf(() => accept(bob, create({ ours: { ...alice.own, keys } }).envelope))).toBe(
        'INIT_REJECTED',
      );
    }
    const wrongFp = { ...alice.own, idFp: carol.own.idFp };
    expect(codeOf(() => accept(bob, create({ ours: wrongFp }).envelope))).toBe('INIT_REJECTED');
    const wrongDid = { ...alice.own, block: { ...alice.own.block, did: 'did:example:carol' } };
    expect(codeOf(() => accept(bob, create({ ours: wrongDid }).envelope))).toBe('INIT_REJECTED');
  });

  it('is refused when what is under the seal contradicts itself', () => {
    const known = (): typeof alice.own.block => alice.own.block;
    expect(codeOf(() => accept(bob, craft({})))).toBe('none');
    expect(codeOf(() => accept(bob, craft({ sentAtMs: startMs - 1 })))).toBe('INIT_REJECTED');
    const unasked = {
      kind: 'answer',
      epoch: 1,
      key: new Uint8Array(1_568),
      sentAtMs: startMs,
      signature: null,
    } as const;
    expect(codeOf(() => accept(bob, craft({}, alice, 1, unasked)))).toBe('INIT_REJECTED');
    expect(codeOf(() => accept(bob, craft({ did: 'did:example:carol' })))).toBe('INIT_REJECTED');
    expect(codeOf(() => accept(bob, craft({ idFp: carol.own.idFp })))).toBe('INIT_REJECTED');
    const unknown = craft({ identityBlock: null, idFp: carol.own.idFp });
    expect(codeOf(() => accept(bob, unknown, { findIdentity: known }))).toBe('INIT_REJECTED');
    expect(codeOf(() => accept(bob, craft({ credential: new Uint8Array(900) })))).toBe('INIT_REJECTED');
    expect(codeOf(() => accept(bob, craft({ credentialHash: new Uint8Array(32) })))).toBe('INIT_REJECTED');
    const self = { identityBlock: bob.own.block, idFp: bob.own.idFp, did: bob.own.block.did };
    expect(codeOf(() => accept(bob, craft(self, bob)))).toBe('INIT_REJECTED');
    const badKey = { ...alice.own.block, ik: new Uint8Array(32).fill(0xff) };
    expect(codeOf(() => accept(bob, craft({ identityBlock: null }), { findIdentity: () => badKey }))).toBe(
      'INIT_REJECTED',
    );
  });

  it('is refused with a signature of less than its level', () => {
    const falcon = IdentityKeys.generate(native, { falcon: true });
    const ann = { ...alice, own: ownIdentity(native, falcon, 'did:example:ann') };
    expect(codeOf(() => accept(bob, craft({}, ann, 1)))).toBe('none');
    expect(codeOf(() => accept(bob, craft({}, ann, 3)))).toBe('INIT_REJECTED');
    // Bob has no Falcon key: he has not agreed to such signatures.
    expect(codeOf(() => accept(bob, craft({}, ann, 2)))).toBe('INIT_REJECTED');
  });

  it('uses a known identity when it carries none', () => {
    const { envelope } = create({ isFirstContact: false });
    expect(codeOf(() => accept(bob, envelope))).toBe('INIT_REJECTED');
    const known = (_did: string, idFp: Uint8Array): typeof alice.own.block | null =>
      equalBytes(idFp, alice.own.idFp) ? alice.own.block : null;
    expect(codeOf(() => accept(bob, envelope, { findIdentity: () => carol.own.block }))).toBe(
      'INIT_REJECTED',
    );
    using pending = openInit(native, envelope, openInitInit(bob, { findIdentity: known }));
    expect(pending.credential).toBeNull();
    expect(pending.accept(startMs).message.from).toBe('did:example:alice');
    expect(envelope.length).toBeLessThan(create().envelope.length - 2_500);
  });

  it('is refused when it comes from the future', () => {
    const { envelope } = create({ nowMs: startMs + 300_001 });
    expect(codeOf(() => accept(bob, envelope))).toBe('CLOCK_SKEW');
    expect(codeOf(() => accept(bob, envelope, { nowMs: startMs + 1 }))).toBe('none');
  });

  it('is not made with expired prekeys, to oneself, or with too much in it', () => {
    expect(codeOf(() => create({ nowMs: startMs + 14 * dayMs }))).toBe('PREKEYS_EXPIRED');
    expect(codeOf(() => create({ ours: bob.own }))).toBe('SELF_SESSION');
    const sameDid = ownIdentity(native, alice.own.keys, 'did:example:bob');
    expect(codeOf(() => create({ ours: sameDid }))).toBe('SELF_SESSION');
    expect(codeOf(() => create({ credential: new Uint8Array(MAX_CREDENTIAL_BYTES + 1) }))).toBe(
      'PAYLOAD_TOO_LARGE',
    );
    const message = { ...text(native, ''), payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) };
    expect(codeOf(() => create({ message }))).toBe('PAYLOAD_TOO_LARGE');
  });

  it('holds the largest credential and payload with a signature, below the limit', () => {
    const long = ownIdentity(native, alice.own.keys, `did:example:${'x'.repeat(243)}`);
    const { envelope } = create({
      ours: long,
      credential: new Uint8Array(MAX_CREDENTIAL_BYTES).fill(1),
      message: { ...text(native, ''), payload: new Uint8Array(MAX_PAYLOAD_BYTES).fill(2) },
      signMessage: true,
    });
    expect(envelope.length).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES);
    expect(accept(bob, envelope).message.proof).not.toBeNull();
    const tooLong = new Uint8Array(MAX_ENVELOPE_BYTES + 1).fill(1);
    tooLong.set([2, 1, 3]);
    expect(codeOf(() => accept(bob, tooLong))).toBe('INIT_REJECTED');
  });

  it('is split only within its bounds', () => {
    const { envelope } = create();
    const withLength = (length: number): Uint8Array => {
      const copy = concatBytes(envelope, new Uint8Array(70_000));
      new DataView(copy.buffer).setUint16(1_615, length, true);
      return copy;
    };
    expect(splitInit(withLength(MAX_INIT_SEALED_BYTES))?.sealed.length).toBe(MAX_INIT_SEALED_BYTES);
    expect(splitInit(withLength(MAX_INIT_SEALED_BYTES + 1))).toBeNull();
    expect(splitInit(withLength(17))?.sealed.length).toBe(17);
    for (const length of [1, 16]) expect(splitInit(withLength(length))).toBeNull();
    expect(splitInit(withLength(0))?.envelope.length).toBe(envelope.length + 70_000 - 1_617);
  });

  it('hides the length of the credential up to 255 bytes', () => {
    const lengths = new Set(
      [1_000, 1_050, 1_100].map((length) => create({ credential: new Uint8Array(length) }).envelope.length),
    );
    expect(lengths.size).toBeLessThanOrEqual(2);
  });

  it('leads to its session when it comes again', () => {
    const { envelope } = init(alice, bob);
    const { session } = accept(bob, envelope);
    const { book } = addSession(sessionBook(), session, startMs);
    expect(sessionOf(native, book, envelope)?.sid).toEqual(session.sid);
    expect(sessionOf(native, book, init(alice, bob).envelope)).toBeNull();
  });
});
