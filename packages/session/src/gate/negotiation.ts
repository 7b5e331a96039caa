/** Levels and suites at the gate: what we offer, and what both ends agree on. */
import { isSecurityLevel, type SecurityLevel } from '../levels.ts';
import {
  bitOf,
  commonLevel,
  commonSuite,
  levelBitmap,
  suiteBitmap,
  type SecurityPolicy,
} from '../security-policy.ts';
import { isSuite, type Suite } from '../suites.ts';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import type { HelloM1, HelloM2 } from './messages.ts';
import { GATE_VERSION } from './limits.ts';

/** What a gate runs at. */
export interface GateChoice {
  readonly level: SecurityLevel;
  readonly suite: Suite;
}

/** The first fields of M1. */
export function offerOf(policy: SecurityPolicy): Pick<HelloM1, 'version' | 'levels' | 'minLevel' | 'suites'> {
  return {
    version: GATE_VERSION,
    levels: levelBitmap(policy),
    minLevel: policy.minLevel,
    suites: suiteBitmap(policy.suites),
  };
}

/**
 * The responder's choice: the highest common level that both minima allow, and the first of its suites that is offered.
 * @throws GateRefusal `LEVEL`, `SUITE`
 */
export function choose(policy: SecurityPolicy, offer: HelloM1): GateChoice {
  const level = commonLevel(policy, offer);
  if (level === null) {
    throw new GateRefusal(
      gateCodes.LEVEL,
      `no common level: offered ${offer.levels}, at least ${offer.minLevel}`,
    );
  }
  const suite = commonSuite(policy, offer.suites);
  if (suite === null) throw new GateRefusal(gateCodes.SUITE, `no common suite: offered ${offer.suites}`);
  return { level, suite };
}

/** The initiator's own look at the responder's choice. @throws GateRefusal `LEVEL`, `SUITE` */
export function checkChoice(policy: SecurityPolicy, { level, suite }: HelloM2): GateChoice {
  if (!isSecurityLevel(level) || (levelBitmap(policy) & bitOf(level)) === 0) {
    throw new GateRefusal(gateCodes.LEVEL, `the peer chose level ${level}, which we did not offer`);
  }
  if (!isSuite(suite) || !policy.suites.includes(suite)) {
    throw new GateRefusal(gateCodes.SUITE, `the peer chose suite ${suite}, which we did not offer`);
  }
  return { level, suite };
}

/** The version byte comes before the rest: another version may have another layout. @throws GateRefusal `VERSION` */
export function assertVersion(frame: Uint8Array): void {
  if (frame.length > 1 && frame[1] !== GATE_VERSION) {
    throw new GateRefusal(gateCodes.VERSION, `the peer speaks version ${frame[1]}`);
  }
}
