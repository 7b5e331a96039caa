/**
 * Suites: the AEAD of message bodies. Every suite derives keys with SHA-512 and seals headers with AES-256-GCM-SIV. The
 * number of a suite stands in transcripts, associated data, publications and records.
 */
import type { AeadAlgorithm } from '@wotid/crypto';

/** The default: fastest where the processor has AES. */
export const SUITE_AES_256_GCM = 1 as const;
/** For who may restore old state: a key used twice shows equality of messages and nothing else (RFC 8452 section 9). */
export const SUITE_AES_256_GCM_SIV = 2 as const;
/** Constant-time by construction in software: for browsers and processors without AES. */
export const SUITE_CHACHA20_POLY1305 = 3 as const;

/** One of the three suites; the number is a name, not an order. */
export type Suite = typeof SUITE_AES_256_GCM | typeof SUITE_AES_256_GCM_SIV | typeof SUITE_CHACHA20_POLY1305;

/** All suites. */
export const SUITES: readonly Suite[] = [SUITE_AES_256_GCM, SUITE_AES_256_GCM_SIV, SUITE_CHACHA20_POLY1305];

/** The suite that is preferred where the user has not chosen otherwise. */
export const DEFAULT_SUITE: Suite = SUITE_AES_256_GCM;

const AEADS: Readonly<Record<Suite, AeadAlgorithm>> = {
  [SUITE_AES_256_GCM]: 'aes-256-gcm',
  [SUITE_AES_256_GCM_SIV]: 'aes-256-gcm-siv',
  [SUITE_CHACHA20_POLY1305]: 'chacha20-poly1305',
};

/** The AEAD of a suite's message bodies: key 32 bytes, nonce 12, tag 16. */
export function suiteAead(suite: Suite): AeadAlgorithm {
  return AEADS[suite];
}

/** True for the number of a suite. */
export function isSuite(suite: number): suite is Suite {
  return Object.hasOwn(AEADS, suite);
}
