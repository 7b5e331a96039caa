/** Which of an issuer's pinned sets of keys has signed: the present one, or one from before a rotation. */
import type { CryptoProvider } from '@wotid/crypto';
import type { TrustedIssuer } from './trusted-issuer.ts';
import type { LegAlgorithm } from './wire.ts';

/** A signature by one of an issuer's keys. */
export interface LegSignature {
  readonly alg: LegAlgorithm;
  /** What was signed. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Finds the pinned set of keys whose Ed25519 key made the first signature, and checks the second one, if there is one,
 * with the ML-DSA-87 key of the same set: who has broken one key of each of two sets has nothing. At most
 * `maxFormerKeySets` + 1 Ed25519 verifications and one of ML-DSA-87, whatever a stranger sends.
 * @param signatures EdDSA first, ML-DSA-87 second or absent
 * @returns the algorithm that no pinned key has signed with, or `null`
 */
export function failedLeg(
  provider: CryptoProvider,
  issuer: TrustedIssuer,
  signatures: readonly LegSignature[],
): LegAlgorithm | null {
  const [eddsa, mlDsa87] = signatures;
  const signed = [issuer, ...issuer.formerKeys].find(
    ({ ed25519 }) => eddsa !== undefined && verifies(provider, 'ed25519', ed25519, eddsa),
  );
  if (signed === undefined) return 'EdDSA';
  const isWhole = mlDsa87 === undefined || verifies(provider, 'ml-dsa-87', signed.mlDsa87, mlDsa87);
  return isWhole ? null : 'ML-DSA-87';
}

function verifies(
  provider: CryptoProvider,
  algorithm: 'ed25519' | 'ml-dsa-87',
  publicKey: Uint8Array | null,
  { input, signature }: LegSignature,
): boolean {
  if (publicKey === null) return false;
  try {
    using key = provider.importVerifyingKey(algorithm, publicKey);
    return provider.verify(key, input, signature);
  } catch {
    // A pinned key of the right length that is no key: nothing verifies with it.
    return false;
  }
}
