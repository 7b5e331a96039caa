/**
 * Which levels and suites an agent offers and accepts, at the gate and offline. A handshake gets the highest level that
 * both offer, never one below either minimum; a suite is the first one of whoever chooses that the other speaks.
 */
import { SessionError } from './errors.ts';
import { DEFAULT_LEVEL, isSecurityLevel, SECURITY_LEVELS, type SecurityLevel } from './levels.ts';
import { isSuite, SUITES, type Suite } from './suites.ts';

/** Levels and suites of one agent. */
export interface SecurityPolicy {
  /**
   * Nothing weaker is used or accepted. Below 3, somebody who has a quantum computer today can force two agents down to
   * the lowest level that both accept, and pose as either of them there.
   */
  readonly minLevel: SecurityLevel;
  /** The strongest level that is offered; lower than 3 only for devices that cannot afford it. */
  readonly maxLevel: SecurityLevel;
  /** Accepted suites, the preferred one first; not empty. */
  readonly suites: readonly Suite[];
  /**
   * Falcon-1024 counts as the post-quantum half of signatures in the mailbox, ours and those of others, where both
   * identities have a key for it. False by default, since it is not FIPS 206 and not computed in constant time: somebody
   * who knows that has to choose it. Online it never counts.
   */
  readonly falcon: boolean;
}

/** Level 3 alone; every suite, AES-256-GCM preferred; no Falcon. */
export const defaultSecurityPolicy: SecurityPolicy = {
  minLevel: DEFAULT_LEVEL,
  maxLevel: DEFAULT_LEVEL,
  suites: SUITES,
  falcon: false,
};

/** Bit of a level, suite or algorithm by its number, 1 to 8, in a bitmap of one byte. */
export function bitOf(number: number): number {
  return 1 << (number - 1);
}

/** Bitmap of the levels from minimum to maximum. */
export function levelBitmap({ minLevel, maxLevel }: Pick<SecurityPolicy, 'minLevel' | 'maxLevel'>): number {
  return SECURITY_LEVELS.filter((level) => level >= minLevel && level <= maxLevel).reduce(
    (bitmap: number, level) => bitmap | bitOf(level),
    0,
  );
}

/** Bitmap of suites. */
export function suiteBitmap(suites: readonly Suite[]): number {
  return suites.reduce((bitmap: number, suite) => bitmap | bitOf(suite), 0);
}

/** The highest level of ours in their bitmap that neither minimum forbids; `null` when there is none. */
export function commonLevel(
  ours: SecurityPolicy,
  theirs: { readonly levels: number; readonly minLevel: number },
): SecurityLevel | null {
  const floor = Math.max(ours.minLevel, theirs.minLevel);
  const common = SECURITY_LEVELS.filter(
    (level) => level >= floor && level <= ours.maxLevel && (theirs.levels & bitOf(level)) !== 0,
  );
  return common.at(-1) ?? null;
}

/** The first of our suites in their bitmap; `null` when there is none. */
export function commonSuite(ours: SecurityPolicy, theirs: number): Suite | null {
  return ours.suites.find((suite) => (theirs & bitOf(suite)) !== 0) ?? null;
}

/** The policy with a higher minimum, for a peer with whom a higher level was reached before. */
export function atLeast(policy: SecurityPolicy, level: SecurityLevel): SecurityPolicy {
  return level > policy.minLevel ? { ...policy, minLevel: level } : policy;
}

/** @throws SessionError `BAD_POLICY` for unknown levels or suites, a minimum above the maximum, or no suite */
export function assertSecurityPolicy(policy: SecurityPolicy): void {
  const { minLevel, maxLevel, suites, falcon } = policy;
  const isGood =
    typeof falcon === 'boolean' &&
    isSecurityLevel(minLevel) &&
    isSecurityLevel(maxLevel) &&
    minLevel <= maxLevel &&
    suites.length > 0 &&
    suites.every(isSuite) &&
    new Set(suites).size === suites.length;
  if (isGood) return;
  throw new SessionError(
    'BAD_POLICY',
    'the security policy names levels or suites that do not exist or fit',
    {
      hint: 'levels are 1 to 3 with the minimum at most the maximum, suites 1 to 3 without repetition',
      data: { minLevel, maxLevel, suites: [...suites] },
    },
  );
}

/**
 * The check of a level and suite that a peer has chosen.
 * @throws SessionError `UNSUPPORTED` for unknown or not accepted ones, `LEVEL_REFUSED` below our minimum
 */
export function assertAccepted(
  policy: SecurityPolicy,
  level: number,
  suite: number,
): { readonly level: SecurityLevel; readonly suite: Suite } {
  if (!isSecurityLevel(level) || !isSuite(suite)) {
    throw new SessionError('UNSUPPORTED', `level ${level} with suite ${suite} is unknown`, {
      hint: 'one of the two agents needs an update',
      data: { level, suite },
    });
  }
  if (!policy.suites.includes(suite)) {
    throw new SessionError('UNSUPPORTED', `suite ${suite} is not accepted here`, {
      hint: 'allow it in the security policy, or ask the sender to use another one',
      data: { level, suite },
    });
  }
  if (level < policy.minLevel) throw levelRefused(level, policy.minLevel);
  return { level, suite };
}

/** A level below the minimum, or below the one reached with this peer before. */
export function levelRefused(level: number, minLevel: number): SessionError {
  return new SessionError(
    'LEVEL_REFUSED',
    `level ${level} is below the least that is accepted, ${minLevel}`,
    {
      hint: 'ask the peer to raise their level; lower yours only if you know why it is lower than before',
      data: { level, minLevel },
    },
  );
}
