/** The frame as a BCS schema: what the hand-written encoding must agree with, byte for byte and in what it refuses. */
import {
  bcs,
  bytesType,
  decodeStrict,
  fixedBytesType,
  isWotError,
  optionType,
  u64Type,
  type BcsType,
  uleb32Type,
} from '@wotid/core';
import { hybridSignatureType } from '@wotid/crypto';
import {
  encodeFrame,
  MAX_PAYLOAD_BYTES,
  MAX_PLAINTEXT_BYTES,
  MAX_TIME_MS,
  parseFrame,
  type Frame,
} from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const idType = fixedBytesType(16);
const tail = {
  type: bcs.u16(),
  messageId: idType,
  seq: uleb32Type,
  sentAtMs: u64Type,
  replyTo: optionType(idType),
  payload: bytesType,
  signature: optionType(hybridSignatureType),
};
const control = bcs.struct('control', {
  kind: bcs.u8(),
  epoch: bcs.u32(),
  key: fixedBytesType(1_568),
  sentAtMs: u64Type,
  signature: optionType(hybridSignatureType),
});
const flags = bcs.u8();
const ackSeq = uleb32Type;
/** By flags. */
const schemas = [
  bcs.struct('frame', { flags, ...tail }),
  bcs.struct('frame', { flags, ackSeq, ...tail }),
  bcs.struct('frame', { flags, control, ...tail }),
  bcs.struct('frame', { flags, ackSeq, control, ...tail }),
] as unknown as readonly BcsType<SchemaFrame, SchemaFrame>[];

/** A frame with its fields as the schema has them. */
interface SchemaFrame extends Omit<Frame, 'sentAtMs' | 'control' | 'ackSeq'> {
  readonly flags: number;
  readonly sentAtMs: bigint;
  readonly ackSeq?: number | null;
  readonly control?: {
    readonly kind: number;
    readonly epoch: number;
    readonly key: Uint8Array;
    readonly sentAtMs: bigint;
    readonly signature: Uint8Array | null;
  } | null;
}

function encodeBySchema(frame: Frame): Uint8Array {
  const { control: item } = frame;
  const which = (frame.ackSeq === null ? 0 : 1) + (item === null ? 0 : 2);
  const fields = {
    ...frame,
    flags: which,
    sentAtMs: BigInt(frame.sentAtMs),
    control:
      item === null
        ? null
        : { ...item, kind: item.kind === 'offer' ? 1 : 2, sentAtMs: BigInt(item.sentAtMs) },
  };
  return (schemas[which] as (typeof schemas)[number]).serialize(fields, { maxSize: 100_000 }).toBytes();
}

/** The frame, or `null` when the schema or the ranges refuse it. */
function parseBySchema(bytes: Uint8Array): Frame | null {
  try {
    const schema = schemas[bytes[0] ?? 255];
    if (schema === undefined) return null;
    const read = decodeStrict(schema, bytes, { what: 'frame', maxBytes: MAX_PLAINTEXT_BYTES });
    const { flags: _, sentAtMs, ackSeq: ack = null, control: item = null, ...rest } = read;
    const isInRange =
      [sentAtMs, item?.sentAtMs ?? 0n].every((time) => time <= BigInt(MAX_TIME_MS)) &&
      [rest.seq, ack ?? 0].every((seq) => seq <= 0xffff_ffff) &&
      [1, 2].includes(item?.kind ?? 1) &&
      rest.payload.length <= MAX_PAYLOAD_BYTES;
    if (!isInRange) return null;
    return {
      ...rest,
      ackSeq: ack,
      control:
        item === null
          ? null
          : { ...item, kind: item.kind === 1 ? 'offer' : 'answer', sentAtMs: Number(item.sentAtMs) },
      sentAtMs: Number(sentAtMs),
    };
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
const times = fc.integer({ min: 0, max: MAX_TIME_MS });
const signatures = fc
  .uint8Array({ minLength: 4_691, maxLength: 4_691 })
  .map((rest) => Uint8Array.of(1, ...rest));
const frames: fc.Arbitrary<Frame> = fc.record({
  ackSeq: fc.option(u32),
  control: fc.option(
    fc.record({
      kind: fc.constantFrom('offer' as const, 'answer' as const),
      epoch: u32,
      key: fc.uint8Array({ minLength: 1_568, maxLength: 1_568 }),
      sentAtMs: times,
      signature: fc.option(signatures, { freq: 8 }),
    }),
    { freq: 8 },
  ),
  type: fc.integer({ min: 0, max: 0xffff }),
  messageId: id,
  seq: u32,
  sentAtMs: times,
  replyTo: fc.option(id),
  payload: fc.uint8Array({ maxLength: 200 }),
  signature: fc.option(signatures, { freq: 8 }),
});

describe('the frame and its schema', () => {
  it('write the same bytes', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(encodeFrame(frame)).toEqual(new Uint8Array(encodeBySchema(frame)));
      }),
    );
  });

  it('know no time that a date cannot hold: who shows a message must not stumble over it', () => {
    const [frame] = fc.sample(frames, 1) as [Frame];
    const last = { ...frame, sentAtMs: MAX_TIME_MS };
    expect(new Date((parse(encodeFrame(last)) as Frame).sentAtMs).toISOString()).toBe(
      '+275760-09-13T00:00:00.000Z',
    );
    const later = { ...frame, sentAtMs: MAX_TIME_MS + 1 };
    expect(() => encodeFrame(later)).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
    expect(parse(encodeBySchema(later))).toBeNull();
  });

  it('read and refuse the same, also after a byte was changed, inserted or removed', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.nat({ max: 2 }), fc.nat({ max: 255 }), (frame, where, kind, value) => {
        const bytes = encodeFrame(frame);
        // The first 60 bytes, and those behind a control item, hold all that has structure but the end.
        const offset = frame.control === null || where % 2 === 0 ? 0 : 1_568;
        const at = offset + (where % Math.min(bytes.length - offset, 60));
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
