/** Text as `std::string` sees it: UTF-8 bytes. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** True for well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** True when a character of well-formed `text` begins at `index`, or the text ends there. */
export function isCharBoundary(text: Uint8Array, index: bigint): boolean {
  if (index === 0n || index === BigInt(text.length)) return true;
  if (index > BigInt(text.length)) return false;
  return ((text[Number(index)] as number) & 0xc0) !== 0x80;
}

/**
 * Where `pattern` first begins in `text`; `text.length` when nowhere. Linear in both lengths whatever they contain
 * (Knuth, Morris, Pratt), because gas is charged for lengths only.
 */
export function findBytes(text: Uint8Array, pattern: Uint8Array): number {
  if (pattern.length === 0) return 0;
  // For each prefix of the pattern, how long its longest own prefix is that also ends it.
  const borders = new Uint32Array(pattern.length);
  for (let i = 1, matched = 0; i < pattern.length; i++) {
    while (matched > 0 && pattern[i] !== pattern[matched]) matched = borders[matched - 1] as number;
    if (pattern[i] === pattern[matched]) matched++;
    borders[i] = matched;
  }
  for (let i = 0, matched = 0; i < text.length; i++) {
    while (matched > 0 && text[i] !== pattern[matched]) matched = borders[matched - 1] as number;
    if (text[i] === pattern[matched]) matched++;
    if (matched === pattern.length) return i + 1 - matched;
  }
  return text.length;
}
