/**
 * A status list as a signed credential (W3C Bitstring Status List 1.0, section 2.2), in three forms of one URL:
 *
 * | media type | form | for |
 * |---|---|---|
 * | `application/vc+jwt` | VC 2.0 as a JWT, EdDSA | any verifier of W3C credentials |
 * | `application/jose+json` | the same payload as a general JSON JWS under EdDSA and ML-DSA-87 | wot.id agents |
 * | `application/statuslist+jwt` | draft-ietf-oauth-status-list, EdDSA | verifiers of SD-JWT VC |
 *
 * Whose ML-DSA-87 key is pinned is believed in the second form alone: who can forge an EdDSA signature must not be able
 * to take a revocation back.
 */
import { errorText, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { dateOf, dateTimeOf, dateTimeText, objectOf, textsOf } from './claim-readers.ts';
import { isKeyOf } from './did.ts';
import { CredentialError } from './errors.ts';
import { failedLeg } from './issuer-key-set.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';
import { generalLegs, signGeneral } from './general-jws.ts';
import { signCompact, type CredentialSigner } from './signer.ts';
import {
  badList,
  decodeBitstring,
  encodeBitstring,
  encodeTokenList,
  maxStatusEntries,
  type StatusBits,
} from './status-list.ts';
import { parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import { credentialsV2Context } from './vc20-claims.ts';
import { legAlgorithms } from './wire.ts';

/** Media types of the forms, each the `Content-Type` of its answer. */
export const statusListMediaTypes = {
  jwt: 'application/vc+jwt',
  hybrid: 'application/jose+json',
  token: 'application/statuslist+jwt',
} as const;

/** A form of a status list. */
export type StatusListForm = keyof typeof statusListMediaTypes;

/** `ttl` of a list that names none (Bitstring Status List 1.0, section 2.2). */
export const defaultStatusTtlMs = 300_000;
/** Most bytes of an answer: 1 MiB of bits that do not compress, base64url twice, and the signatures. */
export const maxStatusListBytes = 2_097_152;

/** Bits in base64url and the members around them. */
const payloadLimits = { maxBytes: Math.ceil((maxStatusEntries / 8) * 1.4) + 8_192, maxDepth: 6 };
const listType = 'BitstringStatusListCredential';

/** What a list says. */
export interface StatusListInit {
  /** URL of the list: what status entries name. */
  readonly url: string;
  readonly bits: StatusBits;
  /** Milliseconds since the Unix epoch; rounded down to a second. */
  readonly nowMs: number;
  /** How long a verifier may go without asking again, milliseconds. */
  readonly ttlMs: number;
  /** How long the list may be believed at all, milliseconds; sign it anew in time. */
  readonly validForMs: number;
}

/** Signs a list in all forms that the signer has keys for. @throws whatever the signer throws */
export async function issueStatusList(
  signer: CredentialSigner,
  init: StatusListInit,
): Promise<Readonly<Partial<Record<StatusListForm, string>>>> {
  const payload = utf8(JSON.stringify(await listClaims(signer.did, init)));
  const canHybrid = legAlgorithms.every((alg) => signer.keys.some((key) => key.alg === alg));
  const token = utf8(JSON.stringify(await tokenClaims(init)));
  return {
    jwt: await signCompact(signer, { typ: 'vc+jwt', cty: 'vc' }, payload),
    ...(canHybrid ? { hybrid: await signGeneral(signer, 'vc+jwt', payload) } : {}),
    token: await signCompact(signer, { typ: 'statuslist+jwt' }, token),
  };
}

async function listClaims(issuer: string, init: StatusListInit): Promise<JsonObject> {
  const { url, bits, nowMs, ttlMs, validForMs } = init;
  const fromSec = Math.floor(nowMs / 1_000);
  const untilSec = fromSec + Math.ceil(validForMs / 1_000);
  return {
    '@context': [credentialsV2Context],
    id: url,
    type: ['VerifiableCredential', listType],
    issuer,
    validFrom: dateTimeText(fromSec),
    validUntil: dateTimeText(untilSec),
    credentialSubject: {
      id: `${url}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: await encodeBitstring(bits),
      ttl: ttlMs,
    },
    iss: issuer,
    iat: fromSec,
    exp: untilSec,
  };
}

/** Draft-ietf-oauth-status-list, section 5.1; `ttl` is in seconds there. */
async function tokenClaims({ url, bits, nowMs, ttlMs, validForMs }: StatusListInit): Promise<JsonObject> {
  const iat = Math.floor(nowMs / 1_000);
  return {
    sub: url,
    iat,
    exp: iat + Math.ceil(validForMs / 1_000),
    ttl: Math.max(1, Math.floor(ttlMs / 1_000)),
    status_list: { bits: 1, lst: await encodeTokenList(bits) },
  };
}

/** A verified list. */
export interface StatusList {
  readonly bits: StatusBits;
  /** When it was signed, milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  /** After it the list is not believed. */
  readonly validUntilMs: number;
  readonly ttlMs: number;
}

/** The form in which an issuer's lists are believed. */
export function statusFormOf(issuer: TrustedIssuer): 'hybrid' | 'jwt' {
  return issuer.mlDsa87 === null ? 'jwt' : 'hybrid';
}

/**
 * Verifies a list with the issuer's pinned keys, and reads it. Whether it is still valid is left to the caller, who
 * knows the time.
 * @param text the answer of the list's URL in the form of {@link statusFormOf}
 * @throws CredentialError `STATUS_FORGED` when a signature is missing or wrong, `BAD_STATUS_LIST` for anything else
 */
export async function verifyStatusList(
  provider: CryptoProvider,
  text: string,
  url: string,
  issuer: TrustedIssuer,
): Promise<StatusList> {
  if (text.length > maxStatusListBytes) throw badList(`it is larger than ${maxStatusListBytes} bytes`);
  try {
    const legs =
      statusFormOf(issuer) === 'hybrid'
        ? generalLegs(text, maxStatusListBytes, 'the list')
        : ([parseCompactJws(text, 'the list')] as const);
    if (legs === null) throw forged('it is not a JWS with two signatures');
    assertSigned(provider, legs, issuer);
    return await readList(parseStrictJson(legs[0].payload, payloadLimits), url, issuer.did);
  } catch (error) {
    if (error instanceof CredentialError && error.code !== 'BAD_CREDENTIAL') throw error;
    throw badList(errorText(error), error);
  }
}

/** All legs are by keys of one set: a forger must break both keys of the same time. */
function assertSigned(provider: CryptoProvider, legs: readonly CompactJws[], issuer: TrustedIssuer): void {
  const signatures = legs.map(({ header, signingInput: input, signature }, at) => {
    const alg = legAlgorithms[at] as (typeof legAlgorithms)[number];
    if (header['alg'] !== alg) throw forged(`where ${alg} belongs there is another algorithm`);
    if (header['typ'] !== 'vc+jwt') throw badList('its typ is not vc+jwt');
    const kid = header['kid'];
    if (typeof kid !== 'string' || !isKeyOf(issuer.did, kid)) throw forged('its kid is no key of its issuer');
    return { alg, input, signature };
  });
  const failed = failedLeg(provider, issuer, signatures);
  if (failed !== null) {
    throw forged(`its ${failed} signature does not verify with the pinned key of its issuer`);
  }
}

async function readList(json: JsonObject, url: string, issuer: string): Promise<StatusList> {
  if (json['id'] !== url) throw badList('it is another list');
  if (json['issuer'] !== issuer) throw badList('it names another issuer');
  if (!textsOf(json['type'], 'type').includes(listType)) throw badList(`it is no ${listType}`);
  const subject = objectOf(json['credentialSubject'], 'credentialSubject');
  const { type, statusPurpose, statusSize = 1, encodedList, ttl = defaultStatusTtlMs } = subject;
  if (type !== 'BitstringStatusList' || statusSize !== 1) throw badList('it is not a list of single bits');
  const purposes = Array.isArray(statusPurpose) ? (statusPurpose as readonly Json[]) : [statusPurpose];
  if (!purposes.includes('revocation')) throw badList('it is not about revocation');
  if (typeof encodedList !== 'string') throw badList('it has no encodedList');
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 0) throw badList('its ttl is not a time');
  const validFromSec = dateTimeOf(json['validFrom'], 'validFrom');
  return {
    bits: await decodeBitstring(encodedList),
    issuedAtMs: (json['iat'] === undefined ? validFromSec : dateOf(json['iat'], 'iat')) * 1_000,
    validUntilMs: dateTimeOf(json['validUntil'], 'validUntil') * 1_000,
    ttlMs: ttl,
  };
}

function forged(reason: string): CredentialError {
  return new CredentialError('STATUS_FORGED', `the status list is not its issuer’s: ${reason}`);
}
