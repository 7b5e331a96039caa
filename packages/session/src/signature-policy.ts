/**
 * Which signature algorithms count in a handshake. The first of a list is what we sign with, all of them are what we
 * accept; both ends come to the same list. Below level 3 it is Ed25519 alone and nothing else, so that every step has one
 * form. Prekey publications and cards, which live long and serve all levels, are always signed with Ed25519 + ML-DSA-87.
 */
import { hybridAlgorithm, type HybridAlgorithm, type IdentityBlock } from '@wotid/crypto';
import { levelFacts, type SecurityLevel } from './levels.ts';
import type { SecurityPolicy } from './security-policy.ts';

/** Preferred first; never empty. */
export type AlgorithmList = readonly [HybridAlgorithm, ...HybridAlgorithm[]];

const CLASSICAL: AlgorithmList = [hybridAlgorithm.ed25519];
const POST_QUANTUM: AlgorithmList = [hybridAlgorithm.ed25519MlDsa87];
const POST_QUANTUM_SHORT: AlgorithmList = [hybridAlgorithm.ed25519Falcon1024, hybridAlgorithm.ed25519MlDsa87];

/** Where both are present and bytes are cheap. */
export function onlineAlgorithms(level: SecurityLevel): AlgorithmList {
  return levelFacts(level).isPostQuantum ? POST_QUANTUM : CLASSICAL;
}

/**
 * On chain, where every byte is a deposit: with Falcon-1024 too when our policy says so and both identities have a key for
 * it. To have one is its owner's choice, and says that they take such signatures.
 */
export function mailboxAlgorithms(
  level: SecurityLevel,
  { falcon }: Pick<SecurityPolicy, 'falcon'>,
  ours: Pick<IdentityBlock, 'falcon1024'>,
  theirs: Pick<IdentityBlock, 'falcon1024'>,
): AlgorithmList {
  const haveFalcon = (ours.falcon1024 ?? null) !== null && (theirs.falcon1024 ?? null) !== null;
  return levelFacts(level).isPostQuantum && falcon && haveFalcon
    ? POST_QUANTUM_SHORT
    : onlineAlgorithms(level);
}
