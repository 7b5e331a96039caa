/**
 * Frames of a byte stream: an unsigned varint length, then that many bytes. Knows no stream and no time.
 *
 * | size | field |
 * |---|---|
 * | 1-4 | length n, unsigned LEB128, the shortest form (multiformats unsigned-varint) |
 * | n | the frame, opaque |
 */
import { TransportError } from './errors.ts';
import { MAX_VARINT_BYTES } from './limits.ts';

/** `frame` with its length in front, newly allocated. @throws TransportError `FRAME_TOO_LARGE` from 2^28 bytes. */
export function encodeFrame(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix: number[] = [];
  let rest = frame.length;
  do {
    prefix.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  if (prefix.length > MAX_VARINT_BYTES) throw tooLarge(frame.length, 2 ** (7 * MAX_VARINT_BYTES) - 1);
  const out = new Uint8Array(prefix.length + frame.length);
  out.set(prefix);
  out.set(frame, prefix.length);
  return out;
}

/** The error for a frame above its limit. */
export function tooLarge(bytes: number, maxBytes: number): TransportError {
  return new TransportError(
    'FRAME_TOO_LARGE',
    `a frame of ${bytes} bytes is above the limit of ${maxBytes}`,
    {
      data: { bytes, maxBytes },
    },
  );
}

/**
 * Received bytes that are not yet frames, in one buffer of our own: a chunk kept by reference would keep alive the
 * whole packet it came in, and a hostile peer would send packets with one useful byte.
 */
export class FrameBuffer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** Bytes held. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a copy of `chunk`. */
  push(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (this.#end + chunk.length > this.#bytes.length) {
      const into = length > this.#bytes.length ? new Uint8Array(Math.max(256, 2 * length)) : this.#bytes;
      into.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = into;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next frame, newly allocated, or how many bytes must be held before one can be whole (a lower bound). The
   * announced length is judged before anything is allocated; on an error the buffer is unchanged.
   * @throws TransportError `FRAME_TOO_LARGE` when the length exceeds `maxBytes`, `MALFORMED_FRAME` on a bad varint.
   */
  take(maxBytes: number): Uint8Array<ArrayBuffer> | { readonly neededBytes: number } {
    let frameBytes = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (this.length <= i) return { neededBytes: i + 1 };
      const byte = this.#bytes[this.#start + i] as number;
      frameBytes += (byte & 0x7f) * 2 ** (7 * i);
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) throw malformed('not in its shortest form');
      if (frameBytes > maxBytes) throw tooLarge(frameBytes, maxBytes);
      const neededBytes = i + 1 + frameBytes;
      if (this.length < neededBytes) return { neededBytes };
      const frame = this.#bytes.slice(this.#start + i + 1, this.#start + neededBytes);
      this.#start += neededBytes;
      if (this.length === 0) this.clear();
      return frame;
    }
    throw malformed(`longer than ${MAX_VARINT_BYTES} bytes`);
  }

  /** Forgets everything held. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
  }
}

function malformed(why: string): TransportError {
  return new TransportError('MALFORMED_FRAME', `the length of a frame is ${why}`);
}
