/** The security policy of a home: which levels, suites and signatures its agent offers and accepts. */
import type { IdentityBlock } from '@wotid/crypto';
import {
  assertSecurityPolicy,
  defaultSecurityPolicy,
  isSecurityLevel,
  isSuite,
  levelFacts,
  type SecurityLevel,
  type SecurityPolicy,
  type Suite,
} from '@wotid/session';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import { settingNames } from './network-profile.ts';

/** The policy as a user sees it. */
export interface SecurityFacts {
  /** The weakest level that is used or accepted, 1 to 3, and its name. */
  readonly minLevel: SecurityLevel;
  readonly minLevelName: string;
  /** The strongest level that is offered. */
  readonly maxLevel: SecurityLevel;
  readonly maxLevelName: string;
  /** Accepted suites, the preferred one first. */
  readonly suites: readonly Suite[];
  /** Falcon-1024 counts in the mailbox, where both have a key for it. */
  readonly falcon: boolean;
}

/**
 * The policy of a home. Where nothing was set: level 3 alone, every suite, and Falcon for those who have a key for it, as
 * they have asked for the key, and others may sign with theirs already.
 * @param block our own
 * @throws SessionError `BAD_POLICY`
 */
export function loadSecurityPolicy(home: Home, block: Pick<IdentityBlock, 'falcon1024'>): SecurityPolicy {
  const { settings } = home;
  const minLevel = settings.get(settingNames.minLevel);
  const maxLevel = settings.get(settingNames.maxLevel);
  const suites = settings.get(settingNames.suites);
  const falcon = settings.get(settingNames.falcon);
  const policy = {
    minLevel: (minLevel === undefined ? defaultSecurityPolicy.minLevel : Number(minLevel)) as SecurityLevel,
    maxLevel: (maxLevel === undefined ? defaultSecurityPolicy.maxLevel : Number(maxLevel)) as SecurityLevel,
    suites: suites === undefined ? defaultSecurityPolicy.suites : (suites.split(',').map(Number) as Suite[]),
    falcon: falcon === undefined ? hasFalcon(block) : falcon === 'on',
  };
  assertSecurityPolicy(policy);
  return policy;
}

/** @throws SessionError `BAD_POLICY`; nothing has changed then */
export function saveSecurityPolicy(home: Home, policy: SecurityPolicy): void {
  assertSecurityPolicy(policy);
  home.settings.set({
    [settingNames.minLevel]: String(policy.minLevel),
    [settingNames.maxLevel]: String(policy.maxLevel),
    [settingNames.suites]: policy.suites.join(),
    [settingNames.falcon]: policy.falcon ? 'on' : 'off',
  });
}

export function securityFacts({ minLevel, maxLevel, suites, falcon }: SecurityPolicy): SecurityFacts {
  const [minLevelName, maxLevelName] = [levelFacts(minLevel).name, levelFacts(maxLevel).name];
  return { minLevel, minLevelName, maxLevel, maxLevelName, suites, falcon };
}

/** Fields of a policy from outside; what is left out stays. */
export interface SecurityChanges {
  readonly minLevel?: unknown;
  readonly maxLevel?: unknown;
  readonly suites?: unknown;
  readonly falcon?: unknown;
}

/**
 * A policy with some fields from outside.
 * @param block our own: Falcon needs a key in it
 * @throws AgentError `BAD_REQUEST`
 */
export function changedPolicy(
  policy: SecurityPolicy,
  changes: SecurityChanges,
  block: Pick<IdentityBlock, 'falcon1024'>,
): SecurityPolicy {
  const { minLevel, maxLevel, suites, falcon } = changes;
  return {
    minLevel: minLevel === undefined ? policy.minLevel : levelOf(minLevel),
    maxLevel: maxLevel === undefined ? policy.maxLevel : levelOf(maxLevel),
    suites: suites === undefined ? policy.suites : suitesOf(suites),
    falcon: falcon === undefined ? policy.falcon : falconOf(falcon, block),
  };
}

/** A level from outside. @throws AgentError `BAD_REQUEST` */
export function levelOf(value: unknown): SecurityLevel {
  if (typeof value === 'number' && isSecurityLevel(value)) return value;
  throw new AgentError('BAD_REQUEST', `${String(value)} is no security level`, {
    hint: 'It is 1 (STANDARD), 2 (ENHANCED) or 3 (QUANTUM_RESISTANT).',
  });
}

/** @throws AgentError `BAD_REQUEST` */
function falconOf(value: unknown, block: Pick<IdentityBlock, 'falcon1024'>): boolean {
  if (typeof value !== 'boolean') throw new AgentError('BAD_REQUEST', 'Falcon is on or off: true or false');
  if (!value || hasFalcon(block)) return value;
  throw new AgentError('BAD_REQUEST', 'you have no Falcon key', {
    hint: 'Only an identity that was made with one (wotid init --falcon) can use it.',
  });
}

function hasFalcon({ falcon1024 }: Pick<IdentityBlock, 'falcon1024'>): boolean {
  return (falcon1024 ?? null) !== null;
}

/** Suites from outside, the preferred one first. @throws AgentError `BAD_REQUEST` */
function suitesOf(value: unknown): Suite[] {
  if (Array.isArray(value) && value.every((one): one is Suite => typeof one === 'number' && isSuite(one))) {
    return value;
  }
  throw new AgentError('BAD_REQUEST', 'suites are numbers from 1 to 3', {
    hint: '1 AES-256-GCM, 2 AES-256-GCM-SIV, 3 ChaCha20-Poly1305; the preferred one first.',
  });
}
