/**
 * Two parties, a network that reorders, repeats and loses, and restarts from records, against a model of integers: every
 * delivery must succeed or fail exactly as the model says. `WOT_MODEL_STEPS` lengthens it (default 2,000 steps).
 */
import { NobleProvider, NodeProvider, type AeadAlgorithm } from '@wotid/crypto';
import {
  decodeSession,
  encodeSession,
  openEnvelope,
  sealMessage,
  SessionError,
  type Route,
  type Session,
} from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatePair, offlinePair, person, startMs, text, type Person } from './people.ts';

const STEPS_PER_RUN = 200;
const RUNS = Math.max(1, Math.round(Number(process.env['WOT_MODEL_STEPS'] ?? 2_000) / STEPS_PER_RUN));
const TTL_MS = 30 * 86_400_000;
const MAX_OLD = 5;

/** Real providers that also note what they seal: no message key may be used twice, no header sealed twice. */
const sealed = new Set<string>();
function note(algorithm: AeadAlgorithm, key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): void {
  const entry =
    algorithm === 'aes-256-gcm-siv' ? `${key.toHex()}${plaintext.toHex()}` : `${key.toHex()}${nonce.toHex()}`;
  expect(sealed.has(entry), `${algorithm} key used twice`).toBe(false);
  sealed.add(entry);
}
class NotingNode extends NodeProvider {
  override seal(...args: Parameters<NodeProvider['seal']>): ReturnType<NodeProvider['seal']> {
    note(args[0], args[1], args[2], args[3]);
    return super.seal(...args);
  }
}
class NotingNoble extends NobleProvider {
  override seal(...args: Parameters<NobleProvider['seal']>): ReturnType<NobleProvider['seal']> {
    note(args[0], args[1], args[2], args[3]);
    return super.seal(...args);
  }
}

/** What one side must be able to open, on integers. */
class SideModel {
  sendChain = 0;
  sendN = 0;
  sendI = 0;
  previousLength = 0;
  receiveChain = -1;
  receiveN = 0;
  receiveI = 0;
  /** Missing messages by chain, oldest chain first; n to the time they were noticed. */
  missing: { readonly chain: number; readonly numbers: Map<number, number> }[] = [];
  readonly missingPq = new Map<number, number>();

  /** True when the message opens; the model then has moved. */
  receive(message: Sent, nowMs: number): boolean {
    if (!this.#hasPq(message.i, nowMs)) return false;
    if (
      message.chain <= this.receiveChain &&
      !(message.chain === this.receiveChain && message.n >= this.receiveN)
    ) {
      const chain = this.missing.find((candidate) => candidate.chain === message.chain);
      const since = chain?.numbers.get(message.n);
      if (chain === undefined || since === undefined || nowMs - since > TTL_MS) return false;
      chain.numbers.delete(message.n);
    } else {
      if (message.chain > this.receiveChain) {
        if (this.receiveChain >= 0) this.#miss(this.receiveChain, this.receiveN, message.pn, nowMs);
        this.receiveChain = message.chain;
        this.receiveN = 0;
        this.previousLength = this.sendN;
        this.sendChain += 1;
        this.sendN = 0;
      }
      this.#miss(message.chain, this.receiveN, message.n, nowMs);
      this.receiveN = message.n + 1;
    }
    this.#takePq(message.i, nowMs);
    this.#expire(nowMs);
    return true;
  }

  #miss(chain: number, from: number, to: number, nowMs: number): void {
    let entry = this.missing.find((candidate) => candidate.chain === chain);
    if (entry === undefined) this.missing.push((entry = { chain, numbers: new Map() }));
    for (let n = from; n < to; n++) entry.numbers.set(n, nowMs);
  }

  #hasPq(i: number, nowMs: number): boolean {
    const since = this.missingPq.get(i);
    return i >= this.receiveI || (since !== undefined && nowMs - since <= TTL_MS);
  }

  #takePq(i: number, nowMs: number): void {
    for (let k = this.receiveI; k < i; k++) this.missingPq.set(k, nowMs);
    this.receiveI = Math.max(this.receiveI, i + 1);
    this.missingPq.delete(i);
  }

  #expire(nowMs: number): void {
    for (const { numbers } of this.missing) {
      for (const [n, since] of numbers) if (nowMs - since > TTL_MS) numbers.delete(n);
    }
    for (const [i, since] of this.missingPq) if (nowMs - since > TTL_MS) this.missingPq.delete(i);
    const current = this.missing.filter(({ chain }) => chain === this.receiveChain);
    const old = this.missing.filter(({ chain, numbers }) => chain !== this.receiveChain && numbers.size > 0);
    this.missing = [...old.slice(-MAX_OLD), ...current];
  }
}

interface Sent {
  readonly to: 0 | 1;
  readonly envelope: Uint8Array;
  readonly words: string;
  readonly chain: number;
  readonly pn: number;
  readonly n: number;
  readonly i: number;
}

interface Action {
  readonly kind: 'send' | 'deliver' | 'duplicate' | 'drop' | 'restart' | 'wait';
  readonly side: 0 | 1;
  readonly pick: number;
  readonly route: Route;
}

const side = fc.constantFrom<0 | 1>(0, 1);
const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.constant('send' as const) },
    { weight: 8, arbitrary: fc.constant('deliver' as const) },
    { weight: 3, arbitrary: fc.constant('duplicate' as const) },
    { weight: 1, arbitrary: fc.constant('drop' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
    { weight: 1, arbitrary: fc.constant('wait' as const) },
  ),
  side,
  pick: fc.nat(10_000),
  route: fc.constantFrom<Route>('online', 'mailbox'),
});

class World {
  readonly people: readonly [Person, Person];
  readonly sessions: [Session, Session];
  readonly models: readonly [SideModel, SideModel] = [new SideModel(), new SideModel()];
  readonly network: Sent[] = [];
  readonly opened = new Set<string>();
  nowMs = startMs;
  #count = 0;

  constructor(a: Person, b: Person, isOffline: boolean) {
    this.people = [a, b];
    const pair = isOffline ? offlinePair(a, b) : gatePair(a, b);
    this.sessions = [pair.a, pair.b];
    // Chain numbers: each side's own, -1 while it has none. The responder gets chain 0 with its first step.
    this.models[1].sendChain = -1;
    if (isOffline) {
      this.models[0].sendN = this.models[0].sendI = 1;
      this.models[1].receive({ chain: 0, pn: 0, n: 0, i: 0 } as Sent, startMs);
    }
  }

  run({ kind, side: who, pick, route }: Action): void {
    if (kind === 'send') this.#send(who, route);
    else if (kind === 'wait') this.nowMs += (pick % 3) * 86_400_000 * 4;
    else if (kind === 'restart') {
      const bytes = encodeSession(this.sessions[who]);
      this.sessions[who] = decodeSession(this.people[who].provider, bytes);
      expect(encodeSession(this.sessions[who])).toEqual(bytes);
    } else if (this.network.length > 0) {
      // Mostly the oldest, so that most of the traffic is in order.
      const index = pick % 3 === 0 ? pick % this.network.length : 0;
      const message = this.network[index] as Sent;
      if (kind !== 'drop') this.#deliver(message);
      if (kind !== 'duplicate') this.network.splice(index, 1);
    }
  }

  /** Everything still under way arrives, then a conversation in order must work. */
  settle(): void {
    for (const message of this.network.splice(0)) this.#deliver(message);
    for (let round = 0; round < 4; round++) {
      this.#send(round % 2 === 0 ? 0 : 1, 'online');
      this.#deliver(this.network.pop() as Sent);
      expect(this.opened.has(`message ${this.#count - 1}`)).toBe(true);
    }
  }

  #send(who: 0 | 1, route: Route): void {
    const model = this.models[who];
    const words = `message ${this.#count}`;
    const { provider } = this.people[who];
    const seal = (): ReturnType<typeof sealMessage> =>
      sealMessage(provider, this.sessions[who], text(provider, words, this.#count), {
        route,
        nowMs: this.nowMs,
      });
    if (model.sendChain < 0) {
      expect(seal).toThrow(SessionError);
      return;
    }
    const { session, envelope } = seal();
    this.#count += 1;
    this.sessions[who] = session;
    this.network.push({
      to: who === 0 ? 1 : 0,
      envelope,
      words,
      chain: model.sendChain,
      pn: model.previousLength,
      n: model.sendN++,
      i: model.sendI++,
    });
  }

  #deliver(message: Sent): void {
    const { to, words } = message;
    const before = encodeSession(this.sessions[to]);
    const mustOpen = this.models[to].receive(message, this.nowMs);
    expect(mustOpen && this.opened.has(words)).toBe(false);
    let code = 'opened';
    try {
      const opened = openEnvelope(this.people[to].provider, this.sessions[to], message.envelope, {
        nowMs: this.nowMs,
        peer: this.people[to === 0 ? 1 : 0].own.block,
      });
      expect(new TextDecoder().decode(opened.message.payload)).toBe(words);
      this.sessions[to] = opened.session;
      this.opened.add(words);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      code = error.code;
      expect(encodeSession(this.sessions[to])).toEqual(before);
    }
    expect(code).toBe(mustOpen ? 'opened' : 'DECRYPT_FAILED');
  }
}

function check(a: Person, b: Person, isOffline: boolean, runs: number): void {
  fc.assert(
    fc.property(fc.array(action, { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN }), (actions) => {
      sealed.clear();
      const world = new World(a, b, isOffline);
      for (const step of actions) world.run(step);
      world.settle();
    }),
    { numRuns: runs },
  );
}

describe('ratchet model', () => {
  const noting = new NotingNode();
  const notingPortable = new NotingNoble();

  it('opens every message exactly once, in any order, offline start', () => {
    check(person('a', noting), person('b', noting), true, Math.ceil(RUNS / 2));
  }, 3_600_000);

  it('opens every message exactly once, in any order, start at the gate', () => {
    check(person('a', noting), person('b', noting), false, Math.ceil(RUNS / 2));
  }, 3_600_000);

  it('does so between native and portable cryptography', () => {
    check(person('a', noting), person('b', notingPortable), true, Math.ceil(RUNS / 10));
  }, 3_600_000);
});
