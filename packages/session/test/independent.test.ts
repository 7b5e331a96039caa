/**
 * Handshake, seal and first message of the product opened by the second computation that is written from the tables of
 * the documentation alone: no key derivation, encoding or parser of the package is used to check the package.
 */
import { concatBytes, u32le, u64le, utf8 } from '@wotid/core';
import { importIdentityVerifyingKeys, verifyHybrid } from '@wotid/crypto';
import { createGateSession, OnlinePrekeys, sealMessage } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { revealPrekeys } from '../src/prekeys/store.ts';
import { credential, init, native, person, startMs, text } from './people.ts';
import { secondHandshake, type SecondResponder } from './second-handshake.ts';
import { secondOpen, secondTurn } from './second-ratchet.ts';
import { bytes, ec, h, kem, mlKem, open, rawPublic, x25519, zeros } from './vectors-reader.ts';

const alice = person('alice');
const bob = person('bob');

/** The responder's whole computation, from a public part of 1,617 bytes to the plaintext of the first message. */
function respond(
  ours: SecondResponder & { readonly kemSeed: Uint8Array },
  publicPart: Uint8Array,
  envelope: Uint8Array,
  gate: { readonly hash: Uint8Array; readonly exporter: Uint8Array } | null,
): {
  readonly sealOf: (sealed: Uint8Array) => Uint8Array;
  readonly sessionAd: Uint8Array;
  readonly sid: string;
  readonly frame: Uint8Array;
} {
  expect([publicPart[0], publicPart[1], publicPart[2]]).toEqual([2, 1, 3]);
  const idOf = (key: Uint8Array): Uint8Array => h('sha256', key).subarray(0, 4);
  const ids = [
    idOf(ec(rawPublic(x25519(ours.spk)))),
    ours.opk === null ? u32le(0) : idOf(ec(rawPublic(x25519(ours.opk)))),
    idOf(kem(rawPublic(mlKem(ours.kemSeed)))),
  ];
  expect(publicPart.subarray(3, 15).toHex()).toBe(concatBytes(...ids).toHex());
  const { sessionAd, sid, seal, keys } = secondHandshake({
    level: 3,
    suite: 1,
    responder: ours,
    initiatorIk: alice.own.block.ik,
    initiatorIdFp: alice.own.idFp,
    responderIdFp: bob.own.idFp,
    ephemeral: publicPart.subarray(15, 47),
    ciphertext: publicPart.subarray(47, 1_615),
    gate,
  });
  const [rootKey, headerKey, , , pqKey] = keys.map(bytes) as [Buffer, Buffer, Buffer, Buffer, Buffer];
  expect(envelope[0]).toBe(1);
  const header = open('gcm-siv', headerKey, zeros(12), envelope.subarray(1, 59), zeros(0));
  const theirs = header.subarray(0, 32);
  const { chainKey } = secondTurn(rootKey, ours.spk, theirs);
  const chain = { headerKey, chainKey, dh: theirs, pn: 0, n: 0 };
  const pq = { epoch: 0, pi: 0, i: 0, chainKey: pqKey };
  return {
    sessionAd: bytes(sessionAd),
    sid,
    sealOf: (sealed) =>
      open('gcm', bytes(seal).subarray(0, 32), bytes(seal).subarray(32), sealed, publicPart),
    frame: secondOpen(1, bytes(sessionAd), chain, pq, envelope),
  };
}

describe('a second computation from the documentation', () => {
  it('agrees on an offline start: seal, signed body, session and first message', () => {
    const { session, envelope } = init(alice, bob, 'from the tables');
    const [generation] = revealPrekeys(bob.prekeys);
    const spk = generation!.spkSecret;
    const publicPart = envelope.subarray(0, 1_617);
    const sealedLength = publicPart[1_615]! + 256 * publicPart[1_616]!;
    const end = 1_617 + sealedLength;
    const first = envelope.subarray(end);
    const done = respond(
      {
        ik: bob.own.keys.ik.exportSecret(),
        spk,
        opk: null,
        kemSeed: generation!.kemSeed,
      },
      publicPart,
      first,
      null,
    );
    expect(session.sid.toHex()).toBe(done.sid);
    expect(session.initHash.toHex()).toBe(h('sha256', publicPart).toHex());

    const claims = done.sealOf(envelope.subarray(1_617, end));
    expect(claims.length % 256).toBe(0);
    const did = utf8('did:example:alice');
    const blockLength = 1 + 1 + did.length + 32 + 32 + 2_592 + 1;
    expect(claims[0]).toBe(1);
    expect(h('sha256', utf8('wot.id/v1/identity'), claims.subarray(1, 1 + blockLength)).toHex()).toBe(
      alice.own.idFp.toHex(),
    );
    let at = 1 + blockLength;
    expect(claims.subarray(at, at + 3).toHex()).toBe('018407');
    expect(claims.subarray(at + 3, at + 903).toHex()).toBe(credential.toHex());
    at += 903;
    const facts = concatBytes(
      Uint8Array.of(did.length),
      did,
      alice.own.idFp,
      h('sha256', credential),
      u64le(BigInt(startMs)),
    );
    expect(claims.subarray(at, at + facts.length).toHex()).toBe(facts.toHex());
    at += facts.length;
    const signature = claims.subarray(at, at + 4_692);
    const padding = claims.subarray(at + 4_692);
    expect([padding[0], padding.subarray(1).every((byte) => byte === 0)]).toEqual([0x80, true]);
    const body = concatBytes(
      done.sessionAd,
      publicPart.subarray(3, 15),
      u64le(BigInt(startMs)),
      h('sha256', credential),
    );
    const keys = importIdentityVerifyingKeys(native, alice.own.block);
    expect(verifyHybrid(native, keys, 'init', body, signature)).toBe(true);

    expect(done.frame[0]).toBe(0);
    expect(done.frame.subarray(1, 3).toHex()).toBe('0100');
    expect(done.frame.subarray(19, 20).toHex()).toBe('01');
    expect(done.frame.subarray(20, 28).toHex()).toBe(u64le(BigInt(startMs)).toHex());
    expect(done.frame.subarray(28, 30).toHex()).toBe('000f');
    expect(new TextDecoder().decode(done.frame.subarray(30, 45))).toBe('from the tables');
    expect(done.frame.subarray(45).toHex()).toMatch(/^0080(00)*$/);
  });

  it('agrees on a start at the gate with a one-time prekey', () => {
    using prekeys = new OnlinePrekeys(native);
    const gate = { gateHash: new Uint8Array(64).fill(3), exporter: new Uint8Array(64).fill(4) };
    const { session, publicPart } = createGateSession(native, {
      ours: alice.own,
      peer: bob.own,
      prekeys: prekeys.publicKeys,
      level: 3,
      suite: 1,
      gate,
      initiatedAtMs: startMs,
      nowMs: startMs,
    });
    const first = sealMessage(native, session, text(native, 'x'), { route: 'online', nowMs: startMs });
    const done = respond(
      {
        ik: bob.own.keys.ik.exportSecret(),
        spk: prekeys.spk.exportSecret(),
        opk: prekeys.opk.exportSecret(),
        kemSeed: prekeys.kem!.exportSeed(),
      },
      publicPart,
      first.envelope,
      { hash: gate.gateHash, exporter: gate.exporter },
    );
    expect(session.sid.toHex()).toBe(done.sid);
    expect(publicPart.subarray(1_615).toHex()).toBe('0000');
    expect(done.frame.length).toBe(128);
  });
});
