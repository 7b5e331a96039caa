/**
 * Messages about credentials between peers, outside the gate: asking for one, offering one, showing one. What a
 * credential says and whether it counts is not known here.
 */
import { bcs, bytesType, decodeStrict, DecodeError, fixedBytesType, shortTextType } from '@wotid/core';
import { SessionError } from '../errors.ts';
import {
  MAX_CREDENTIAL_BYTES,
  MAX_CREDENTIAL_ISSUERS,
  MAX_CREDENTIAL_TYPES,
  MAX_PAYLOAD_BYTES,
} from '../limits.ts';
import { timeType } from './codec.ts';

/** Asks the peer to show a credential. */
export interface PresentationRequest {
  /** Credential types of which one is wanted, such as `VerifiedHumanCredential`; 1 to 8, each at most 255 bytes. */
  readonly types: readonly string[];
  /** DIDs of issuers that would do; none = any that the asking side trusts; at most 16. */
  readonly issuers: readonly string[];
  /** Why, in words for the peer's user; at most 255 bytes of UTF-8. */
  readonly reason: string;
}

/** Says which credential could be shown. */
export interface PresentationOffer {
  readonly types: readonly string[];
  /** DID of the issuer, at most 255 bytes. */
  readonly issuer: string;
  /** H256 of the credential, 32 bytes: what is shown later can be told to be this one. */
  readonly credentialHash: Uint8Array;
  /** End of its validity, milliseconds since the Unix epoch. */
  readonly validUntilMs: number;
}

const requestType = bcs.struct('presentation request', {
  types: bcs.vector(shortTextType),
  issuers: bcs.vector(shortTextType),
  reason: shortTextType,
});
const offerType = bcs.struct('presentation offer', {
  types: bcs.vector(shortTextType),
  issuer: shortTextType,
  credentialHash: fixedBytesType(32),
  validUntilMs: timeType,
});
const presentationType = bcs.struct('presentation', { credential: bytesType });

/** 1 byte and 8 types, 1 byte and 16 issuers, a reason: each of these texts at most 256 bytes. */
const MAX_REQUEST_BYTES: number = 2 + 256 * (MAX_CREDENTIAL_TYPES + MAX_CREDENTIAL_ISSUERS + 1);
const MAX_OFFER_BYTES: number = 1 + 256 * (MAX_CREDENTIAL_TYPES + 1) + 40;

/** The payload of a request. @throws SessionError `BAD_MESSAGE` */
export function encodePresentationRequest(request: PresentationRequest): Uint8Array<ArrayBuffer> {
  return encoded(areTypes(request.types) && areIssuers(request.issuers), () =>
    requestType.serialize(request),
  );
}

/** A request. @throws DecodeError */
export function parsePresentationRequest(payload: Uint8Array): PresentationRequest {
  const request = decodeStrict(requestType, payload, {
    what: 'presentation request',
    maxBytes: MAX_REQUEST_BYTES,
  });
  if (!areTypes(request.types) || !areIssuers(request.issuers)) throw outOfRange('presentation request');
  return request;
}

/** The payload of an offer. @throws SessionError `BAD_MESSAGE` */
export function encodePresentationOffer(offer: PresentationOffer): Uint8Array<ArrayBuffer> {
  return encoded(areTypes(offer.types), () => offerType.serialize(offer));
}

/** An offer. @throws DecodeError */
export function parsePresentationOffer(payload: Uint8Array): PresentationOffer {
  const offer = decodeStrict(offerType, payload, { what: 'presentation offer', maxBytes: MAX_OFFER_BYTES });
  if (!areTypes(offer.types)) throw outOfRange('presentation offer');
  return offer;
}

/** The payload of a presentation. @throws SessionError `PAYLOAD_TOO_LARGE` */
export function encodePresentation(credential: Uint8Array): Uint8Array<ArrayBuffer> {
  if (credential.length > MAX_CREDENTIAL_BYTES) {
    throw new SessionError(
      'PAYLOAD_TOO_LARGE',
      `a credential of ${credential.length} bytes is above the limit`,
      {
        data: { bytes: credential.length, maxBytes: MAX_CREDENTIAL_BYTES },
      },
    );
  }
  return new Uint8Array(presentationType.serialize({ credential }, { maxSize: MAX_PAYLOAD_BYTES }).toBytes());
}

/** The credential bytes of a presentation, unverified. @throws DecodeError */
export function parsePresentation(payload: Uint8Array): Uint8Array {
  return decodeStrict(presentationType, payload, {
    what: 'presentation',
    maxBytes: MAX_CREDENTIAL_BYTES + 3,
  }).credential;
}

function encoded(isInRange: boolean, serialize: () => { toBytes(): Uint8Array }): Uint8Array<ArrayBuffer> {
  try {
    if (isInRange) return new Uint8Array(serialize().toBytes());
  } catch (cause) {
    throw new SessionError(
      'BAD_MESSAGE',
      'a text of the message is too long, or a field has a wrong length',
      {
        cause,
      },
    );
  }
  throw new SessionError(
    'BAD_MESSAGE',
    'a message about credentials names 1 to 8 types and at most 16 issuers',
  );
}

function areTypes(types: readonly string[]): boolean {
  return types.length >= 1 && types.length <= MAX_CREDENTIAL_TYPES && !types.includes('');
}

function areIssuers(issuers: readonly string[]): boolean {
  return issuers.length <= MAX_CREDENTIAL_ISSUERS && !issuers.includes('');
}

function outOfRange(what: string): DecodeError {
  return new DecodeError('MALFORMED', `the ${what} names too few or too many types or issuers`);
}
