/**
 * Handshake, seal and first message computed a second time with node:crypto from the tables of the documentation alone:
 * no key derivation, encoding or parser of the package is used to check the package.
 */
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  hkdfSync,
} from 'node:crypto';
import { concatBytes, u32le, u64le, utf8 } from '@wotid/core';
import { importIdentityVerifyingKeys, verifyHybrid } from '@wotid/crypto';
import { createGateSession, OnlinePrekeys, sealMessage, type Session } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { revealPrekeys } from '../src/prekeys/store.ts';
import { credential, init, native, person, startMs, text } from './people.ts';

const alice = person('alice');
const bob = person('bob');

const h256 = (...parts: Uint8Array[]): Uint8Array =>
  createHash('sha256')
    .update(concatBytes(...parts))
    .digest();
const h512 = (...parts: Uint8Array[]): Uint8Array =>
  createHash('sha512')
    .update(concatBytes(...parts))
    .digest();
const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array | string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha512', ikm, salt, typeof info === 'string' ? utf8(info) : info, length));
const hmac = (key: Uint8Array, byte: number): Uint8Array =>
  createHmac('sha512', key).update(Uint8Array.of(byte)).digest();
const zeros = new Uint8Array(64);
const ec = (key: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(5), key);
const kemKey = (key: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(10), key);

function dh(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]),
    format: 'der',
    type: 'pkcs8',
  });
  const theirs = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), publicKey]),
    format: 'der',
    type: 'spki',
  });
  return diffieHellman({ privateKey, publicKey: theirs });
}

function kemSecret(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const der = Buffer.concat([Buffer.from('3054020100300b060960864801650304040304428040', 'hex'), seed]);
  return decapsulate(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), ciphertext);
}

function gcm(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
  mode = 'gcm',
): Uint8Array {
  const decipher = createDecipheriv(`aes-256-${mode}` as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return concatBytes(decipher.update(sealed.subarray(0, -16)), decipher.final());
}

interface Responder {
  readonly ik: Uint8Array;
  readonly spk: Uint8Array;
  readonly spkPublic: Uint8Array;
  readonly opk: Uint8Array | null;
  readonly opkPublic: Uint8Array | null;
  readonly kemSeed: Uint8Array;
  readonly kemPublic: Uint8Array;
}

/** The responder's whole computation, from a public part of 1,617 bytes to the plaintext of the first message. */
function respond(
  ours: Responder,
  publicPart: Uint8Array,
  envelope: Uint8Array,
  gate: { readonly hash: Uint8Array; readonly exporter: Uint8Array },
): {
  readonly sealOf: (sealed: Uint8Array) => Uint8Array;
  readonly sessionAd: Uint8Array;
  readonly frame: Uint8Array;
} {
  const ek = publicPart.subarray(15, 47);
  const ct = publicPart.subarray(47, 1_615);
  expect([publicPart[0], publicPart[1], publicPart[2]]).toEqual([2, 1, 3]);
  const ids = [
    h256(ec(ours.spkPublic)).subarray(0, 4),
    ours.opkPublic === null ? u32le(0) : h256(ec(ours.opkPublic)).subarray(0, 4),
    h256(kemKey(ours.kemPublic)).subarray(0, 4),
  ];
  expect(publicPart.subarray(3, 15).toHex()).toBe(concatBytes(...ids).toHex());

  const ss = kemSecret(ours.kemSeed, ct);
  const dh1 = dh(ours.spk, alice.own.block.ik);
  const others = [dh(ours.ik, ek), dh(ours.spk, ek), ...(ours.opk === null ? [] : [dh(ours.opk, ek)])];
  const f = new Uint8Array(32).fill(0xff);
  const sk = hkdf(
    concatBytes(f, dh1, ...others, ss),
    zeros,
    'WOTID-PQXDH-V1_CURVE25519_SHA-512_ML-KEM-1024',
    32,
  );
  const seal = hkdf(concatBytes(f, ...others, ss), zeros, 'wot.id/v1/init-seal', 44);
  const sessionAd = h512(
    ec(alice.own.block.ik),
    ec(bob.own.block.ik),
    kemKey(ours.kemPublic),
    ec(ek),
    ec(ours.spkPublic),
    ...(ours.opkPublic === null ? [Uint8Array.of(0)] : [Uint8Array.of(1), ec(ours.opkPublic)]),
    h256(ct),
    alice.own.idFp,
    bob.own.idFp,
    Uint8Array.of(1, 3),
    gate.hash,
  );
  const okm = hkdf(
    sk,
    gate.exporter,
    concatBytes(utf8('wot.id/v1/session'), Uint8Array.of(3), sessionAd),
    192,
  );
  const [rk, hkA, , , pqA2B] = [0, 1, 2, 3, 4, 5].map((k) => okm.subarray(32 * k, 32 * k + 32)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  expect(envelope[0]).toBe(1);
  const header = gcm(hkA, new Uint8Array(12), envelope.subarray(1, 59), new Uint8Array(), 'gcm-siv');
  expect(header.subarray(32).toHex()).toBe('00000000000000000000');
  const root = hkdf(dh(ours.spk, header.subarray(0, 32)), rk, 'wot.id/v1/rk', 96);
  const ecMk = hmac(root.subarray(32, 64), 1).subarray(32);
  const pqMk = hmac(pqA2B, 2).subarray(32);
  const mk = hkdf(ecMk, pqMk, 'wot.id/v1/mk', 44);
  return {
    sessionAd,
    sealOf: (sealed) => gcm(seal.subarray(0, 32), seal.subarray(32), sealed, publicPart),
    frame: gcm(
      mk.subarray(0, 32),
      mk.subarray(32),
      envelope.subarray(59),
      concatBytes(sessionAd, Uint8Array.of(1), header),
    ),
  };
}

function expectSid(session: Session, sessionAd: Uint8Array): void {
  expect(session.sid.toHex()).toBe(h512(utf8('wot.id/v1/sid'), sessionAd).subarray(0, 16).toHex());
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
        spkPublic: native.x25519FromSecret(spk).publicKey,
        opk: null,
        opkPublic: null,
        kemSeed: generation!.kemSeed,
        kemPublic: native.kemFromSeed(generation!.kemSeed).publicKey,
      },
      publicPart,
      first,
      { hash: zeros, exporter: zeros },
    );
    expectSid(session, done.sessionAd);
    expect(session.initHash.toHex()).toBe(h256(publicPart).toHex());

    const claims = done.sealOf(envelope.subarray(1_617, end));
    expect(claims.length % 256).toBe(0);
    const did = utf8('did:example:alice');
    const blockLength = 1 + 1 + did.length + 32 + 32 + 2_592 + 1;
    expect(claims[0]).toBe(1);
    expect(h256(utf8('wot.id/v1/identity'), claims.subarray(1, 1 + blockLength)).toHex()).toBe(
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
      h256(credential),
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
      h256(credential),
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
        spkPublic: prekeys.spk.publicKey,
        opk: prekeys.opk.exportSecret(),
        opkPublic: prekeys.opk.publicKey,
        kemSeed: prekeys.kem!.exportSeed(),
        kemPublic: prekeys.kem!.publicKey,
      },
      publicPart,
      first.envelope,
      { hash: gate.gateHash, exporter: gate.exporter },
    );
    expectSid(session, done.sessionAd);
    expect(publicPart.subarray(1_615).toHex()).toBe('0000');
    expect(done.frame.length).toBe(128);
  });
});
