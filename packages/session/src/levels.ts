/**
 * Security levels. The number of a level stands in transcripts, associated data, publications and records, so that
 * keys of one level are never used at another. A level is never lowered silently.
 */

/** X3DH, then two symmetric chains that no Diffie-Hellman renews; Ed25519 signatures. */
export const LEVEL_STANDARD = 1 as const;
/** X3DH, then the Double Ratchet; Ed25519 signatures. */
export const LEVEL_ENHANCED = 2 as const;
/** PQXDH, then the Double Ratchet and post-quantum epochs; hybrid signatures. The default, and the default minimum. */
export const LEVEL_QUANTUM_RESISTANT = 3 as const;

/** One of the three levels; a higher number is a stronger one. */
export type SecurityLevel = typeof LEVEL_STANDARD | typeof LEVEL_ENHANCED | typeof LEVEL_QUANTUM_RESISTANT;

/** All levels, weakest first. */
export const SECURITY_LEVELS: readonly SecurityLevel[] = [
  LEVEL_STANDARD,
  LEVEL_ENHANCED,
  LEVEL_QUANTUM_RESISTANT,
];

/** The level that is offered, and the lowest that is accepted, where the user has not chosen otherwise. */
export const DEFAULT_LEVEL: SecurityLevel = LEVEL_QUANTUM_RESISTANT;

/** What a level turns on. */
export interface LevelFacts {
  readonly level: SecurityLevel;
  readonly name: 'STANDARD' | 'ENHANCED' | 'QUANTUM_RESISTANT';
  /** PQXDH instead of X3DH, post-quantum chains in the ratchet, and post-quantum halves in signatures. */
  readonly isPostQuantum: boolean;
  /** A Diffie-Hellman step in every round trip. */
  readonly hasDhRatchet: boolean;
}

const FACTS: Readonly<Record<SecurityLevel, LevelFacts>> = {
  [LEVEL_STANDARD]: { level: LEVEL_STANDARD, name: 'STANDARD', isPostQuantum: false, hasDhRatchet: false },
  [LEVEL_ENHANCED]: { level: LEVEL_ENHANCED, name: 'ENHANCED', isPostQuantum: false, hasDhRatchet: true },
  [LEVEL_QUANTUM_RESISTANT]: {
    level: LEVEL_QUANTUM_RESISTANT,
    name: 'QUANTUM_RESISTANT',
    isPostQuantum: true,
    hasDhRatchet: true,
  },
};

/** What a level turns on. */
export function levelFacts(level: SecurityLevel): LevelFacts {
  return FACTS[level];
}

/** True for the number of a level. */
export function isSecurityLevel(level: number): level is SecurityLevel {
  return Object.hasOwn(FACTS, level);
}
