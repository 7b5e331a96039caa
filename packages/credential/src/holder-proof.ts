/**
 * Proof of possession by which a holder asks for a credential: the `jwt` proof of OpenID4VCI 1.0, appendix F.1, signed
 * with a key of the holder's DID. A wot.id agent adds two claims, so that `cnf` can bind its whole identity block:
 *
 * | claim | value |
 * |---|---|
 * | `wot.id/block` | base64url of the identity block (BCS) |
 * | `wot.id/proof` | base64url of a signature by the block's keys, purpose `holder-proof`, over the BCS below |
 *
 * Signed bytes: audience text | nonce text | issuedAtSec u64 | identity block. So the post-quantum key answers the same
 * nonce as the classical one, and the Diffie-Hellman key is named by both.
 */
import { bcs, errorText, u64Type, utf8, type BcsType } from '@wotid/core';
import {
  encodeIdentityBlock,
  hybridSignatureMaxBytes,
  identityBlockType,
  identityFingerprint,
  importIdentityVerifyingKeys,
  parseIdentityBlock,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type HybridSigningKeys,
  type IdentityBlock,
} from '@wotid/crypto';
import { extractPublicKeyBytes, verifyJWS } from 'did-jwt';
import type { JsonWebKey, VerificationMethod } from 'did-resolver';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { didJwkOfKey } from './did-jwk.ts';
import { isDid, isKeyOf } from './did.ts';
import { CredentialError } from './errors.ts';
import { ed25519Jwk, p256Jwk, parseEd25519Jwk } from './jwk.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';
import { methodsOf, resolveDid, type DidResolver } from './resolution.ts';
import { parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import { signingInput } from './wire.ts';

/** `typ` of the proof (OpenID4VCI 1.0, appendix F.1). */
export const holderProofType = 'openid4vci-proof+jwt';
/** Signature algorithms of a proof: Ed25519 by its two names, and P-256, which most wallets have. */
export const holderProofAlgorithms = ['EdDSA', 'Ed25519', 'ES256'] as const;
/** A block with a Falcon key and a 4692-byte signature, base64url twice. */
export const maxHolderProofBytes = 20_480;

/** Claims of the proof's payload. */
const payloadLimits = { maxBytes: 16_384, maxDepth: 4 };
/** A URL and a nonce of an issuer, in what is signed. */
const maxTextBytes = 1_024;
/** Clocks of people's machines. */
const defaultClockSkewMs = 300_000;

const blockMember = 'wot.id/block';
const proofMember = 'wot.id/proof';

interface SignedProof {
  readonly audience: string;
  readonly nonce: string;
  readonly issuedAtSec: bigint;
  readonly block: IdentityBlock;
}

const signedType: BcsType<SignedProof, SignedProof> = bcs.struct('holder proof', {
  audience: bcs.string(),
  nonce: bcs.string(),
  issuedAtSec: u64Type,
  block: identityBlockType,
});

/** What {@link createHolderProof} needs. */
export interface HolderProofInit {
  readonly provider: CryptoProvider;
  readonly keys: HybridSigningKeys;
  readonly block: IdentityBlock;
  /** DID URL of the block's Ed25519 key in the DID document. */
  readonly kid: string;
  /** The issuer's `credential_issuer`. */
  readonly audience: string;
  /** The issuer's `c_nonce`. */
  readonly nonce: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** A proof by all keys of an identity, as compact text (about 13 KB). */
export function createHolderProof(init: HolderProofInit): string {
  const { provider, keys, block, kid, audience, nonce } = init;
  const issuedAtSec = Math.floor(init.nowMs / 1_000);
  const body = signedBytes({ audience, nonce, issuedAtSec: BigInt(issuedAtSec), block });
  const payload = {
    aud: audience,
    iat: issuedAtSec,
    nonce,
    [blockMember]: encodeBase64Url(encodeIdentityBlock(block)),
    [proofMember]: encodeBase64Url(signHybrid(provider, keys, signaturePurposes.holderProof, body)),
  };
  const header = utf8(JSON.stringify({ alg: 'EdDSA', kid, typ: holderProofType }));
  const input = signingInput(header, utf8(JSON.stringify(payload)));
  return `${new TextDecoder().decode(input)}.${encodeBase64Url(provider.sign(keys.ed25519, input))}`;
}

/** A holder who has proven their keys. */
export interface ProvenHolder {
  /** Whom the credential is about. */
  readonly did: string;
  /** The public key that signed, for `cnf.jwk`. */
  readonly holderJwk: JsonObject;
  /** The nonce that was answered: the caller accepts it once. */
  readonly nonce: string;
  /** The identity block whose keys all signed, with its fingerprint; `null` when the wallet is not of wot.id. */
  readonly identity: { readonly block: IdentityBlock; readonly idFp: Uint8Array } | null;
}

/** What {@link verifyHolderProof} compares with. */
export interface VerifyHolderProofInit {
  readonly provider: CryptoProvider;
  readonly resolver: DidResolver;
  /** Our own `credential_issuer`: the only audience. */
  readonly audience: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Tolerance for `iat` in both directions, milliseconds; default 300,000. */
  readonly clockSkewMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Verifies a `jwt` proof: form, algorithm, audience and time first, then the key. The key is one of the
 * `authentication` methods of the DID that `kid` names, or the one in `jwk`, whose did:jwk is then the holder's DID.
 * @param proof at most 20,480 characters
 * @throws CredentialError `DID_UNRESOLVED` when that says nothing about the proof; `BAD_PROOF`, saying what is wrong. Whether the nonce is ours and unused is the caller's check.
 */
export async function verifyHolderProof(proof: string, init: VerifyHolderProofInit): Promise<ProvenHolder> {
  if (proof.length > maxHolderProofBytes) throw badProof(`it is longer than ${maxHolderProofBytes} bytes`);
  let jws: CompactJws;
  let payload: JsonObject;
  try {
    jws = parseCompactJws(proof, 'the proof', ['jwk']);
    payload = parseStrictJson(jws.payload, payloadLimits);
  } catch (error) {
    throw badProof(errorText(error), error);
  }
  const { nonce, issuedAtSec } = checkClaims(payload, jws.header, init);
  const { did, holderJwk } = await holderKey(jws.header, init);
  const publicKeyJwk = holderJwk as unknown as JsonWebKey;
  try {
    verifyJWS(proof, [{ id: did, type: 'JsonWebKey2020', controller: did, publicKeyJwk }]);
  } catch (error) {
    throw badProof('its signature does not verify with the holder’s key', error);
  }
  const hasIdentity = payload[blockMember] !== undefined || payload[proofMember] !== undefined;
  const identity = hasIdentity ? checkIdentity(payload, { did, holderJwk, nonce, issuedAtSec }, init) : null;
  return { did, holderJwk, nonce, identity };
}

function checkClaims(
  payload: JsonObject,
  header: JsonObject,
  init: VerifyHolderProofInit,
): { readonly nonce: string; readonly issuedAtSec: number } {
  if (header['typ'] !== holderProofType) throw badProof(`its typ is not ${holderProofType}`);
  if (!(holderProofAlgorithms as readonly Json[]).includes(header['alg'] ?? null)) {
    throw badProof(`its alg is none of ${holderProofAlgorithms.join(', ')}`);
  }
  const audience = payload['aud'];
  const isOurs = Array.isArray(audience)
    ? audience.length === 1 && audience[0] === init.audience
    : audience === init.audience;
  if (!isOurs) throw badProof('it is for another audience (aud)');
  const { nonce, iat } = payload;
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > maxTextBytes) {
    throw badProof('it answers no nonce');
  }
  if (typeof iat !== 'number' || !Number.isInteger(iat) || iat < 0) {
    throw badProof('its iat is not a time in whole seconds');
  }
  const skewMs = init.clockSkewMs ?? defaultClockSkewMs;
  if (Math.abs(iat * 1_000 - init.nowMs) > skewMs) throw badProof('its iat is too far from our clock');
  return { nonce, issuedAtSec: iat };
}

/** Whose proof it is, and the key that has to verify it. */
async function holderKey(
  header: JsonObject,
  init: VerifyHolderProofInit,
): Promise<{ readonly did: string; readonly holderJwk: JsonObject }> {
  const { kid, jwk } = header;
  if ((kid === undefined) === (jwk === undefined)) throw badProof('it has not exactly one of kid and jwk');
  if (jwk !== undefined) {
    const holderJwk = publicJwk(jwk, header);
    return { did: didJwkOfKey(holderJwk), holderJwk };
  }
  const did = typeof kid === 'string' ? (kid.split('#', 1)[0] ?? '') : '';
  if (typeof kid !== 'string' || !isDid(did) || !isKeyOf(did, kid))
    throw badProof('its kid is not a DID URL with a fragment');
  const resolved = await resolveDid(init.resolver, did, init.signal);
  if (resolved.document === null) {
    if (!resolved.mayPass) throw badProof(`the DID of the holder: ${resolved.reason}`);
    throw new CredentialError('DID_UNRESOLVED', 'the DID of the holder cannot be resolved now', {
      hint: 'Try again in a moment.',
    });
  }
  const { document } = resolved;
  const method = methodsOf(document, 'authentication').find(({ id }) => id === kid);
  if (method === undefined) throw badProof('its kid is no authentication key of its DID');
  return { did, holderJwk: publicJwk(jwkOf(method), header) };
}

/** The key of a verification method; older DID documents write an Ed25519 key in another form than as a JWK. */
function jwkOf(method: VerificationMethod): Json | undefined {
  if (method.publicKeyJwk !== undefined) return method.publicKeyJwk as Json;
  try {
    const { keyBytes, keyType } = extractPublicKeyBytes(method);
    return keyType === 'Ed25519' ? { ...ed25519Jwk(keyBytes) } : undefined;
  } catch {
    return undefined;
  }
}

/** The public members of a key that fits `alg`; an AKP key, or any other kind, signs no proof. */
function publicJwk(value: Json | undefined, { alg }: JsonObject): JsonObject {
  try {
    return { ...(alg === 'ES256' ? p256Jwk(value) : ed25519Jwk(parseEd25519Jwk(value))) };
  } catch (error) {
    throw badProof(`the holder’s key does not fit its algorithm: ${errorText(error)}`, error);
  }
}

function checkIdentity(
  payload: JsonObject,
  signed: Omit<SignedProof, 'issuedAtSec' | 'block' | 'audience'> & {
    readonly did: string;
    readonly holderJwk: JsonObject;
    readonly issuedAtSec: number;
  },
  init: VerifyHolderProofInit,
): ProvenHolder['identity'] {
  const [blockBytes, signature] = [blockMember, proofMember].map((name) => {
    const text = payload[name];
    const bytes = typeof text === 'string' ? decodeBase64Url(text) : null;
    if (bytes === null) throw badProof(`its ${name} is not base64url`);
    return bytes;
  }) as [Uint8Array, Uint8Array];
  if (signature.length > hybridSignatureMaxBytes) throw badProof(`its ${proofMember} is too long`);
  const { provider, audience } = init;
  let block: IdentityBlock;
  let isSigned: boolean;
  try {
    block = parseIdentityBlock(blockBytes);
    using keys = importIdentityVerifyingKeys(provider, block);
    const body = signedBytes({
      audience,
      nonce: signed.nonce,
      issuedAtSec: BigInt(signed.issuedAtSec),
      block,
    });
    isSigned = verifyHybrid(provider, keys, signaturePurposes.holderProof, body, signature);
  } catch (error) {
    throw badProof('its identity block cannot be used', error);
  }
  if (block.did !== signed.did) throw badProof('its identity block is of another DID');
  if (signed.holderJwk['x'] !== encodeBase64Url(block.ed25519)) {
    throw badProof('its identity block has another Ed25519 key');
  }
  if (!isSigned) throw badProof('the keys of its identity block did not sign it');
  return { block, idFp: identityFingerprint(provider, block) };
}

function signedBytes(proof: SignedProof): Uint8Array {
  return signedType.serialize(proof, { maxSize: maxHolderProofBytes }).toBytes();
}

function badProof(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_PROOF', `unusable proof of possession: ${reason}`, {
    hint: 'Ask for a nonce, and sign a new proof with a key of your DID.',
    cause,
  });
}
