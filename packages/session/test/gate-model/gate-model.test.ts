/** Agreement and secrecy of the gate in every reachable state of two honest runs and an attacker. */
import { describe, expect, it } from 'vitest';
import type { Flaw, Role } from './machines.ts';
import { search } from './search.ts';

const initiator = (name: string, who: string, ours: string, theirs: string, expected?: string): Role => ({
  name,
  isInitiator: true,
  who,
  ours,
  theirs,
  ...(expected === undefined ? {} : { expected }),
});
const responder = (name: string, who: string, ours: string, theirs: string): Role => ({
  name,
  isInitiator: false,
  who,
  ours,
  theirs,
});

const scenarios = {
  'Alice dials Bob': [initiator('A1', 'alice', 'pA', 'pB', 'bob'), responder('B1', 'bob', 'pB', 'pA')],
  'Alice dials the attacker, who dials Bob': [
    initiator('A2', 'alice', 'pA', 'pM'),
    responder('B2', 'bob', 'pB', 'pM'),
  ],
  'Alice dials Bob and the attacker, who both dial Bob': [
    initiator('A1', 'alice', 'pA', 'pB', 'bob'),
    initiator('A2', 'alice', 'pA', 'pM'),
    responder('B1', 'bob', 'pB', 'pA'),
    responder('B2', 'bob', 'pB', 'pM'),
  ],
  'Alice and Carol dial Bob': [
    initiator('A1', 'alice', 'pA', 'pB'),
    initiator('C1', 'carol', 'pC', 'pB'),
    responder('B1', 'bob', 'pB', 'pA'),
    responder('B2', 'bob', 'pB', 'pC'),
  ],
  'Alice and Bob dial each other': [
    initiator('A1', 'alice', 'pA', 'pB'),
    responder('B1', 'bob', 'pB', 'pA'),
    initiator('B2', 'bob', 'pB', 'pA'),
    responder('A2', 'alice', 'pA', 'pB'),
  ],
} satisfies Readonly<Record<string, readonly Role[]>>;
const main = scenarios['Alice dials Bob and the attacker, who both dial Bob'];
const { 'Alice dials Bob': pair, 'Alice dials the attacker, who dials Bob': relay } = scenarios;
/** The same ends with something in common. */
const each = (roles: readonly Role[], changes: Partial<Role>): Role[] =>
  roles.map((role) => ({ ...role, ...changes }));
/** Whoever expects Bob knows what Bob has published. */
const toPrekey = (roles: readonly Role[]): Role[] =>
  roles.map((role) => (role.expected === 'bob' ? { ...role, prekeyOf: 'bob' } : role));

describe('the gate', () => {
  describe.each(Object.entries(scenarios))('%s', (_, roles) => {
    it.each([false, true])('keeps agreement and secrecy; the attacker has a credential: %s', (isInsider) => {
      const found = search({ roles, isInsider });
      expect([...found.violations]).toEqual([]);
      expect(found.states).toBeGreaterThan(roles.length === 2 ? 25 : 300);
      if (!roles.some(({ theirs }) => theirs === 'pM')) expect(found.completed).toBeGreaterThan(0);
    });
  });
});

describe('a gate to a published prekey', () => {
  it.each([
    ['Alice dials Bob', pair],
    ['Alice dials Bob and the attacker, who both dial Bob', main],
  ] as const)('%s: nobody else can read what the initiator shows', (_, roles) => {
    for (const isInsider of [false, true]) {
      const found = search({ roles: toPrekey(roles), isInsider });
      expect([...found.violations]).toEqual([]);
    }
    expect(search({ roles: toPrekey(pair), isInsider: true }).completed).toBeGreaterThan(0);
  });
});

/** What each end is ready to use decides; the attacker forges what is classical. */
describe('an attacker with a quantum computer', () => {
  it.each([
    ['whose victims use level 3 alone', { levels: '3' }],
    ['whose victims accept level 2 and have met at level 3', { reached: '3' }],
  ] as const)('%s: keeps agreement and secrecy', (_, changes) => {
    for (const roles of [pair, relay, main]) {
      for (const isInsider of [false, true]) {
        const found = search({ roles: each(roles, changes), isInsider, isQuantum: true });
        expect([...found.violations]).toEqual([]);
      }
    }
    expect(
      search({ roles: each(pair, changes), isInsider: true, isQuantum: true }).completed,
    ).toBeGreaterThan(0);
  });

  it('poses as whom it has read, at the lowest level that its victims accept', () => {
    const { violations } = search({ roles: main, isInsider: true, isQuantum: true });
    const found = [...violations].join('\n');
    expect(found).toMatch(/the attacker has the keys/);
    expect(found).toMatch(/lower level/);
  });
});

/** Without the protection the search finds the attack that it is there for. */
describe('a gate without one protection', () => {
  it.each<readonly [Flaw, boolean, RegExp]>([
    ['no PeerIds in th2', false, /who does not agree/],
    ['no transcript in signatures', false, /the attacker has the keys/],
    ['levels outside of th2', false, /lower level|does not agree/],
    ['M4 before the verdict', false, /shown to an attacker/],
    ['credential not bound to the block', false, /without a credential/],
    ['no signature in M4', true, /the attacker has the keys/],
    ['no prekey in the keys', false, /is read by an attacker/],
  ])('%s', (flaw, isInsider, expected) => {
    const { violations } = search({ roles: toPrekey(main), isInsider, flaw }, { isFirstEnough: true });
    expect([...violations].join('\n')).toMatch(expected);
  });
});
