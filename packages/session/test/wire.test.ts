import { concatBytes, DecodeError } from '@wotid/core';
import {
  encodeFrame,
  encodePresentation,
  encodeReceipt,
  encodeText,
  MAX_CREDENTIAL_BYTES,
  MAX_PLAINTEXT_BYTES,
  MAX_TIME_MS,
  newMessageId,
  paddedLength,
  parseFrame,
  parsePresentation,
  parseReceipt,
  parseText,
  signedBody,
  type Frame,
} from '@wotid/session';
import { SeededRandom } from '@wotid/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pad, unpad } from '../src/wire/padding.ts';
import { codeOf, native } from './people.ts';

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const signature = fc
  .constantFrom([1, 4_692] as const, [2, 1_345] as const, [3, 65] as const)
  .chain(([algorithm, length]) =>
    bytesOf(length).map((bytes) => {
      bytes[0] = algorithm;
      return bytes;
    }),
  );
const control: fc.Arbitrary<NonNullable<Frame['control']>> = fc.record({
  kind: fc.constantFrom('offer' as const, 'answer' as const),
  epoch: u32,
  key: bytesOf(1_568),
  sentAtMs: fc.nat({ max: MAX_TIME_MS }),
  signature: fc.option(signature),
});
const frame: fc.Arbitrary<Frame> = fc.record({
  ackSeq: fc.option(u32),
  control: fc.option(control, { freq: 6 }),
  type: fc.integer({ min: 0, max: 0xffff }),
  messageId: bytesOf(16),
  seq: u32,
  sentAtMs: fc.nat({ max: MAX_TIME_MS }),
  replyTo: fc.option(bytesOf(16)),
  payload: fc.uint8Array({ maxLength: 300 }),
  signature: fc.option(signature),
});
const decodeCode = (bytes: Uint8Array): string => {
  try {
    parseFrame(bytes);
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return 'DecodeError';
  }
};

describe('a frame', () => {
  it('has the documented bytes', () => {
    const id = '000102030405060708090a0b0c0d0e0f';
    const simple = {
      ackSeq: null,
      control: null,
      type: 0x0201,
      messageId: Uint8Array.fromHex(id),
      seq: 300,
      sentAtMs: 0x010203,
      replyTo: null,
      payload: Uint8Array.of(0xaa, 0xbb),
      signature: null,
    };
    expect(encodeFrame(simple).toHex()).toBe(`000102${id}ac02030201000000000000` + '02aabb' + '00');
    expect(encodeFrame({ ...simple, ackSeq: 5, replyTo: simple.messageId }).toHex()).toBe(
      `01050102${id}ac02030201000000000001${id}02aabb00`,
    );
    const key = new Uint8Array(1_568).fill(0xee);
    const signature = new Uint8Array(65).fill(3);
    const answer = { kind: 'answer', epoch: 0x01020304, key, sentAtMs: 0x0a0b, signature } as const;
    expect(encodeFrame({ ...simple, ackSeq: 5, control: answer }).toHex()).toBe(
      `0305` +
        `0204030201${key.toHex()}0b0a00000000000001${signature.toHex()}` +
        `0102${id}ac02030201000000000000` +
        '02aabb00',
    );
    expect(encodeFrame({ ...simple, control: { ...answer, kind: 'offer', signature: null } }).toHex()).toBe(
      `0201${'04030201'}${key.toHex()}0b0a00000000000000${`0102${id}ac02030201000000000000`}02aabb00`,
    );
  });

  it('is given back, and no second encoding is accepted', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (value, cut) => {
        const bytes = encodeFrame(value);
        expect(parseFrame(bytes)).toEqual(value);
        expect(decodeCode(concatBytes(bytes, Uint8Array.of(0)))).toBe('DecodeError');
        expect(decodeCode(bytes.subarray(0, cut % bytes.length))).toBe('DecodeError');
      }),
    );
  });

  it('of random bytes is refused with a decode error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeCode(bytes)));
    expect(decodeCode(new Uint8Array(MAX_PLAINTEXT_BYTES + 1))).toBe('DecodeError');
  });

  it('is refused for later flags, an over-long or too large number, and an unknown signature', () => {
    const good = encodeFrame({
      ackSeq: 1,
      control: null,
      type: 1,
      messageId: new Uint8Array(16),
      seq: 1,
      sentAtMs: 1,
      replyTo: null,
      payload: new Uint8Array(),
      signature: null,
    });
    const changed = (at: number, remove: number, insert: readonly number[]): Uint8Array =>
      concatBytes(good.subarray(0, at), Uint8Array.from(insert), good.subarray(at + remove));
    expect(decodeCode(good)).toBe('none');
    for (const flags of [2, 3, 4, 5, 0x80]) expect(decodeCode(changed(0, 1, [flags]))).toBe('DecodeError');
    expect(decodeCode(changed(1, 1, [0x81, 0x00]))).toBe('DecodeError');
    expect(decodeCode(changed(1, 1, [0x80, 0x80, 0x80, 0x80, 0x10]))).toBe('DecodeError');
    expect(decodeCode(changed(20, 1, [0x80, 0x80, 0x80, 0x80, 0x10]))).toBe('DecodeError');
    // sent_at above 2^53 - 1
    expect(decodeCode(changed(21, 8, [0, 0, 0, 0, 0, 0, 0x20, 0]))).toBe('DecodeError');
    // an Option of 2, a signature of algorithm 2
    expect(decodeCode(changed(29, 1, [2]))).toBe('DecodeError');
    expect(decodeCode(changed(good.length - 1, 1, [1, 2, ...new Uint8Array(4_691)]))).toBe('DecodeError');
    // a payload of 65,537 bytes
    const huge = changed(30, 1, [0x81, 0x80, 0x04, ...new Uint8Array(65_537)]);
    expect(decodeCode(huge)).toBe('DecodeError');
  });

  it('is signed over all its fields, both ends and the session', () => {
    const facts = { sid: new Uint8Array(16), signerIdFp: new Uint8Array(32), from: 'did:a:1', to: 'did:b:2' };
    const base: Frame = {
      ackSeq: null,
      control: null,
      type: 1,
      messageId: new Uint8Array(16),
      seq: 1,
      sentAtMs: 1,
      replyTo: null,
      payload: Uint8Array.of(1),
      signature: null,
    };
    const bodies = [
      { ...facts, frame: base },
      { ...facts, frame: { ...base, type: 2 } },
      { ...facts, frame: { ...base, messageId: new Uint8Array(16).fill(1) } },
      { ...facts, frame: { ...base, seq: 2 } },
      { ...facts, frame: { ...base, sentAtMs: 2 } },
      { ...facts, frame: { ...base, replyTo: new Uint8Array(16) } },
      { ...facts, frame: { ...base, payload: Uint8Array.of(2) } },
      { ...facts, sid: new Uint8Array(16).fill(1), frame: base },
      { ...facts, signerIdFp: new Uint8Array(32).fill(1), frame: base },
      { ...facts, from: 'did:b:2', to: 'did:a:1', frame: base },
    ].map((body) => signedBody(native, body).toHex());
    expect(new Set(bodies).size).toBe(bodies.length);
    expect(signedBody(native, { ...facts, frame: { ...base, ackSeq: 9 } }).toHex()).toBe(bodies[0]);
  });
});

describe('padding', () => {
  it('is removed exactly', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.constantFrom('online' as const, 'mailbox' as const),
        (bytes, route) => {
          const length = paddedLength(bytes.length, route);
          expect(length).toBeGreaterThan(bytes.length);
          expect(unpad(pad(bytes, length))).toEqual(bytes);
        },
      ),
    );
    expect(unpad(new Uint8Array(64))).toBeNull();
    expect(unpad(Uint8Array.of(1, 2))).toBeNull();
    expect(unpad(new Uint8Array())).toBeNull();
  });

  it('rounds to the documented lengths', () => {
    const mailbox = [0, 31, 32, 133, 134, 255, 256, 1_000, 70_000].map((length) =>
      paddedLength(length, 'mailbox'),
    );
    expect(mailbox).toEqual([32, 32, 64, 160, 160, 256, 272, 1_024, 71_680]);
    const online = [0, 127, 128, 1_023, 1_024, 5_000].map((length) => paddedLength(length, 'online'));
    expect(online).toEqual([128, 128, 256, 1_024, 1_088, 5_120]);
    // At most 12 % above 256 bytes.
    for (let length = 256; length < 70_000; length += 97) {
      expect(paddedLength(length, 'mailbox')).toBeLessThanOrEqual(Math.ceil((length + 1) * 1.12));
    }
  });
});

describe('payloads', () => {
  it('text', () => {
    expect(parseText(encodeText('žluťoučký 🐎'))).toBe('žluťoučký 🐎');
    expect(codeOf(() => parseText(Uint8Array.of(0xff)))).toBe('MALFORMED');
  });

  it('receipts ascend with gaps', () => {
    const ranges = [
      { first: 0, last: 4 },
      { first: 6, last: 6 },
      { first: 300, last: 0xffff_ffff },
    ];
    expect(parseReceipt(encodeReceipt(ranges))).toEqual(ranges);
    expect(encodeReceipt(ranges.slice(0, 2)).toHex()).toBe('0200040606');
    expect(parseReceipt(encodeReceipt([]))).toEqual([]);
    const bad = [
      [{ first: 2, last: 1 }],
      [
        { first: 1, last: 2 },
        { first: 3, last: 4 },
      ],
      [
        { first: 5, last: 5 },
        { first: 1, last: 1 },
      ],
      [{ first: 0, last: 2 ** 32 }],
      [{ first: 0.5, last: 1 }],
      Array.from({ length: 513 }, (_, k) => ({ first: 2 * k, last: 2 * k })),
    ];
    for (const list of bad) expect(codeOf(() => encodeReceipt(list))).toBe('BAD_MESSAGE');
    expect(codeOf(() => parseReceipt(Uint8Array.of(1, 2, 1)))).toBe('NON_CANONICAL');
    expect(codeOf(() => parseReceipt(Uint8Array.of(2, 1, 2, 3, 4)))).toBe('NON_CANONICAL');
    expect(codeOf(() => parseReceipt(new Uint8Array(9_000)))).toBe('TOO_LARGE');
    expect(codeOf(() => parseReceipt(Uint8Array.of(0xff, 0xff, 0xff, 0x7f)))).toBe('MALFORMED');
  });

  it('presentations', () => {
    const credential = new Uint8Array(MAX_CREDENTIAL_BYTES).fill(3);
    expect(parsePresentation(encodePresentation(credential))).toEqual(credential);
    expect(codeOf(() => encodePresentation(new Uint8Array(MAX_CREDENTIAL_BYTES + 1)))).toBe(
      'PAYLOAD_TOO_LARGE',
    );
    expect(
      codeOf(() => parsePresentation(concatBytes(encodePresentation(credential), Uint8Array.of(0)))),
    ).toBe('TOO_LARGE');
  });
});

describe('message ids', () => {
  it('are drawn many at a time and none twice, each an array of its own', () => {
    const ids = Array.from({ length: 200 }, () => newMessageId(native.random));
    expect(new Set(ids.map((id) => id.toHex())).size).toBe(200);
    for (const id of ids) expect([id.length, id.buffer.byteLength]).toEqual([16, 16]);
    const other = new SeededRandom('ids');
    expect(newMessageId(other)).toEqual(new SeededRandom('ids').bytes(1_024).subarray(0, 16));
  });
});
