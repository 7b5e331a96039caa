/** Decentralized identifiers as text (W3C DID Core 1.0, section 3): syntax and size, nothing about methods. */
import { utf8 } from '@wotid/core';
import { CredentialError } from './errors.ts';

/** A DID travels behind one length byte, so it has at most 255 bytes. */
export const maxDidBytes = 255;
/** Room for the fragments that DID methods use as key names. */
const maxFragmentChars = 128;

const didPattern =
  /^did:[a-z0-9]+:(?:(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*:)*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+$/;
const fragmentPattern = /^[A-Za-z0-9._~:=+-]+$/;

/** True for a bare DID of at most 255 bytes: no path, query or fragment. */
export function isDid(text: string): boolean {
  return text.length <= maxDidBytes && didPattern.test(text);
}

/** @throws CredentialError `BAD_DID` when `text` is not a bare DID of at most 255 bytes. */
export function assertDid(text: string): void {
  if (isDid(text)) return;
  throw new CredentialError('BAD_DID', `this is not a DID: ${JSON.stringify(text.slice(0, maxDidBytes))}`, {
    hint: 'a DID looks like did:method:identifier and has at most 255 bytes',
    data: { bytes: utf8(text).length },
  });
}

/**
 * True when `didUrl` names a key of exactly `did`: the DID, `#`, a fragment. A DID that merely starts with the same
 * text, a path or a query do not count.
 */
export function isKeyOf(did: string, didUrl: string): boolean {
  const fragment = didUrl.slice(did.length + 1);
  return (
    didUrl.startsWith(`${did}#`) && fragment.length <= maxFragmentChars && fragmentPattern.test(fragment)
  );
}
