/**
 * Two parties, a network that reorders, repeats and loses, rekeys that cross, and restarts from records, against a model
 * of integers: every delivery must succeed or fail exactly as the model says, and both must agree on epochs.
 * `WOT_MODEL_STEPS` lengthens it (default 10,000 steps in each world).
 */
import { NobleProvider, NodeProvider, type AeadAlgorithm } from '@wotid/crypto';
import {
  decodeSession,
  encodeSession,
  MAX_SESSION_RECORD_BYTES,
  openEnvelope,
  rekeyNeed,
  sealMessage,
  SECURITY_LEVELS,
  SessionError,
  SUITES,
  type Route,
  type Session,
} from '@wotid/session';
import { SeededRandom } from '@wotid/testkit';
import { describe, expect, it } from 'vitest';
import { newestEpoch, oldestOpenEpoch, type PqRatchet } from '../src/ratchet/pq-state.ts';
import { revealRatchet } from '../src/ratchet/state.ts';
import { gatePair, offlinePair, person, startMs, text, type Person } from './people.ts';
import { SideModel, type ModelHeader, type ModelItem } from './ratchet-model.ts';
import { ratchetPair } from './ratchet-pair.ts';

const STEPS = Number(process.env['WOT_MODEL_STEPS'] ?? 10_000);
const dayMs = 86_400_000;

/** Real providers that also note what they seal: no message key may be used twice, no header sealed twice. */
const sealed = new Set<string>();
function note(algorithm: AeadAlgorithm, key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): void {
  const isHeader = nonce.every((byte) => byte === 0);
  const entry = `${key.toHex()}${(isHeader ? plaintext : nonce).toHex()}`;
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

interface Sent {
  readonly to: 0 | 1;
  readonly envelope: Uint8Array;
  readonly words: string;
  readonly header: ModelHeader;
  readonly item: ModelItem | null;
}

/** What happens next, in shares. */
const ACTIONS = {
  send: 36,
  deliver: 33,
  duplicate: 12,
  drop: 4,
  restart: 4,
  wait: 3,
  epoch: 4,
  signed: 1,
} as const;
type Action = keyof typeof ACTIONS;
const wheel = Object.entries(ACTIONS).flatMap(([name, share]) =>
  Array.from({ length: share }, () => name as Action),
);

class World {
  readonly people: readonly [Person, Person];
  readonly sessions: [Session, Session];
  readonly models: readonly [SideModel, SideModel];
  readonly network: Sent[] = [];
  readonly opened = new Set<string>();
  readonly #random: SeededRandom;
  #nowMs = startMs;
  #count = 0;
  /** How often each row of the epoch table was passed through. */
  readonly seen = new Map<string, number>();

  constructor(
    people: readonly [Person, Person],
    sessions: { readonly a: Session; readonly b: Session },
    seed: string,
  ) {
    this.people = people;
    this.sessions = [sessions.a, sessions.b];
    this.#random = new SeededRandom(seed);
    const { level } = sessions.a;
    this.models = [new SideModel(true, level > 1, level === 3), new SideModel(false, level > 1, level === 3)];
    // The first message of an offline start has arrived already.
    if (sessions.a.messageCount === 1) {
      this.models[1].receive(this.models[0].send(), null, startMs);
    }
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#act(wheel[this.#random.integer(wheel.length)] as Action);
      if (step % 16 === 0) this.#assertBounds();
    }
    this.#settle();
  }

  #act(action: Action): void {
    const who = this.#random.integer(2) as 0 | 1;
    switch (action) {
      case 'send':
        return this.#send(who, this.#route(), 'due');
      case 'epoch':
      case 'signed':
        return this.#send(who, this.#route(), this.sessions[who].level === 3 ? action : 'due');
      case 'wait':
        this.#nowMs += this.#random.integer(3) * 4 * dayMs;
        return;
      case 'restart': {
        const bytes = encodeSession(this.sessions[who]);
        this.sessions[who] = decodeSession(this.people[who].provider, bytes);
        expect(encodeSession(this.sessions[who])).toEqual(bytes);
        return;
      }
      default: {
        if (this.network.length === 0) return;
        // Mostly the oldest, so that most of the traffic is in order.
        const index = this.#random.integer(3) === 0 ? this.#random.integer(this.network.length) : 0;
        const message = this.network[index] as Sent;
        if (action !== 'drop') this.#deliver(message);
        if (action !== 'duplicate') this.network.splice(index, 1);
      }
    }
  }

  #route(): Route {
    return this.#random.integer(3) === 0 ? 'mailbox' : 'online';
  }

  /** Everything still under way arrives; then a conversation in order works, and rekeys once from each side. */
  #settle(): void {
    for (const message of this.network.splice(0)) this.#deliver(message);
    const last = Math.max(...this.sessions.map((session) => session.rekeySequence));
    // An Offer that was lost goes again with the 64th own message by the mailbox.
    for (let round = 0; round < 2 * 140; round++) {
      this.#send((round % 2) as 0 | 1, 'mailbox', 'due');
      for (const message of this.network.splice(0)) this.#deliver(message);
      expect(this.opened.has(`message ${this.#count - 1}`)).toBe(true);
    }
    const [a, b] = this.sessions;
    if (a.level !== 3) return;
    expect(Math.min(a.rekeySequence, b.rekeySequence)).toBeGreaterThan(last);
    for (const side of [0, 1] as const) this.#rekeyTo(side);
    const [left, right] = [this.#pq(0), this.#pq(1)];
    expect(left.root).toEqual(right.root);
    expect([a.rekeySequence, a.isRekeying]).toEqual([b.rekeySequence, b.isRekeying]);
  }

  /** In order and without loss, a rekey takes one round trip. */
  #rekeyTo(side: 0 | 1): void {
    const other = side === 0 ? 1 : 0;
    const pass = (who: 0 | 1, rekey: 'due' | 'epoch'): void => {
      this.#send(who, 'mailbox', rekey);
      for (const message of this.network.splice(0)) this.#deliver(message);
    };
    for (let k = 0; k < 200 && this.sessions.some((session) => session.isRekeying); k++) {
      pass((k % 2) as 0 | 1, 'due');
    }
    const before = this.sessions[side].rekeySequence;
    pass(side, 'epoch');
    pass(other, 'due');
    expect(this.sessions[side].rekeySequence).toBe(before + 1);
    pass(side, 'due');
    expect(this.sessions[other].rekeySequence).toBe(before + 1);
    pass(other, 'due');
  }

  #pq(who: 0 | 1): PqRatchet {
    const { pq } = revealRatchet(this.sessions[who].ratchet);
    if (pq === null) throw new TypeError('there is no post-quantum half');
    return pq;
  }

  #send(who: 0 | 1, route: Route, rekey: 'due' | 'epoch' | 'signed'): void {
    const model = this.models[who];
    const words = `message ${this.#count}`;
    const { provider, own } = this.people[who];
    const seal = (): ReturnType<typeof sealMessage> =>
      sealMessage(provider, this.sessions[who], text(provider, words, this.#count), {
        route,
        nowMs: this.#nowMs,
        rekeyWith: own,
        rekey,
      });
    if (!model.canSend || (route === 'online' && this.#isOverdue(who))) {
      expect(seal).toThrow(SessionError);
      return;
    }
    const { session, envelope } = seal();
    this.#count += 1;
    this.sessions[who] = session;
    const item = session.level === 3 ? this.#itemOf(who) : null;
    this.network.push({ to: who === 0 ? 1 : 0, envelope, words, header: model.send(), item });
  }

  #isOverdue(who: 0 | 1): boolean {
    return rekeyNeed(this.sessions[who], 'online', this.#nowMs).isOverdue;
  }

  /** What went with the message that was sealed just now; a new Offer is told to the model. */
  #itemOf(who: 0 | 1): ModelItem | null {
    const pq = this.#pq(who);
    const { slot } = pq;
    const model = this.models[who];
    if (slot.kind === 'idle') return null;
    const { provider } = this.people[who];
    const ek = slot.kind === 'offered' ? provider.sha512(slot.pair.publicKey).toHex() : slot.ekHash.toHex();
    if (slot.kind === 'offered' && model.slot.kind === 'idle') model.offer(ek, slot.isSigned);
    if (slot.sentSince !== 0) return null;
    const { isSigned } = slot;
    const epoch = slot.kind === 'offered' ? newestEpoch(pq) + 1 : newestEpoch(pq);
    const kind = slot.kind === 'offered' ? 'offer' : 'answer';
    return { kind, epoch, ek, isSigned, sentAtMs: this.#nowMs };
  }

  #deliver(message: Sent): void {
    const { to, words } = message;
    const model = this.models[to];
    const before = encodeSession(this.sessions[to]);
    const slotBefore = model.slot.kind;
    const mustOpen = model.receive(message.header, message.item, this.#nowMs);
    expect(mustOpen && this.opened.has(words)).toBe(false);
    let code = 'opened';
    try {
      const opened = openEnvelope(this.people[to].provider, this.sessions[to], message.envelope, {
        nowMs: this.#nowMs,
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
    if (this.sessions[to].level !== 3) return;
    this.#assertEpochs(to);
    const row = `${slotBefore} ${message.item === null ? 'message' : message.item.kind} ${model.slot.kind}`;
    if (mustOpen) this.seen.set(row, (this.seen.get(row) ?? 0) + 1);
  }

  #assertEpochs(who: 0 | 1): void {
    const [pq, model] = [this.#pq(who), this.models[who]];
    expect({
      slot: pq.slot.kind,
      newest: newestEpoch(pq),
      oldest: oldestOpenEpoch(pq),
      sending: [pq.sending.epoch, pq.sending.i, pq.previousLength],
      receiving: pq.receiving.map(({ i }) => i),
      skipped: pq.skipped.length,
    }).toEqual({
      slot: model.slot.kind,
      newest: model.newest,
      oldest: model.open[0]?.epoch,
      sending: [model.sendEpoch, model.sendI, model.previousI],
      receiving: model.open.map(({ i }) => i),
      skipped: model.missingPq.size,
    });
  }

  #assertBounds(): void {
    for (const session of this.sessions) {
      const { oldChains, receiving, pq } = revealRatchet(session.ratchet);
      expect(oldChains.length).toBeLessThanOrEqual(5);
      expect(pq?.receiving.length ?? 1).toBeLessThanOrEqual(2);
      const stored = [...oldChains, ...(receiving === null ? [] : [receiving])];
      expect(stored.reduce((sum, chain) => sum + chain.skipped.length, 0)).toBeLessThanOrEqual(1_024);
      expect(pq?.skipped.length ?? 0).toBeLessThanOrEqual(1_024);
      expect(encodeSession(session).length).toBeLessThan(MAX_SESSION_RECORD_BYTES);
    }
  }
}

const seed = process.env['WOT_MODEL_SEED'] ?? String(Date.now());
function world(
  people: readonly [Person, Person],
  sessions: { readonly a: Session; readonly b: Session },
  steps: number,
): World {
  sealed.clear();
  const made = new World(people, sessions, seed);
  try {
    made.run(steps);
  } catch (error) {
    throw new Error(`with WOT_MODEL_SEED=${seed} WOT_MODEL_STEPS=${STEPS}`, { cause: error });
  }
  return made;
}

describe('ratchet model', () => {
  const noting = new NotingNode();
  const people = [person('a', noting), person('b', noting)] as const;

  it('opens every message exactly once and agrees on epochs, start at the gate', () => {
    const { seen } = world(people, gatePair(...people), STEPS);
    // Every row of the table of pq-epochs.ts has been passed through, glare from both sides included.
    for (const row of [
      'idle offer answered',
      'offered offer offered',
      'offered offer answered',
      'offered answer idle',
      'answered message idle',
      'answered offer answered',
      'idle offer idle',
      'idle answer idle',
    ]) {
      expect([row, (seen.get(row) ?? 0) > 0]).toEqual([row, true]);
    }
  }, 3_600_000);

  it('does so after an offline start', () => {
    world(people, offlinePair(...people), STEPS);
  }, 3_600_000);

  it.each(SECURITY_LEVELS.flatMap((level) => SUITES.map((suite) => ({ level, suite }))))(
    'does so at level $level with suite $suite',
    ({ level, suite }) => {
      world(people, ratchetPair(...people, { level, suite }), STEPS);
    },
    3_600_000,
  );

  it('does so between native and portable cryptography', () => {
    const mixed = [people[0], person('b', new NotingNoble())] as const;
    world(mixed, ratchetPair(...mixed), STEPS);
  }, 3_600_000);
});
