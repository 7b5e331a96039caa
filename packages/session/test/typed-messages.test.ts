/** Checkpoints over the log of two directions, and messages about credentials. */
import { createHash } from 'node:crypto';
import { concatBytes, DecodeError, u32le, u64le, utf8 } from '@wotid/core';
import { signaturePurposes, signHybrid } from '@wotid/crypto';
import {
  encodeCheckpoint,
  encodePresentationOffer,
  encodePresentationRequest,
  logHash,
  MAX_TIME_MS,
  messageTypes,
  openEnvelope,
  parseCheckpoint,
  parsePresentationOffer,
  parsePresentationRequest,
  requiresSignature,
  sealMessage,
  signedBody,
  type LoggedMessage,
} from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encrypt } from '../src/ratchet/ratchet.ts';
import { encodeFrame } from '../src/wire/frame.ts';
import { codeOf, native, person, startMs, text } from './people.ts';
import { ratchetPair } from './ratchet-pair.ts';

const alice = person('alice');
const bob = person('bob');

const h512 = (...parts: Uint8Array[]): Uint8Array =>
  createHash('sha512')
    .update(concatBytes(...parts))
    .digest();

function logged(seq: number, words: string): LoggedMessage {
  return {
    type: 1,
    messageId: new Uint8Array(16).fill(seq),
    seq,
    sentAtMs: startMs + seq,
    replyTo: seq === 2 ? new Uint8Array(16).fill(9) : null,
    payload: utf8(words),
  };
}

describe('the hash of a log', () => {
  const messages = [1, 2, 3].map((seq) => logged(seq, `message ${seq}`));

  it('is that of the documentation', () => {
    const entry = ({ type, messageId, seq, sentAtMs, replyTo, payload }: LoggedMessage): Uint8Array =>
      h512(
        Uint8Array.of(type, 0),
        messageId,
        Uint8Array.of(seq),
        u64le(BigInt(sentAtMs)),
        replyTo === null ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), replyTo),
        h512(payload),
      );
    const expected = h512(
      utf8('wot.id/v1/log'),
      Uint8Array.of(7),
      utf8('did:a:1'),
      Uint8Array.of(7),
      utf8('did:b:2'),
      u32le(1),
      u32le(3),
      ...messages.map(entry),
    );
    const window = logHash(native, 'did:a:1', 'did:b:2', messages);
    expect([window.first, window.last, Buffer.from(window.hash).toString('hex')]).toEqual([
      1,
      3,
      Buffer.from(expected).toString('hex'),
    ]);
  });

  it('changes with every fact of every message, and with the ends', () => {
    const hash = (of: readonly LoggedMessage[], from = 'a', to = 'b'): string =>
      logHash(native, from, to, of).hash.toHex();
    const hashes = new Set([
      hash(messages),
      hash(messages, 'b', 'a'),
      hash(messages.slice(1)),
      hash(messages.slice(0, 2)),
      ...messages.flatMap((message, at) =>
        (
          [
            { type: 2 },
            { messageId: new Uint8Array(16) },
            { sentAtMs: 1 },
            { replyTo: new Uint8Array(16).fill(7) },
            { payload: utf8('other') },
          ] satisfies Partial<LoggedMessage>[]
        ).map((change) => hash(messages.with(at, { ...message, ...change }))),
      ),
    ]);
    expect(hashes.size).toBe(4 + 15);
  });

  it('is of messages without gaps, from 1 on', () => {
    for (const seqs of [[], [0, 1], [1, 3], [2, 1], [1, 1], Array.from({ length: 1_025 }, (_, k) => k + 1)]) {
      expect(
        codeOf(() =>
          logHash(
            native,
            'a',
            'b',
            seqs.map((seq) => logged(seq, '')),
          ),
        ),
      ).toBe('BAD_MESSAGE');
    }
  });
});

describe('a checkpoint', () => {
  const window = { first: 3, last: 258, hash: new Uint8Array(64).fill(7) };

  it('has one encoding', () => {
    for (const checkpoint of [
      { sent: window, received: null },
      { sent: null, received: window },
      { sent: window, received: { ...window, first: 1, last: 1 } },
    ]) {
      const payload = encodeCheckpoint(checkpoint);
      expect(parseCheckpoint(payload)).toEqual(checkpoint);
      expect(() => parseCheckpoint(concatBytes(payload, Uint8Array.of(0)))).toThrow(DecodeError);
      expect(() => parseCheckpoint(payload.subarray(1))).toThrow(DecodeError);
    }
  });

  it('covers something, and at most 1,024 messages a direction', () => {
    for (const bad of [
      { sent: null, received: null },
      { sent: { ...window, first: 0 }, received: null },
      { sent: { ...window, first: 4, last: 3 }, received: null },
      { sent: { ...window, first: 1, last: 1_025 }, received: null },
    ]) {
      expect(codeOf(() => encodeCheckpoint(bad))).toBe('BAD_MESSAGE');
    }
    expect(() => parseCheckpoint(Uint8Array.of(0, 0))).toThrow(DecodeError);
    const far = concatBytes(Uint8Array.of(1), u32le(1), u32le(1_025), window.hash, Uint8Array.of(0));
    expect(() => parseCheckpoint(far)).toThrow(DecodeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => parseCheckpoint(bytes)).toThrow(DecodeError);
      }),
    );
  });

  it('is signed for its own purpose: no message passes for one, and it passes for no message', () => {
    const pair = ratchetPair(alice, bob);
    const payload = encodeCheckpoint({ sent: window, received: null });
    const message = { ...text(native, ''), type: messageTypes.checkpoint, payload };
    const at = { route: 'online', nowMs: startMs } as const;
    expect(codeOf(() => sealMessage(native, pair.a, message, at))).toBe('BAD_MESSAGE');
    const sealed = sealMessage(native, pair.a, message, { ...at, signWith: alice.own });
    const open = (envelope: Uint8Array): ReturnType<typeof openEnvelope> =>
      openEnvelope(native, pair.b, envelope, { nowMs: startMs, peer: alice.own.block });
    expect(open(sealed.envelope).message.proof).not.toBeNull();
    const frame = { ...message, ackSeq: null, control: null, replyTo: null, signature: null };
    const body = signedBody(native, {
      sid: pair.a.sid,
      signerIdFp: alice.own.idFp,
      from: pair.a.ourDid,
      to: pair.a.peerDid,
      frame,
    });
    for (const [purpose, code] of [
      [signaturePurposes.checkpoint, 'none'],
      [signaturePurposes.message, 'DECRYPT_FAILED'],
    ] as const) {
      const signature = signHybrid(native, alice.own.keys, purpose, body);
      const plaintext = concatBytes(encodeFrame({ ...frame, signature }), Uint8Array.of(0x80));
      expect(codeOf(() => open(encrypt(native, pair.a.ratchet, plaintext).envelope))).toBe(code);
    }
  });
});

describe('messages about credentials', () => {
  const words = fc.string({ minLength: 1, maxLength: 60 }).map((word) => word.toWellFormed());
  const types = fc.array(words, { minLength: 1, maxLength: 8 });

  it('have one encoding', () => {
    const requests = fc.record({ types, issuers: fc.array(words, { maxLength: 16 }), reason: words });
    fc.assert(
      fc.property(requests, (request) => {
        const payload = encodePresentationRequest(request);
        expect(parsePresentationRequest(payload)).toEqual(request);
        expect(() => parsePresentationRequest(concatBytes(payload, Uint8Array.of(0)))).toThrow(DecodeError);
      }),
    );
    const credentialHash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const offers = fc.record({
      types,
      issuer: words,
      credentialHash,
      validUntilMs: fc.nat({ max: MAX_TIME_MS }),
    });
    fc.assert(
      fc.property(offers, (offer) => {
        const payload = encodePresentationOffer(offer);
        expect(parsePresentationOffer(payload)).toEqual(offer);
        expect(() => parsePresentationOffer(payload.subarray(0, -1))).toThrow(DecodeError);
      }),
    );
  });

  it('are bounded', () => {
    const request = { types: ['a'], issuers: [], reason: '' };
    const offer = { types: ['a'], issuer: 'did:a:1', credentialHash: new Uint8Array(32), validUntilMs: 1 };
    for (const change of [
      { types: [] },
      { types: [''] },
      { types: Array.from({ length: 9 }, () => 'a') },
      { types: ['a'.repeat(256)] },
      { issuers: Array.from({ length: 17 }, () => 'a') },
      { issuers: [''] },
      { reason: 'é'.repeat(128) },
    ]) {
      expect(codeOf(() => encodePresentationRequest({ ...request, ...change }))).toBe('BAD_MESSAGE');
    }
    for (const change of [
      { types: [] },
      { issuer: 'a'.repeat(256) },
      { credentialHash: new Uint8Array(31) },
      { validUntilMs: -1 },
      { validUntilMs: MAX_TIME_MS + 1 },
    ]) {
      expect(codeOf(() => encodePresentationOffer({ ...offer, ...change }))).toBe('BAD_MESSAGE');
    }
    expect(() => parsePresentationRequest(Uint8Array.of(0, 0, 0))).toThrow(DecodeError);
    expect(() => parsePresentationRequest(new Uint8Array(10_000))).toThrow(DecodeError);
    expect(() => parsePresentationOffer(Uint8Array.of(0, 0, ...new Uint8Array(40)))).toThrow(DecodeError);
  });

  it('need a signature only where a credential is shown', () => {
    expect(
      Object.entries(messageTypes)
        .filter(([, type]) => requiresSignature(type))
        .map(([name]) => name),
    ).toEqual(['checkpoint', 'presentation']);
  });
});
