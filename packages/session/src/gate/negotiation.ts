/** Levels and suites: what we speak, and what both ends agree on. */
import { LEVEL_QUANTUM_RESISTANT } from '../levels.ts';
import { SUITE_AES_256_GCM } from '../suites.ts';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import type { HelloM1, HelloM2 } from './messages.ts';
import { GATE_VERSION } from './limits.ts';

/** Bit of level or suite `number` in a bitmap. */
export function bitOf(number: number): number {
  return 1 << (number - 1);
}

/** What we offer and accept. Lower levels are refused until a policy can allow them. */
export const ourOffer: Pick<HelloM1, 'version' | 'levels' | 'minLevel' | 'suites'> = {
  version: GATE_VERSION,
  levels: bitOf(LEVEL_QUANTUM_RESISTANT),
  minLevel: LEVEL_QUANTUM_RESISTANT,
  suites: bitOf(SUITE_AES_256_GCM),
};

/** The highest common level that both minima allow, and the common suite. @throws GateRefusal `LEVEL`, `SUITE` */
export function choose(offer: HelloM1): { readonly level: number; readonly suite: number } {
  const levels = offer.levels & ourOffer.levels;
  const level = highestBit(levels);
  if (level < Math.max(offer.minLevel, ourOffer.minLevel)) {
    throw new GateRefusal(
      gateCodes.LEVEL,
      `no common level: offered ${offer.levels}, at least ${offer.minLevel}`,
    );
  }
  const suite = highestBit(offer.suites & ourOffer.suites);
  if (suite === 0) throw new GateRefusal(gateCodes.SUITE, `no common suite: offered ${offer.suites}`);
  return { level, suite };
}

/** The initiator's own look at the responder's choice. @throws GateRefusal `LEVEL`, `SUITE` */
export function assertChoice(choice: HelloM2): void {
  if (choice.level < ourOffer.minLevel || !isOffered(choice.level, ourOffer.levels)) {
    throw new GateRefusal(gateCodes.LEVEL, `the peer chose level ${choice.level}, which we did not offer`);
  }
  if (!isOffered(choice.suite, ourOffer.suites)) {
    throw new GateRefusal(gateCodes.SUITE, `the peer chose suite ${choice.suite}, which we did not offer`);
  }
}

/** The version byte comes before the rest: another version may have another layout. @throws GateRefusal `VERSION` */
export function assertVersion(frame: Uint8Array): void {
  if (frame.length > 1 && frame[1] !== GATE_VERSION) {
    throw new GateRefusal(gateCodes.VERSION, `the peer speaks version ${frame[1]}`);
  }
}

function highestBit(bitmap: number): number {
  return 32 - Math.clz32(bitmap);
}

function isOffered(number: number, bitmap: number): boolean {
  return number >= 1 && number <= 8 && (bitmap & bitOf(number)) !== 0;
}
