/** The issuer's side: one set of claims, written in the format that was asked for. Who gets a credential is the caller's policy. */
import type { CryptoProvider } from '@wotid/crypto';
import { errorText, utf8 } from '@wotid/core';
import {
  idFpBytes,
  verifiedHumanTypes,
  type CredentialClaims,
  type Evidence,
  type StatusEntry,
} from './claims.ts';
import { assertDid } from './did.ts';
import { CredentialError } from './errors.ts';
import type { CredentialFormat } from './formats.ts';
import { issueSdJwt } from './sd-jwt.ts';
import {
  assertSigner,
  signCompact,
  signerKey,
  signBytes,
  type CredentialSigner,
  type SignerKey,
} from './signer.ts';
import type { JsonObject } from './strict-json.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import { isWebOrigin } from './urls.ts';
import { encodeVc11Claims, parseVc11Claims } from './vc11-claims.ts';
import { encodeVc20Claims } from './vc20-claims.ts';
import {
  encodeEnvelope,
  encodeGeneralJws,
  encodeProtectedHeader,
  signingInput,
  type CredentialEnvelope,
  type CredentialLeg,
  type LegAlgorithm,
} from './wire.ts';

/** What {@link createIssuer} needs. */
export interface IssuerInit {
  readonly provider: CryptoProvider;
  readonly signer: CredentialSigner;
  /** Origin of the issuer's status lists; default none. */
  readonly statusOrigin?: string;
}

/** What one credential says. */
export interface IssueCredentialInit {
  readonly subjectDid: string;
  /** Fingerprint of the subject's identity block, 32 bytes; `wotid_hybrid` needs it. */
  readonly idFp?: Uint8Array;
  /** Public key that the subject proved to have, as a JWK; needed where there is no fingerprint. */
  readonly holderJwk?: JsonObject;
  /** Milliseconds since the Unix epoch; rounded down to a second. */
  readonly nowMs: number;
  /** How long it is valid, milliseconds; rounded down to a second, at least one. */
  readonly validForMs: number;
  /** How the subject was verified: 1 to 8 entries. */
  readonly evidence: readonly Evidence[];
  /** Entry in a status list under the issuer's status origin; default none. */
  readonly status?: StatusEntry;
}

/** A credential as it goes to its holder. */
export interface IssuedCredential {
  readonly format: CredentialFormat;
  /** `urn:uuid:…`, random. */
  readonly credentialId: string;
  /** The value of `credential` in an OpenID4VCI response: compact text, or the general JSON JWS of `wotid_hybrid`. */
  readonly credential: string | JsonObject;
  /** What the holder keeps and presents: BCS for `wotid_hybrid` (about 6 KB), else the compact text in ASCII. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Issues Verified Human credentials. */
export interface Issuer {
  readonly did: string;
  /** What others pin to trust this issuer. */
  readonly trustedIssuer: TrustedIssuer;
  /**
   * Signs a credential.
   * @throws CredentialError `BAD_ISSUE_REQUEST`, `BAD_DID`, `NO_SIGNING_KEY`; whatever the signer throws
   */
  issueCredential(format: CredentialFormat, init: IssueCredentialInit): Promise<IssuedCredential>;
}

/** @throws CredentialError `BAD_DID` when the signer's DID or key ids, or `statusOrigin`, are unusable */
export function createIssuer(init: IssuerInit): Issuer {
  const { provider, signer } = init;
  assertSigner(signer);
  const { did } = signer;
  const statusOrigin = init.statusOrigin ?? null;
  if (statusOrigin !== null && !isWebOrigin(statusOrigin)) {
    throw new CredentialError('BAD_DID', 'the status origin of an issuer is an http or https origin');
  }
  return {
    did,
    get trustedIssuer() {
      const { keys, history } = signer;
      return {
        did,
        ed25519: publicKeyOf(keys, 'EdDSA'),
        mlDsa87: publicKeyOf(keys, 'ML-DSA-87'),
        composite: null,
        statusOrigin,
        formerKeys: (history?.formerKeys ?? []).map((former) => ({
          ed25519: publicKeyOf(former, 'EdDSA') as Uint8Array,
          mlDsa87: publicKeyOf(former, 'ML-DSA-87') as Uint8Array,
        })),
        succession: history?.succession ?? 1,
      };
    },
    issueCredential: async (format, request) => {
      await signer.refresh?.();
      const claims = claimsOf(did, statusOrigin, request, provider.random.bytes(16));
      const { credentialId } = claims;
      if (format === 'wotid_hybrid') {
        if (claims.idFp === null) throw badRequest('this format binds an identity fingerprint');
        const envelope = await signHybridVc(signer, claims);
        const credential = JSON.parse(encodeGeneralJws(envelope)) as JsonObject;
        return { format, credentialId, credential, bytes: encodeEnvelope(envelope) };
      }
      const credential = await signClaims(provider, signer, format, claims);
      return { format, credentialId, credential, bytes: utf8(credential) };
    },
  };
}

function publicKeyOf(keys: readonly SignerKey[], wanted: LegAlgorithm): Uint8Array | null {
  const found = keys.find(({ alg }) => alg === wanted);
  return found === undefined ? null : Uint8Array.from(found.publicKey);
}

/** The formats that are one text, each signed by the EdDSA key alone. */
function signClaims(
  provider: CryptoProvider,
  signer: CredentialSigner,
  format: Exclude<CredentialFormat, 'wotid_hybrid'>,
  claims: CredentialClaims,
): Promise<string> {
  switch (format) {
    case 'jwt_vc_json':
      return signCompact(signer, { typ: 'JWT' }, encodeVc11Claims(claims));
    case 'vc+jwt':
      // `cty` says what is inside (VC-JOSE-COSE, section 3.1.1).
      return signCompact(signer, { typ: 'vc+jwt', cty: 'vc' }, encodeVc20Claims(claims));
    case 'dc+sd-jwt':
      return issueSdJwt(provider, signer, claims);
  }
}

/** A VC 1.1 payload under both of the signer's keys. @throws CredentialError `NO_SIGNING_KEY` */
async function signHybridVc(signer: CredentialSigner, claims: CredentialClaims): Promise<CredentialEnvelope> {
  const payload = encodeVc11Claims(claims);
  const leg = async (alg: LegAlgorithm): Promise<CredentialLeg> => {
    const key = signerKey(signer, alg);
    const protectedHeader = encodeProtectedHeader(alg, key.kid);
    const signature = await signBytes(signer, key, signingInput(protectedHeader, payload));
    return { alg, kid: key.kid, protectedHeader, signature };
  };
  // Both keys are taken before the first signature: a rotation in between must not mix two sets.
  const [eddsa, mlDsa87] = await Promise.all([leg('EdDSA'), leg('ML-DSA-87')]);
  return { payload, eddsa, mlDsa87 };
}

function claimsOf(
  issuer: string,
  statusOrigin: string | null,
  request: IssueCredentialInit,
  randomId: Uint8Array,
): CredentialClaims {
  assertDid(request.subjectDid);
  const { idFp = null, holderJwk = null, status = null } = request;
  if (idFp !== null && idFp.length !== idFpBytes) throw badRequest('an identity fingerprint has 32 bytes');
  if (status !== null && URL.parse(status.statusListCredential)?.origin !== statusOrigin) {
    throw badRequest('the status list is not under the status origin of the issuer');
  }
  const nowSec = Math.floor(request.nowMs / 1_000);
  const claims: CredentialClaims = {
    issuer,
    subject: request.subjectDid,
    credentialId: uuidUrn(randomId),
    issuedAtSec: nowSec,
    notBeforeSec: nowSec,
    expiresAtSec: nowSec + Math.floor(request.validForMs / 1_000),
    idFp,
    holderJwk,
    types: verifiedHumanTypes,
    evidence: request.evidence,
    status,
  };
  // One format's reader stands for all: the claims and their bounds are the same.
  try {
    parseVc11Claims(encodeVc11Claims(claims));
  } catch (error) {
    throw badRequest(errorText(error));
  }
  return claims;
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
