/** The issuer's side: one payload, two signatures. Who gets a credential is the caller's policy. */
import type { CryptoProvider, SigningKey } from '@wotid/crypto';
import { errorText } from '@wotid/core';
import {
  encodeClaims,
  idFpBytes,
  parseClaims,
  verifiedHumanType,
  type Evidence,
  type StatusEntry,
} from './claims.ts';
import { assertDid, isKeyOf } from './did.ts';
import { didJwkOf } from './did-jwk.ts';
import { CredentialError } from './errors.ts';
import { isWebOrigin, type TrustedIssuer } from './trusted-issuer.ts';
import {
  encodeEnvelope,
  encodeProtectedHeader,
  signingInput,
  type CredentialLeg,
  type LegAlgorithm,
} from './wire.ts';

/** What {@link createIssuer} needs. */
export interface IssuerInit {
  readonly provider: CryptoProvider;
  /** Ed25519 key; borrowed, not disposed. */
  readonly ed25519: SigningKey;
  /** ML-DSA-87 key; borrowed, not disposed. */
  readonly mlDsa87: SigningKey;
  /** Default: the did:jwk of the Ed25519 key. */
  readonly did?: string;
  /** DID URL of the Ed25519 key in the DID document; default `#0`, as did:jwk names it. */
  readonly ed25519KeyId?: string;
  /** DID URL by which the ML-DSA-87 key is known; default `#ml-dsa-87`. */
  readonly mlDsa87KeyId?: string;
  /** Origin of the issuer's status lists; default none. */
  readonly statusOrigin?: string;
}

/** What one credential says. */
export interface IssueCredentialInit {
  readonly subjectDid: string;
  /** Fingerprint of the subject's identity block, 32 bytes. */
  readonly idFp: Uint8Array;
  /** Milliseconds since the Unix epoch; rounded down to a second. */
  readonly nowMs: number;
  /** How long it is valid, milliseconds; rounded down to a second, at least one. */
  readonly validForMs: number;
  /** How the subject was verified: 1 to 8 entries. */
  readonly evidence: readonly Evidence[];
  /** Entry in a status list under the issuer's status origin; default none. */
  readonly status?: StatusEntry;
}

/** Issues Verified Human credentials. */
export interface Issuer {
  readonly did: string;
  /** What others pin to trust this issuer. */
  readonly trustedIssuer: TrustedIssuer;
  /**
   * Signs a credential and returns its bytes for the wire (about 6 KB).
   * @throws CredentialError `BAD_ISSUE_REQUEST`, `BAD_DID`
   */
  issueCredential(init: IssueCredentialInit): Uint8Array<ArrayBuffer>;
}

/** @throws CredentialError `BAD_DID` when `did`, a key id or `statusOrigin` is unusable */
export function createIssuer(init: IssuerInit): Issuer {
  const { provider, ed25519, mlDsa87 } = init;
  if (ed25519.algorithm !== 'ed25519' || mlDsa87.algorithm !== 'ml-dsa-87') {
    throw new TypeError('an issuer has an Ed25519 and an ML-DSA-87 key, in this order');
  }
  const did = init.did ?? didJwkOf(ed25519.publicKey);
  assertDid(did);
  const keyIds: Readonly<Record<LegAlgorithm, string>> = {
    EdDSA: init.ed25519KeyId ?? `${did}#0`,
    'ML-DSA-87': init.mlDsa87KeyId ?? `${did}#ml-dsa-87`,
  };
  if (!Object.values(keyIds).every((keyId) => isKeyOf(did, keyId)) || keyIds.EdDSA === keyIds['ML-DSA-87']) {
    throw new CredentialError('BAD_DID', `the key ids of an issuer are two DID URLs of ${did}`);
  }
  const statusOrigin = init.statusOrigin ?? null;
  if (statusOrigin !== null && !isWebOrigin(statusOrigin)) {
    throw new CredentialError('BAD_DID', 'the status origin of an issuer is an http or https origin');
  }

  function signLeg(alg: LegAlgorithm, key: SigningKey, payload: Uint8Array): CredentialLeg {
    const protectedHeader = encodeProtectedHeader(alg, keyIds[alg]);
    const signature = provider.sign(key, signingInput(protectedHeader, payload));
    return { alg, kid: keyIds[alg], protectedHeader, signature };
  }

  return {
    did,
    trustedIssuer: {
      did,
      ed25519: Uint8Array.from(ed25519.publicKey),
      mlDsa87: Uint8Array.from(mlDsa87.publicKey),
      statusOrigin,
    },
    issueCredential: (request) => {
      const payload = encodePayload(did, statusOrigin, request, provider.random.bytes(16));
      return encodeEnvelope({
        payload,
        eddsa: signLeg('EdDSA', ed25519, payload),
        mlDsa87: signLeg('ML-DSA-87', mlDsa87, payload),
      });
    },
  };
}

function encodePayload(
  issuer: string,
  statusOrigin: string | null,
  request: IssueCredentialInit,
  randomId: Uint8Array,
): Uint8Array<ArrayBuffer> {
  assertDid(request.subjectDid);
  const status = request.status ?? null;
  if (request.idFp.length !== idFpBytes) throw badRequest('an identity fingerprint has 32 bytes');
  if (status !== null && URL.parse(status.statusListCredential)?.origin !== statusOrigin) {
    throw badRequest('the status list is not under the status origin of the issuer');
  }
  const nowSec = Math.floor(request.nowMs / 1_000);
  const payload = encodeClaims({
    issuer,
    subject: request.subjectDid,
    credentialId: uuidUrn(randomId),
    issuedAtSec: nowSec,
    notBeforeSec: nowSec,
    expiresAtSec: nowSec + Math.floor(request.validForMs / 1_000),
    idFp: request.idFp,
    types: ['VerifiableCredential', verifiedHumanType],
    evidence: request.evidence,
    status,
  });
  try {
    parseClaims(payload);
  } catch (error) {
    throw badRequest(errorText(error));
  }
  return payload;
}

/** A random UUID as a URN (RFC 9562, section 5.4). */
function uuidUrn(random: Uint8Array): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return `urn:uuid:${bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
}

function badRequest(reason: string): CredentialError {
  return new CredentialError('BAD_ISSUE_REQUEST', `no credential can say this: ${reason}`);
}
