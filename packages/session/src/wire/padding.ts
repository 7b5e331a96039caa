/**
 * Padding: hides the exact length of what is encrypted.
 *
 * | route | up to | multiple of | above |
 * |---|---|---|---|
 * | mailbox (every byte has a deposit) | 256 | 32 | Padmé |
 * | online | 1024 | 128 | Padmé |
 *
 * Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019,
 * section 4.2) adds at most 12 % and leaks O(log log length) bits. The padding is a byte 80, then zeros, as in ISO/IEC
 * 7816-4: at least one byte, removable without a length field.
 */

/** How a message travels. */
export type Route = 'online' | 'mailbox';

const STEPS: Readonly<Record<Route, { readonly multiple: number; readonly upTo: number }>> = {
  mailbox: { multiple: 32, upTo: 256 },
  online: { multiple: 128, upTo: 1_024 },
};

/** The padded length of `length` bytes: at least one more. */
export function paddedLength(length: number, route: Route): number {
  const { multiple, upTo } = STEPS[route];
  const least = length + 1;
  return least <= upTo ? Math.ceil(least / multiple) * multiple : padme(least);
}

/** A copy of `bytes` with its padding. */
export function pad(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  out.set(bytes);
  markPadding(out, bytes.length);
  return out;
}

/** Ends the `length` bytes at the start of `padded`, which has zeros behind them. */
export function markPadding(padded: Uint8Array, length: number): void {
  padded[length] = 0x80;
}

/** The part of `padded` before its padding (a view), or `null` when there is no padding. */
export function unpad(padded: Uint8Array): Uint8Array | null {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  return end >= 0 && padded[end] === 0x80 ? padded.subarray(0, end) : null;
}

/** Rounds up so that only the leading bits of a length, as many as its exponent has, are significant. */
function padme(length: number): number {
  const exponent = Math.floor(Math.log2(length));
  const significant = Math.floor(Math.log2(exponent)) + 1;
  const unit = 2 ** (exponent - significant);
  return Math.ceil(length / unit) * unit;
}
