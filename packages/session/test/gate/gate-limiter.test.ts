import { compareBytes } from '@wotid/core';
import { GateLimiter, survivingGate, type GateLimits, type GateOrigin } from '@wotid/session';
import { SeededRandom, VirtualClock } from '@wotid/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const origin = (
  peerId: string,
  ipPrefix: string | undefined = '192.0.2.0/24',
  isLoopback = false,
): GateOrigin => ({
  peerId,
  ipPrefix,
  isLoopback,
});

function limiter(limits: Partial<GateLimits> = {}): {
  clock: VirtualClock;
  try: (peerId: string, prefix?: string, isLoopback?: boolean) => string;
  limiter: GateLimiter;
} {
  const clock = new VirtualClock();
  const made = new GateLimiter({ clock, limits });
  return {
    clock,
    limiter: made,
    try: (peerId, prefix, isLoopback) => {
      const admission = made.admit(origin(peerId, prefix, isLoopback));
      if (!admission.ok) return admission.reason;
      admission.release();
      return 'ok';
    },
  };
}

describe('gate limiter', () => {
  it('allows five tries a minute of one PeerId, wherever it comes from', () => {
    const gate = limiter();
    for (let network = 0; network < 5; network++) expect(gate.try('peer', `net${network}`)).toBe('ok');
    expect(gate.try('peer', 'net9')).toBe('peer');
    gate.clock.advance(11_999);
    expect(gate.try('peer', 'net9')).toBe('peer');
    gate.clock.advance(1);
    expect(gate.try('peer', 'net9')).toBe('ok');
    expect(gate.try('peer', 'net9')).toBe('peer');
    gate.clock.advance(60_000);
    for (let i = 0; i < 5; i++) expect(gate.try('peer', `later${i}`)).toBe('ok');
    expect(gate.try('peer', 'later9')).toBe('peer');
  });

  it('allows five tries a minute of one network, whatever its PeerIds; unknown ones are one network', () => {
    for (const prefix of ['192.0.2.0/24', undefined]) {
      const gate = limiter();
      const tryAs = (peerId: string): string => {
        const admission = gate.limiter.admit({ peerId, ipPrefix: prefix, isLoopback: false });
        if (admission.ok) admission.release();
        return admission.ok ? 'ok' : admission.reason;
      };
      for (let peer = 0; peer < 5; peer++) expect(tryAs(`peer${peer}`)).toBe('ok');
      expect(tryAs('peer9')).toBe('network');
      expect(gate.try('peer9', 'elsewhere')).toBe('ok');
    }
  });

  it('bounds all strangers together, and a refused try uses nothing up', () => {
    const gate = limiter({ globalBurst: 10, globalPerSecond: 2 });
    for (let i = 0; i < 10; i++) expect(gate.try(`p${i}`, `n${i}`)).toBe('ok');
    for (let i = 0; i < 50; i++) expect(gate.try('late', 'late')).toBe('global');
    gate.clock.advance(500);
    expect(gate.try('late', 'late')).toBe('ok');
    expect(gate.try('later', 'later')).toBe('global');
  });

  it('bounds the gates that run at once, in all and of one network; places come back once', () => {
    const many = { triesPerMinute: 1_000, globalBurst: 1_000, globalPerSecond: 1_000 };
    const { limiter: gate } = limiter(many);
    const places: (() => void)[] = [];
    const open = (peerId: string, prefix: string): string => {
      const admission = gate.admit(origin(peerId, prefix));
      if (admission.ok) places.push(admission.release);
      return admission.ok ? 'ok' : admission.reason;
    };
    for (let i = 0; i < 8; i++) expect(open(`p${i}`, 'one')).toBe('ok');
    expect(open('p9', 'one')).toBe('networkConcurrent');
    for (let i = 0; i < 56; i++) expect(open(`q${i}`, `n${i}`)).toBe('ok');
    expect(gate.running).toBe(64);
    expect(open('r', 'other')).toBe('concurrent');
    places[0]?.();
    places[0]?.();
    expect(gate.running).toBe(63);
    expect(open('r', 'one')).toBe('ok');
    expect(open('s', 'one')).toBe('concurrent');
    for (const release of places) release();
    expect(gate.running).toBe(0);
  });

  it('lets loopback pass when told to, up to what all strangers may', () => {
    const strict = limiter();
    for (let i = 0; i < 5; i++) expect(strict.try('me', '127.0.0.0/24', true)).toBe('ok');
    expect(strict.try('me', '127.0.0.0/24', true)).toBe('peer');
    const { limiter: gate, clock } = limiter({ exemptLoopback: true });
    const local = origin('me', '127.0.0.0/24', true);
    const places = Array.from({ length: 64 }, () => gate.admit(local));
    expect(places.every(({ ok }) => ok)).toBe(true);
    expect(gate.admit(local)).toEqual({ ok: false, reason: 'concurrent' });
    expect(gate.size).toBe(0);
    // A proxy on this machine, which everybody comes through, lifts no bound on what all of them cost.
    for (const place of places) if (place.ok) place.release();
    expect(gate.admit(local)).toEqual({ ok: false, reason: 'global' });
    clock.advance(1_000);
    const passed = Array.from({ length: 20 }, () => gate.admit(local)).filter(({ ok }) => ok);
    expect(passed).toHaveLength(16);
  });

  it('keeps a bounded state under a flood of new PeerIds and networks, and forgets them', () => {
    const gate = limiter();
    let admitted = 0;
    for (let i = 0; i < 20_000; i++) {
      if (gate.try(`p${i}`, `n${i}`) === 'ok') admitted++;
      gate.clock.advance(10);
    }
    // 64 at once and 16 a second for 200 s.
    expect(admitted).toBeGreaterThan(3_200);
    expect(admitted).toBeLessThanOrEqual(64 + 200 * 16 + 1);
    expect(gate.limiter.size).toBeLessThanOrEqual(2 * (64 + 60 * 16));
    gate.clock.advance(60_000);
    expect(gate.try('one', 'one')).toBe('ok');
    expect(gate.limiter.size).toBe(2);
  });

  it('keeps a bounded state when the clock is set back between two floods', () => {
    const gate = limiter();
    const flood = (name: string): void => {
      for (let i = 0; i < 20_000; i++) {
        gate.try(`${name} p${i}`, `${name} n${i}`);
        gate.clock.advance(10);
      }
    };
    flood('before');
    gate.clock.advance(-86_400_000);
    flood('after');
    expect(gate.limiter.size).toBeLessThanOrEqual(2 * (64 + 60 * 16));
    gate.clock.advance(60_000);
    expect(gate.try('one', 'one')).toBe('ok');
    expect(gate.limiter.size).toBe(2);
  });

  it('locks nobody out for long when the clock is set back', () => {
    const gate = limiter();
    for (let i = 0; i < 5; i++) gate.try('peer');
    gate.clock.advance(-86_400_000);
    expect(gate.try('peer')).toBe('peer');
    gate.clock.advance(12_000);
    expect(gate.try('peer')).toBe('network');
    expect(gate.try('peer', 'elsewhere')).toBe('global');
    gate.clock.advance(12_000);
    expect(gate.try('peer')).toBe('ok');
  });
});

it('of two gates at once, both ends keep the same one: that of the smaller PeerId', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      (a, b) => {
        fc.pre(compareBytes(a, b) !== 0);
        const [ours, theirs] = [survivingGate(a, b), survivingGate(b, a)];
        expect(ours === 'ours').toBe(theirs === 'theirs');
        expect(ours === 'ours').toBe(compareBytes(a, b) < 0);
      },
    ),
  );
  const random = new SeededRandom('glare');
  const peerId = random.bytes(38);
  expect(survivingGate(peerId, peerId)).toBe('theirs');
});
