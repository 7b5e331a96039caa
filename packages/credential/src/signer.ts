/**
 * The issuer's keys behind a port, so that they may live in a KMS or an HSM: signing is asynchronous and by algorithm,
 * and nothing else about the keys is asked for.
 */
import { fromUtf8, utf8 } from '@wotid/core';
import type { CryptoProvider, SigningKey } from '@wotid/crypto';
import { encodeBase64Url } from './base64url.ts';
import { assertDid, isKeyOf } from './did.ts';
import { didJwkOf } from './did-jwk.ts';
import { CredentialError } from './errors.ts';
import { ed25519SignatureBytes, mlDsa87SignatureBytes, signingInput, type LegAlgorithm } from './wire.ts';

/** A key of an issuer, by what is public of it. */
export interface SignerKey {
  /** As JOSE writes it: `EdDSA` (RFC 8037, Ed25519) or `ML-DSA-87` (RFC 9964). */
  readonly alg: LegAlgorithm;
  /** DID URL of the key, under the signer's DID. */
  readonly kid: string;
  /** 32 or 2592 bytes. */
  readonly publicKey: Uint8Array;
}

/** Signs for one issuer. It has one key an algorithm; an issuer of plain JWTs alone needs no ML-DSA-87 key. */
export interface CredentialSigner {
  readonly did: string;
  readonly keys: readonly SignerKey[];
  /**
   * The signature over `bytes`: 64 bytes (Ed25519, RFC 8032) or 4627 bytes (ML-DSA-87, FIPS 204, no context).
   * @throws anything when the key cannot be used; nothing is issued then
   */
  sign(alg: LegAlgorithm, bytes: Uint8Array): Promise<Uint8Array>;
}

/** What {@link createLocalSigner} needs. */
export interface LocalSignerInit {
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
}

/** A signer whose keys are in this process. @throws CredentialError `BAD_DID` when `did` or a key id is unusable */
export function createLocalSigner(init: LocalSignerInit): CredentialSigner {
  const { provider, ed25519, mlDsa87 } = init;
  if (ed25519.algorithm !== 'ed25519' || mlDsa87.algorithm !== 'ml-dsa-87') {
    throw new TypeError('an issuer has an Ed25519 and an ML-DSA-87 key, in this order');
  }
  const did = init.did ?? didJwkOf(ed25519.publicKey);
  const keys: readonly SignerKey[] = [
    {
      alg: 'EdDSA',
      kid: init.ed25519KeyId ?? `${did}#0`,
      publicKey: Uint8Array.from(ed25519.publicKey),
    },
    {
      alg: 'ML-DSA-87',
      kid: init.mlDsa87KeyId ?? `${did}#ml-dsa-87`,
      publicKey: Uint8Array.from(mlDsa87.publicKey),
    },
  ];
  const signer: CredentialSigner = {
    did,
    keys,
    sign: async (alg, bytes) => provider.sign(alg === 'EdDSA' ? ed25519 : mlDsa87, bytes),
  };
  assertSigner(signer);
  return signer;
}

/** @throws CredentialError `BAD_DID` unless the signer's DID is one and all its keys are different ones of that DID */
export function assertSigner({ did, keys }: CredentialSigner): void {
  assertDid(did);
  const distinct = new Set(keys.map(({ kid }) => kid)).size === keys.length;
  if (!distinct || !keys.every(({ kid }) => isKeyOf(did, kid))) {
    throw new CredentialError('BAD_DID', `the key ids of an issuer are different DID URLs of ${did}`);
  }
}

/** The signer's key of an algorithm. @throws CredentialError `NO_SIGNING_KEY` */
export function signerKey(signer: CredentialSigner, alg: LegAlgorithm): SignerKey {
  const key = signer.keys.find((one) => one.alg === alg);
  if (key !== undefined) return key;
  throw new CredentialError('NO_SIGNING_KEY', `this issuer has no ${alg} key`, {
    hint: 'Offer only the formats that its keys can sign.',
    data: { alg },
  });
}

/**
 * Signs bytes, and does not believe the signer blindly.
 * @throws CredentialError `NO_SIGNING_KEY` when what the signer returns has not the length of a signature
 */
export async function signBytes(
  signer: CredentialSigner,
  alg: LegAlgorithm,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const signature = await signer.sign(alg, bytes);
  const expected = alg === 'EdDSA' ? ed25519SignatureBytes : mlDsa87SignatureBytes;
  if (signature.length === expected) return signature;
  throw new CredentialError('NO_SIGNING_KEY', `the signer gave ${signature.length} bytes for ${alg}`, {
    hint: `A signature of ${alg} has ${expected} bytes.`,
    data: { alg },
  });
}

/** A compact JWS with the signer's EdDSA key (RFC 7515, section 7.1; RFC 8037), `alg`, `kid` and `header` protected. */
export async function signCompact(
  signer: CredentialSigner,
  header: Readonly<Record<string, string>>,
  payload: Uint8Array,
): Promise<string> {
  const { kid } = signerKey(signer, 'EdDSA');
  const protectedHeader = utf8(JSON.stringify({ alg: 'EdDSA', kid, ...header }));
  const input = signingInput(protectedHeader, payload);
  return `${fromUtf8(input)}.${encodeBase64Url(await signBytes(signer, 'EdDSA', input))}`;
}
