import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '@wotid/core';
import { TransportError } from './errors.ts';
import { encodeFrame, FrameBuffer } from './frame-buffer.ts';

const framesArbitrary = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 });

function takeAll(buffer: FrameBuffer): string[] {
  const frames: string[] = [];
  for (;;) {
    const taken = buffer.take(1_000);
    if (!(taken instanceof Uint8Array)) return frames;
    frames.push(taken.toHex());
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as TransportError).code;
  }
  return 'no error';
}

describe('FrameBuffer', () => {
  // Values of the multiformats unsigned-varint specification.
  it.each([
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [255, 'ff01'],
    [300, 'ac02'],
    [16_384, '808001'],
  ])('writes the length %i as %s', (length, prefix) => {
    expect(encodeFrame(new Uint8Array(length)).toHex().slice(0, prefix.length)).toBe(prefix);
    expect(encodeFrame(new Uint8Array(length))).toHaveLength(length + prefix.length / 2);
  });

  it('gives back the frames however the bytes are cut', () => {
    fc.assert(
      fc.property(framesArbitrary, fc.array(fc.integer({ min: 1, max: 300 })), (frames, cuts) => {
        const bytes = concatBytes(...frames.map(encodeFrame));
        const buffer = new FrameBuffer();
        const got: string[] = [];
        let offset = 0;
        for (const cut of [...cuts, bytes.length]) {
          buffer.push(bytes.subarray(offset, offset + cut));
          offset = Math.min(bytes.length, offset + cut);
          got.push(...takeAll(buffer));
        }
        expect(got).toEqual(frames.map((frame) => frame.toHex()));
        expect(buffer.length).toBe(0);
      }),
    );
  });

  it('says how many bytes are missing', () => {
    const buffer = new FrameBuffer();
    expect(buffer.take(500)).toEqual({ neededBytes: 1 });
    buffer.push(Uint8Array.of(0xac));
    expect(buffer.take(500)).toEqual({ neededBytes: 2 });
    buffer.push(Uint8Array.of(0x02, 9));
    expect(buffer.take(500)).toEqual({ neededBytes: 302 });
  });

  it('judges the announced length before the bytes are there, and keeps its state', () => {
    const buffer = new FrameBuffer();
    buffer.push(encodeFrame(new Uint8Array(300)).subarray(0, 2));
    expect(codeOf(() => buffer.take(299))).toBe('FRAME_TOO_LARGE');
    expect(buffer.take(300)).toEqual({ neededBytes: 302 });
  });

  it.each(['8000', '818000', '80808000', 'ffffffff', '80808080'])('refuses the length %s', (hex) => {
    const buffer = new FrameBuffer();
    buffer.push(Uint8Array.fromHex(`${hex}01`));
    expect(codeOf(() => buffer.take(2 ** 30))).toBe('MALFORMED_FRAME');
  });

  it('does not keep the packet that a chunk came in', () => {
    const packet = new Uint8Array(10);
    const buffer = new FrameBuffer();
    buffer.push(packet.subarray(0, 2).fill(1));
    packet.fill(7);
    expect(buffer.take(10)).toEqual(Uint8Array.of(1));
  });
});
