/**
 * Binary things as text that survives mail and copy-paste: the textual encoding of RFC 7468 (BEGIN and END lines,
 * base64 in lines of 64) with labels of our own.
 */
import { WotError } from '@wotid/core';

/** Labels of the things that people pass around. */
export const armorLabels = {
  card: 'WOT.ID CONTACT CARD',
  credential: 'WOT.ID CREDENTIAL',
  request: 'WOT.ID CREDENTIAL REQUEST',
} as const;
export type ArmorLabel = (typeof armorLabels)[keyof typeof armorLabels];

/** The text does not hold exactly one thing of the wanted kind. */
export class ArmorError extends WotError<'BAD_ARMOR'> {}

/** `bytes` as text, ending in a newline. */
export function armor(label: ArmorLabel, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The bytes inside `text`; what stands before BEGIN and after END is ignored, as RFC 7468 section 2 allows.
 * @throws ArmorError `BAD_ARMOR` when there is no such block, more than one, or it is not base64
 */
export function unarmor(label: ArmorLabel, text: string): Uint8Array<ArrayBuffer> {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from + begin.length);
  if (from < 0 || to < 0 || text.indexOf(begin, from + 1) >= 0) {
    const found = /-----BEGIN ([A-Z0-9 .]{1,64})-----/.exec(text)?.[1];
    const instead = found === undefined || found === label ? '' : `; it holds a ${found}`;
    throw new ArmorError('BAD_ARMOR', `the text does not hold one ${label}${instead}`, {
      hint: 'Copy it whole, with its BEGIN and END lines.',
    });
  }
  try {
    return Uint8Array.fromBase64(text.slice(from + begin.length, to).replace(/\s+/g, ''), {
      lastChunkHandling: 'strict',
    });
  } catch (cause) {
    throw new ArmorError('BAD_ARMOR', `the ${label} is damaged: it is not base64`, {
      hint: 'Ask for it again, as a file rather than pasted text.',
      cause,
    });
  }
}
