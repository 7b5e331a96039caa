/** The frame as a BCS schema: what the hand-written encoding must agree with, byte for byte and in what it refuses. */
import { bcs, bytesType, decodeStrict, fixedBytesType, isWotError, optionType, u64Type } from '@wotid/core';
import { hybridSignatureType } from '@wotid/crypto';
import { encodeFrame, MAX_PAYLOAD_BYTES, parseFrame, type Frame } from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const idType = fixedBytesType(16);
const tail = {
  type: bcs.u16(),
  messageId: idType,
  seq: bcs.uleb128(),
  sentAtMs: u64Type,
  replyTo: optionType(idType),
  payload: bytesType,
  signature: optionType(hybridSignatureType),
};
const plain = bcs.struct('frame', { flags: bcs.u8(), ...tail });
const acknowledging = bcs.struct('frame', { flags: bcs.u8(), ackSeq: bcs.uleb128(), ...tail });

function encodeBySchema({ ackSeq, ...frame }: Frame): Uint8Array {
  const fields = { ...frame, sentAtMs: BigInt(frame.sentAtMs) };
  const init = { maxSize: 100_000 };
  return ackSeq === null
    ? plain.serialize({ ...fields, flags: 0 }, init).toBytes()
    : acknowledging.serialize({ ...fields, flags: 1, ackSeq }, init).toBytes();
}

/** The frame, or `null` when the schema or the ranges refuse it. */
function parseBySchema(bytes: Uint8Array): Frame | null {
  try {
    const init = { what: 'frame', maxBytes: 73_728 };
    const { flags, sentAtMs, ...rest } =
      bytes[0] === 1
        ? decodeStrict(acknowledging, bytes, init)
        : { ackSeq: null, ...decodeStrict(plain, bytes, init) };
    const isInRange =
      flags <= 1 &&
      sentAtMs <= BigInt(Number.MAX_SAFE_INTEGER) &&
      [rest.seq, rest.ackSeq ?? 0].every((seq) => seq <= 0xffff_ffff) &&
      rest.payload.length <= MAX_PAYLOAD_BYTES;
    return isInRange ? { ...rest, sentAtMs: Number(sentAtMs) } : null;
  } catch (error) {
    if (!isWotError(error)) throw error;
    return null;
  }
}

function parse(bytes: Uint8Array): Frame | null {
  try {
    return parseFrame(bytes);
  } catch (error) {
    expect(isWotError(error)).toBe(true);
    return null;
  }
}

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const u32 = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const frames: fc.Arbitrary<Frame> = fc.record({
  ackSeq: fc.option(u32),
  type: fc.integer({ min: 0, max: 0xffff }),
  messageId: id,
  seq: u32,
  sentAtMs: fc.maxSafeNat(),
  replyTo: fc.option(id),
  payload: fc.uint8Array({ maxLength: 200 }),
  signature: fc.option(
    fc.uint8Array({ minLength: 4_691, maxLength: 4_691 }).map((rest) => Uint8Array.of(1, ...rest)),
    { freq: 8 },
  ),
});

describe('the frame and its schema', () => {
  it('write the same bytes', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(encodeFrame(frame)).toEqual(new Uint8Array(encodeBySchema(frame)));
      }),
    );
  });

  it('read and refuse the same, also after a byte was changed, inserted or removed', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.nat({ max: 2 }), fc.nat({ max: 255 }), (frame, where, kind, value) => {
        const bytes = encodeFrame(frame);
        // The first 60 bytes hold all that has structure but the end.
        const at = where % Math.min(bytes.length, 60);
        const changed = Uint8Array.from([
          ...bytes.subarray(0, at),
          ...(kind === 2 ? [] : [value]),
          ...bytes.subarray(kind === 1 ? at : at + 1),
        ]);
        expect(parse(changed)).toEqual(parseBySchema(changed));
      }),
      { numRuns: 2_000 },
    );
  });

  it('read and refuse the same random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(parse(bytes)).toEqual(parseBySchema(bytes));
      }),
      { numRuns: 1_000 },
    );
  });
});
