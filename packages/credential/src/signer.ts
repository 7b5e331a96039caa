/**
 * The issuer's keys behind a port, so that they may live in a KMS or an HSM: signing is asynchronous and by key, and
 * nothing else about the keys is asked for.
 */
import { concatBytes, fromUtf8, utf8 } from '@wotid/core';
import type { CryptoProvider, SigningKey } from '@wotid/crypto';
import { encodeBase64Url } from './base64url.ts';
import { assertDid, isKeyOf } from './did.ts';
import { didJwkOf } from './did-jwk.ts';
import { CredentialError } from './errors.ts';
import {
  ed25519SignatureBytes,
  legAlgorithms,
  mlDsa87SignatureBytes,
  signingInput,
  type LegAlgorithm,
} from './wire.ts';

/** A key of an issuer, by what is public of it. */
export interface SignerKey {
  /** As JOSE writes it: `EdDSA` (RFC 8037, Ed25519) or `ML-DSA-87` (RFC 9964). */
  readonly alg: LegAlgorithm;
  /** DID URL of the key, under the signer's DID. */
  readonly kid: string;
  /** 32 or 2592 bytes. */
  readonly publicKey: Uint8Array;
}

/** What a signer tells of its past, when its keys have been rotated. */
export interface SignerHistory {
  /** Sets of keys that signed before and still count, newest first: they stay in the DID document. */
  readonly formerKeys: readonly (readonly SignerKey[])[];
  /** Number of the last key succession; 1 before the first one. */
  readonly succession: number;
  /**
   * The text of key succession `number`, from 2 on, as `issueKeySuccession` made it; `null` when there is none.
   */
  statement(number: number): Promise<string | null>;
}

/**
 * Signs for one issuer. It has one key an algorithm at a time; an issuer of plain JWTs alone needs no ML-DSA-87 key.
 * Implement it in front of a KMS or an HSM: `keys` says what is public, `sign` asks the machine.
 */
export interface CredentialSigner {
  readonly did: string;
  /** What new signatures are made with: one key an algorithm. A rotation changes it as a whole. */
  readonly keys: readonly SignerKey[];
  /** Absent where keys never change. */
  readonly history?: SignerHistory;
  /**
   * Brings `keys` and `history` up to date, where others can change them. Called before signing and before publishing.
   * @throws anything when it cannot; nothing is signed or published then
   */
  refresh?(): Promise<void>;
  /**
   * The signature over `bytes`: 64 bytes (Ed25519, RFC 8032) or 4627 bytes (ML-DSA-87, FIPS 204, no context). It may take
   * up to {@link signTimeoutMs}.
   * @param key one of `keys`, as it was a moment ago
   * @throws anything when the key cannot be used; nothing is issued then
   */
  sign(key: SignerKey, bytes: Uint8Array): Promise<Uint8Array>;
}

/** A machine that holds keys answers within milliseconds; a wallet waits less than 25 s for its credential. */
export const signTimeoutMs = 10_000;

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
    sign: async ({ alg }, bytes) => provider.sign(alg === 'EdDSA' ? ed25519 : mlDsa87, bytes),
  };
  assertSigner(signer);
  return signer;
}

/**
 * @throws CredentialError `BAD_DID` unless the signer's DID is one, all its keys are different ones of that DID, and each
 *   former set has both keys
 */
export function assertSigner({ did, keys, history }: CredentialSigner): void {
  assertDid(did);
  const all = [keys, ...(history?.formerKeys ?? [])].flat();
  const distinct = new Set(all.map(({ kid }) => kid)).size === all.length;
  if (!distinct || !all.every(({ kid }) => isKeyOf(did, kid))) {
    throw new CredentialError('BAD_DID', `the key ids of an issuer are different DID URLs of ${did}`);
  }
  const isWhole = (set: readonly SignerKey[]): boolean =>
    legAlgorithms.every((wanted) => set.some(({ alg }) => alg === wanted));
  if (history !== undefined && ![keys, ...history.formerKeys].every(isWhole)) {
    throw new CredentialError(
      'BAD_DID',
      'an issuer whose keys change has an EdDSA and an ML-DSA-87 key at all times',
    );
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
 * Signs bytes, bounded in time, and does not believe the signer blindly.
 * @throws CredentialError `NO_SIGNING_KEY` when what the signer returns has not the length of a signature,
 *   `SIGNER_FAILED` when it throws or does not answer within {@link signTimeoutMs}
 */
export async function signBytes(
  signer: CredentialSigner,
  key: SignerKey,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const { alg } = key;
  const signature = await inTime(alg, () => signer.sign(key, bytes));
  const expected = alg === 'EdDSA' ? ed25519SignatureBytes : mlDsa87SignatureBytes;
  if (signature.length === expected) return signature;
  throw new CredentialError('NO_SIGNING_KEY', `the signer gave ${signature.length} bytes for ${alg}`, {
    hint: `A signature of ${alg} has ${expected} bytes.`,
    data: { alg },
  });
}

/** No signing input of a JWS begins so: those are base64url. */
const checkPrefix = utf8('wot.id/v1/signer-check\0');

/**
 * Has each key sign something random, and compares with its public key: a machine whose keys are others than those that
 * it is said to have would issue credentials that nobody believes.
 * @throws CredentialError `NO_SIGNING_KEY` when a signature does not verify, `SIGNER_FAILED` when there is none
 */
export async function checkSigner(provider: CryptoProvider, signer: CredentialSigner): Promise<void> {
  await signer.refresh?.();
  for (const key of signer.keys) {
    const bytes = concatBytes(checkPrefix, provider.random.bytes(32));
    const signature = await signBytes(signer, key, bytes);
    using publicKey = provider.importVerifyingKey(
      key.alg === 'EdDSA' ? 'ed25519' : 'ml-dsa-87',
      key.publicKey,
    );
    if (provider.verify(publicKey, bytes, signature)) continue;
    throw new CredentialError('NO_SIGNING_KEY', `the signer’s ${key.alg} key is another one than it says`, {
      hint: `See that the public key of ${key.kid} is that of the key that signs.`,
      data: { alg: key.alg },
    });
  }
}

async function inTime(alg: LegAlgorithm, sign: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new RangeError(`no answer within ${signTimeoutMs} ms`)),
    signTimeoutMs,
  );
  try {
    return await Promise.race([sign(), late.promise]);
  } catch (cause) {
    throw new CredentialError('SIGNER_FAILED', `the issuer’s ${alg} key cannot be used now`, {
      hint: 'Nothing was issued. See that the machine with the keys is reachable, and try again.',
      data: { alg },
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** A compact JWS with the signer's EdDSA key (RFC 7515, section 7.1; RFC 8037), `alg`, `kid` and `header` protected. */
export async function signCompact(
  signer: CredentialSigner,
  header: Readonly<Record<string, string>>,
  payload: Uint8Array,
): Promise<string> {
  const key = signerKey(signer, 'EdDSA');
  const protectedHeader = utf8(JSON.stringify({ alg: 'EdDSA', kid: key.kid, ...header }));
  const input = signingInput(protectedHeader, payload);
  return `${fromUtf8(input)}.${encodeBase64Url(await signBytes(signer, key, input))}`;
}
