/** Levels and suites of handshakes: what each is made of, that both ends agree, and that none is lowered. */
import { IdentityKeys, NobleProvider, type CryptoProvider } from '@wotid/crypto';
import {
  assertSecurityPolicy,
  defaultSecurityPolicy,
  oneTimePairs,
  publicPartBytes,
  rekeyNeed,
  SECURITY_LEVELS,
  splitInit,
  SUITES,
  type SecurityLevel,
  type SecurityPolicy,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { mailboxAlgorithms, onlineAlgorithms } from '../src/signature-policy.ts';
import { accept, codeOf, exchange, init, native, person, startMs, verified } from './people.ts';

const portable = new NobleProvider();
/** Accepts everything; offers up to `maxLevel`. */
const upTo = (maxLevel: SecurityLevel, changes: Partial<SecurityPolicy> = {}): SecurityPolicy => ({
  ...defaultSecurityPolicy,
  minLevel: 1,
  maxLevel,
  ...changes,
});
const open = { policy: upTo(3) };
const alice = person('alice');
/** Takes messages of every level. */
const bob = person('bob', native, { oneTimePairs: 4, policy: upTo(3) });
const pair = oneTimePairs(native, bob.prekeys)?.pairs[0]?.bytes as Uint8Array;

describe('a first message', () => {
  const combinations = SECURITY_LEVELS.flatMap((level) =>
    SUITES.flatMap((suite) =>
      [true, false].map((isOneTime) => [level, suite, isOneTime ? 'a one-time pair' : 'no pair'] as const),
    ),
  );

  it.each(combinations)('at level %d with suite %d and %s is read at that level', (level, suite, keys) => {
    const isOneTime = keys === 'a one-time pair';
    const { session, envelope } = init(alice, bob, 'hello', {
      policy: upTo(level, { suites: [suite] }),
      ...(isOneTime ? { oneTimePair: pair } : {}),
    });
    const parts = splitInit(envelope);
    expect(parts?.publicBytes.length).toBe(level === 3 ? 1_617 : 49);
    expect(parts?.publicPart).toMatchObject({ level, suite });
    expect(parts?.publicPart.kemId === 0).toBe(level !== 3);
    expect(parts?.publicPart.opkId === 0).toBe(!isOneTime);
    const accepted = accept(bob, envelope, open);
    expect([accepted.session.level, accepted.session.suite]).toEqual([level, suite]);
    expect([session.level, session.suite]).toEqual([level, suite]);
    expect(accepted.session.sid).toEqual(session.sid);
    const reply = exchange(
      { who: bob, session: accepted.session },
      { who: alice, session },
      'there and back',
    );
    expect(reply.text).toBe('there and back');
    // To the last-resort key the first reply has to offer a post-quantum key.
    for (const one of [accepted.session, session]) expect(one.isLastResort).toBe(!isOneTime);
    const { due } = rekeyNeed(accepted.session, 'mailbox', startMs);
    expect(due).toBe(level === 3 && !isOneTime ? 'epoch' : 'nothing');
    const left = oneTimePairs(native, accepted.prekeys)?.pairs.length;
    expect(left).toBe(isOneTime ? 3 : 4);
  });

  it.each(SECURITY_LEVELS)('at level %d hides its sender and agrees between providers', (level) => {
    const carol = person('carol', portable, { policy: upTo(3) });
    for (const [from, to] of [
      [alice, carol],
      [carol, bob],
    ] as const) {
      const { session, envelope } = init(from, to, 'hello', { policy: upTo(level) });
      expect(envelope.toHex()).not.toContain(from.own.idFp.toHex());
      expect(envelope.toHex()).not.toContain(new TextEncoder().encode(from.own.block.did).toHex());
      expect(accept(to, envelope, open).session.sid).toEqual(session.sid);
    }
  });

  it('is as short as its level allows', () => {
    const sizes = SECURITY_LEVELS.map(
      (level) => init(alice, bob, 'hello', { policy: upTo(level) }).envelope.length,
    );
    const signatureOff = 18 * 256;
    expect(sizes).toEqual([sizes[0], sizes[0], (sizes[0] as number) + 1_568 + signatureOff]);
    expect(publicPartBytes(2)).toBe(49);
  });
});

describe('a level below the minimum', () => {
  it('is neither offered nor accepted', () => {
    const strict = person('dave');
    // Dave's publication says 3; Alice can do no more than 2.
    expect(codeOf(() => init(alice, strict, 'x', { policy: upTo(2) }))).toBe('LEVEL_REFUSED');
    // Bob takes level 1, Alice does not.
    const onlyHigh = { ...defaultSecurityPolicy, minLevel: 2, maxLevel: 2 } as const;
    expect(init(alice, bob, 'x', { policy: onlyHigh }).session.level).toBe(2);
    for (const level of [1, 2] as const) {
      const { envelope } = init(alice, bob, 'x', { policy: upTo(level) });
      expect(codeOf(() => accept(bob, envelope))).toBe('LEVEL_REFUSED');
      expect(codeOf(() => accept(bob, envelope, open))).toBe('none');
    }
  });

  it('cannot be written over the one that was chosen', () => {
    for (const [from, to] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const { envelope } = init(alice, bob, 'x', { policy: upTo(from) });
      const edited = envelope.slice();
      edited[2] = to;
      expect(codeOf(() => accept(bob, edited, open))).toBe('INIT_REJECTED');
    }
    const { envelope } = init(alice, bob, 'x', { policy: upTo(3) });
    const parts = splitInit(envelope);
    // Level 3 cut down to the layout of level 2.
    const cut = Uint8Array.from([
      ...envelope.subarray(0, 2),
      2,
      ...envelope.subarray(3, 11),
      0,
      0,
      0,
      0,
      ...envelope.subarray(15, 47),
      ...envelope.subarray(1_615),
    ]);
    expect(splitInit(cut)?.sealed).toEqual(parts?.sealed);
    expect(codeOf(() => accept(bob, cut, open))).toBe('INIT_REJECTED');
    const otherSuite = envelope.slice();
    otherSuite[1] = 2;
    expect(codeOf(() => accept(bob, otherSuite, open))).toBe('INIT_REJECTED');
  });

  it('is refused when a higher one was reached with this peer before', () => {
    const { envelope } = init(alice, bob, 'x', { policy: upTo(2) });
    const reached = (level: SecurityLevel | null) => ({ ...open, reachedLevel: () => level });
    expect(codeOf(() => accept(bob, envelope, reached(3)))).toBe('LEVEL_REFUSED');
    expect(codeOf(() => accept(bob, envelope, reached(2)))).toBe('none');
    expect(codeOf(() => accept(bob, envelope, reached(null)))).toBe('none');
    expect(codeOf(() => init(alice, bob, 'x', { policy: upTo(2), reachedLevel: 3 }))).toBe('LEVEL_REFUSED');
    expect(init(alice, bob, 'x', { policy: upTo(3), reachedLevel: 3 }).session.level).toBe(3);
    // Who names somebody else's DID does not get as far: the identity is proven first.
    const asked: string[] = [];
    const watch = (did: string): null => {
      asked.push(did);
      return null;
    };
    const garbage = envelope.slice();
    garbage[60] = (garbage[60] as number) ^ 1;
    expect(codeOf(() => accept(bob, garbage, { ...open, reachedLevel: watch }))).toBe('INIT_REJECTED');
    expect(asked).toEqual([]);
  });
});

describe('suites', () => {
  it('are those of the recipient, the first of the sender that it takes', () => {
    const soft = person('soft', native, { policy: { ...defaultSecurityPolicy, suites: [3] } });
    expect(verified(native, soft).publication.suites).toBe(4);
    expect(init(alice, soft, 'x').session.suite).toBe(3);
    expect(codeOf(() => init(alice, soft, 'x', { policy: upTo(3, { suites: [1, 2] }) }))).toBe('UNSUPPORTED');
    const preferring = { policy: upTo(3, { suites: [2, 3, 1] }) };
    expect(init(alice, bob, 'x', preferring).session.suite).toBe(2);
    const { envelope } = init(alice, bob, 'x', preferring);
    expect(codeOf(() => accept(bob, envelope, { policy: upTo(3, { suites: [1] }) }))).toBe('UNSUPPORTED');
  });
});

describe('the signature of a first message', () => {
  const withFalcon = (name: string, provider: CryptoProvider = native): ReturnType<typeof person> =>
    person(name, provider, { policy: upTo(3) }, IdentityKeys.generate(provider, { falcon: true }));

  it('is Ed25519 alone below level 3 and hybrid there, with Falcon when both have a key', () => {
    const none = { falcon1024: null };
    const some = { falcon1024: new Uint8Array(1793) };
    for (const level of [1, 2] as const) {
      expect(onlineAlgorithms(level)).toEqual([3]);
      expect(mailboxAlgorithms(level, { falcon: true }, some, some)).toEqual([3]);
    }
    expect(onlineAlgorithms(3)).toEqual([1]);
    expect(mailboxAlgorithms(3, { falcon: true }, some, some)).toEqual([2, 1]);
    expect(mailboxAlgorithms(3, defaultSecurityPolicy, some, some)).toEqual([1]);
    for (const [ours, theirs] of [
      [none, some],
      [some, none],
      [none, none],
    ] as const) {
      expect(mailboxAlgorithms(3, { falcon: true }, ours, theirs)).toEqual([1]);
    }
  });

  it('is the short one between two who chose Falcon, and refused by anybody else', () => {
    const [ann, ben] = [withFalcon('ann'), withFalcon('ben')];
    const long = init(ann, bob, 'x');
    const policy = upTo(3, { falcon: true });
    const short = init(ann, ben, 'x', { policy });
    expect(accept(ben, short.envelope, { policy }).session.sid).toEqual(short.session.sid);
    // Where the policy of either end does not say so it is the long one, or refused.
    expect(init(ann, ben, 'x').envelope).toHaveLength(long.envelope.length);
    expect(codeOf(() => accept(ben, short.envelope))).toBe('INIT_REJECTED');
    expect(long.envelope.length - short.envelope.length).toBe(13 * 256);
    expect(accept(bob, long.envelope, open).message.from).toBe('did:example:ann');
  });
});

describe('a security policy', () => {
  it.each([
    [{ minLevel: 3, maxLevel: 2 }],
    [{ minLevel: 0 as SecurityLevel }],
    [{ maxLevel: 4 as SecurityLevel }],
    [{ suites: [] }],
    [{ suites: [1, 1] as const }],
    [{ suites: [4 as 3] }],
  ] as const)('%o is refused', (changes) => {
    expect(codeOf(() => assertSecurityPolicy({ ...defaultSecurityPolicy, ...changes }))).toBe('BAD_POLICY');
    expect(codeOf(() => assertSecurityPolicy(defaultSecurityPolicy))).toBe('none');
  });
});
