/**
 * Sessions against libsignal, in one process and one run: the same plaintext, the same treatment of stored sessions.
 * Ours frames, pads and types each message; libsignal encrypts the bytes as they are.
 */
import { NodeProvider } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateSession,
  createInit,
  createPrekeys,
  decodeSession,
  emptyPrekeys,
  encodePrekeys,
  encodeSession,
  messageTypes,
  newMessageId,
  oneTimePairs,
  OnlinePrekeys,
  openEnvelope,
  openInit,
  sealMessage,
  verifyPrekeys,
  wipeReplaced,
  type OutgoingMessage,
  type PrekeyStore,
  type Route,
  type Session,
} from '@wotid/session';
import {
  offerEpoch,
  pendingItem,
  takeAnswer,
  takeOffer,
  type PendingItem,
} from '../src/ratchet/pq-epochs.ts';
import type { PqRatchet } from '../src/ratchet/pq-state.ts';
import { revealRatchet } from '../src/ratchet/state.ts';
import { chain, offlinePair, person, startMs, type Person } from '../test/people.ts';
import { compared, sizes, type Benchmark } from './compare.ts';
import { loadLibsignal, SignalUser, signalPair, type StoreDiscipline } from './libsignal.ts';

const provider = new NodeProvider();
const plaintext = provider.random.bytes(256);
const gate = { gateHash: new Uint8Array(64).fill(7), exporter: new Uint8Array(64).fill(8) };
/** Two signatures, a block of 2.7 KB and a credential of about 6 KB, as a Verified Human credential has. */
const credential = provider.random.bytes(6_000);

let seq = 0;
function message(): OutgoingMessage {
  return {
    type: messageTypes.text,
    payload: plaintext,
    messageId: newMessageId(provider.random),
    seq: ++seq,
    sentAtMs: startMs,
  };
}

/** One of our people in a conversation. */
class WotUser {
  readonly who: Person;
  readonly #discipline: StoreDiscipline;
  #session: Session;
  #record: Uint8Array;

  constructor(who: Person, session: Session, discipline: StoreDiscipline) {
    this.who = who;
    this.#discipline = discipline;
    this.#session = session;
    this.#record = encodeSession(session);
  }

  get recordBytes(): number {
    return encodeSession(this.#session).length;
  }

  send(route: Route = 'online'): Uint8Array {
    const old = this.#load();
    const rekeyWith = this.who.own;
    const sealed = sealMessage(provider, old, message(), { route, nowMs: startMs, rekeyWith });
    this.#save(old, sealed.session);
    return sealed.envelope;
  }

  receive(envelope: Uint8Array, from: WotUser): Uint8Array {
    const old = this.#load();
    const opened = openEnvelope(provider, old, envelope, { nowMs: startMs, peer: from.who.own.block });
    this.#save(old, opened.session);
    return opened.message.payload;
  }

  #load(): Session {
    return this.#discipline === 'reloaded' ? decodeSession(provider, this.#record) : this.#session;
  }

  #save(old: Session, next: Session): void {
    if (this.#discipline !== 'hot') this.#record = encodeSession(next);
    this.#session = next;
    wipeReplaced(old, next);
  }
}

const alice = person('alice');
const bob = person('bob');

function wotPair(discipline: StoreDiscipline): { readonly a: WotUser; readonly b: WotUser } {
  const started = offlinePair(alice, bob);
  const pair = { a: new WotUser(alice, started.a, discipline), b: new WotUser(bob, started.b, discipline) };
  pair.a.receive(pair.b.send(), pair.b);
  return pair;
}

/** Messages a round; after a tenth of them one goes back, so that epochs are agreed on as well. */
const ONE_WAY = 2_000;

function oneWay(name: string, discipline: StoreDiscipline): Benchmark {
  return compared(name, 'us', ONE_WAY, async () => {
    const { a, b } = wotPair(discipline);
    const theirs = await signalPair(await loadLibsignal(), discipline);
    return {
      ours: (count) => {
        for (let k = 0; k < count; k++) assertSame(b.receive(a.send(), a));
        a.receive(b.send(), b);
      },
      peer: async (count) => {
        for (let k = 0; k < count; k++) {
          assertSame(await theirs.b.decrypt(await theirs.a.encrypt(plaintext, theirs.b), theirs.a));
        }
        await theirs.a.decrypt(await theirs.b.encrypt(plaintext, theirs.a), theirs.b);
      },
    };
  });
}

const pingPong: Benchmark = compared('crypto.pingpong_256B', 'us', 400, async () => {
  const ours = wotPair('hot');
  const theirs = await signalPair(await loadLibsignal(), 'hot');
  return {
    ours: (count) => {
      for (let k = 0; k < count; k++) {
        const [from, to] = k % 2 === 0 ? [ours.a, ours.b] : [ours.b, ours.a];
        assertSame(to.receive(from.send(), from));
      }
    },
    peer: async (count) => {
      for (let k = 0; k < count; k++) {
        const [from, to] = k % 2 === 0 ? [theirs.a, theirs.b] : [theirs.b, theirs.a];
        assertSame(await to.decrypt(await from.encrypt(plaintext, to), from));
      }
    },
  };
});

/**
 * Prekeys, key agreement and first message without a post-quantum signature: our handshake of the gate, where the
 * signatures are the gate's, with both prekeys signed by Ed25519 as libsignal signs both of its own.
 */
function handshakeWithoutPqSignature(): void {
  using prekeys = new OnlinePrekeys(provider);
  const { spk, opk } = prekeys.publicKeys;
  const kem = prekeys.publicKeys.kem as Uint8Array;
  const signatures = [spk, kem].map((key) => provider.sign(bob.own.keys.ed25519, key));
  using verifying = provider.importVerifyingKey('ed25519', bob.own.block.ed25519);
  for (const [at, key] of [spk, kem].entries()) {
    if (!provider.verify(verifying, key, signatures[at] as Uint8Array))
      throw new Error('a prekey is not signed');
  }
  const common = { level: 3, suite: 1, gate, initiatedAtMs: startMs, nowMs: startMs } as const;
  const made = createGateSession(provider, {
    ...common,
    ours: alice.own,
    peer: bob.own,
    prekeys: { spk, opk, kem },
  });
  const first = sealMessage(provider, made.session, message(), { route: 'online', nowMs: startMs });
  const accepted = acceptGateSession(provider, made.publicPart, {
    ...common,
    ours: bob.own,
    peer: alice.own,
    prekeys,
  });
  const opened = openEnvelope(provider, accepted, first.envelope, { nowMs: startMs, peer: alice.own.block });
  assertSame(opened.message.payload);
}

/** A recipient's publication with its private keys, and its one-time pairs as a directory hands them out. */
interface Bundle {
  readonly published: Uint8Array;
  readonly store: PrekeyStore;
  readonly pairs: readonly { readonly bytes: Uint8Array }[];
}

/** What each turn of the handshakes with prepared prekeys gets. */
interface Prepared {
  readonly ours: Bundle;
  readonly theirs: readonly unknown[];
}

/** Verification, first message with the init signature, and its opening up to the plaintext. */
function handshakeHybrid(
  { published, store }: Bundle,
  oneTimePair: Uint8Array | undefined,
  isFirstContact = true,
): Uint8Array {
  const prekeys = verifyPrekeys(provider, published, { ...chain, nowMs: startMs });
  const { envelope } = createInit(provider, {
    ...(oneTimePair === undefined ? {} : { oneTimePair }),
    ours: alice.own,
    prekeys,
    credential,
    isFirstContact,
    isPeerVerified: true,
    message: message(),
    nowMs: startMs,
  });
  using pending = openInit(provider, envelope, {
    ours: bob.own,
    prekeys: store,
    isReplayed: () => false,
    findIdentity: () => alice.own.block,
    nowMs: startMs,
  });
  assertSame(pending.accept(startMs).message.payload);
  return envelope;
}

/** A publication whose one signature covers `count` one-time pairs. */
function publish(count: number): Bundle {
  const { store, published } = createPrekeys(provider, emptyPrekeys(), {
    ...chain,
    ours: bob.own,
    number: 1,
    nowMs: startMs,
    oneTimePairs: count,
  });
  encodePrekeys(store);
  return { published, store, pairs: oneTimePairs(provider, store)?.pairs ?? [] };
}

/** With a publication of its own for each: the sender meets the last-resort prekey. */
function handshakeAlone(): void {
  handshakeHybrid(publish(0), undefined);
}

/** As the product publishes: one signature for all the pairs of a turn, one pair for each handshake. */
function handshakesOfOnePublication(count: number): void {
  const bundle = publish(count);
  for (const { bytes } of bundle.pairs) handshakeHybrid(bundle, bytes);
}

/** A round of ten turns; a publication signs 64 pairs at once. */
const HANDSHAKES = 640;

async function signalUsers(): Promise<readonly [SignalUser, SignalUser]> {
  const lib = await loadLibsignal();
  return [new SignalUser(lib, 'alice', 'hot'), new SignalUser(lib, 'bob', 'hot')];
}

/** From nothing: the recipient's keys are made and signed, then used. */
function handshakes(name: string, ours: (count: number) => void): Benchmark {
  return compared(name, 'us', HANDSHAKES, async () => {
    const [a, b] = await signalUsers();
    return {
      ours,
      peer: async (count) => {
        for (let k = 0; k < count; k++) {
          a.forget();
          b.forget();
          await a.process(await b.bundle(), b);
          assertSame(await b.decryptFirst(await a.encrypt(plaintext, b), a));
        }
      },
    };
  });
}

const times =
  (work: () => void) =>
  (count: number): void => {
    for (let k = 0; k < count; k++) work();
  };

/** With the recipient's keys published before: what a sender and a recipient wait for. */
const bundleReady: Benchmark = compared(
  'crypto.handshake_hybrid_sig_bundle_ready',
  'us',
  HANDSHAKES,
  async () => {
    const [a, b] = await signalUsers();
    return {
      ours: (_count, prepared) => {
        const { ours } = prepared as Prepared;
        for (const { bytes } of ours.pairs) handshakeHybrid(ours, bytes);
      },
      peer: async (_count, prepared) => {
        for (const bundle of (prepared as Prepared).theirs) {
          a.forget();
          b.forget();
          await a.process(bundle, b);
          assertSame(await b.decryptFirst(await a.encrypt(plaintext, b), a));
        }
      },
      // A one-time prekey serves once, so each turn needs new ones; that is not measured.
      prepare: async (count): Promise<Prepared> => ({
        ours: publish(count),
        theirs: await Promise.all(Array.from({ length: count }, () => b.bundle())),
      }),
    };
  },
);

/** One post-quantum epoch at both ends: Offer, Answer, and the keys of both; without the messages that carry them. */
const epoch: Benchmark = compared('crypto.epoch_us', 'us', 1_000, async () => {
  const { a, b } = offlinePair(alice, bob);
  const [first, second] = [a, b].map(({ ratchet }) => revealRatchet(ratchet).pq) as [PqRatchet, PqRatchet];
  return {
    ours: times(() => {
      const offered = offerEpoch(provider, first, false);
      const offer = pendingItem(provider, offered) as PendingItem;
      const place = { messageEpoch: 0, isInitiator: false };
      const answered = takeOffer(provider, second, offer, place);
      const answer = pendingItem(provider, answered) as PendingItem;
      takeAnswer(provider, offered, answer, { messageEpoch: 0, isInitiator: true });
    }),
  };
});

/** Messages of a conversation whose overhead is averaged, and how many go one way before one comes back. */
const CONVERSATION = { messages: 1_200, oneWay: 6 };

/** Bytes above the plaintext of one message, on average: both sides renew their post-quantum keys on the way. */
function overhead(name: string, route: Route): Benchmark {
  return sizes(name, async () => {
    const ours = wotPair('hot');
    const theirs = await signalPair(await loadLibsignal(), 'hot');
    let [own, peer] = [0, 0];
    for (let k = 0; k < CONVERSATION.messages; k++) {
      const isBack = k % (CONVERSATION.oneWay + 1) === CONVERSATION.oneWay;
      const [from, to] = isBack ? [ours.b, ours.a] : [ours.a, ours.b];
      const [signalFrom, signalTo] = isBack ? [theirs.b, theirs.a] : [theirs.a, theirs.b];
      const sent = from.send(route);
      const signalSent = await signalFrom.encrypt(plaintext, signalTo);
      own += sent.length - plaintext.length;
      peer += signalSent.length - plaintext.length;
      assertSame(to.receive(sent, from));
      assertSame(await signalTo.decrypt(signalSent, signalFrom));
    }
    return [own / CONVERSATION.messages, peer / CONVERSATION.messages];
  });
}

/** Run by `npm run bench`. */
export const benchmarks: readonly Benchmark[] = [
  oneWay('crypto.oneway_256B_hot', 'hot'),
  oneWay('crypto.oneway_256B_persisted', 'persisted'),
  oneWay('crypto.oneway_256B_reloaded', 'reloaded'),
  pingPong,
  handshakes('crypto.handshake_no_pq_sig', times(handshakeWithoutPqSignature)),
  handshakes('crypto.handshake_hybrid_sig', handshakesOfOnePublication),
  handshakes('crypto.handshake_hybrid_sig_own_publication', times(handshakeAlone)),
  bundleReady,
  epoch,
  overhead('crypto.message_overhead_bytes', 'mailbox'),
  overhead('crypto.message_overhead_online_bytes', 'online'),
  // Ours shows and proves who writes: identity block, signature, and a credential of 6,000 bytes.
  sizes('crypto.first_message_bytes', async () => {
    const [a, b] = await signalUsers();
    await a.process(await b.bundle(), b);
    return [handshakeHybrid(publish(0), undefined).length, (await a.encrypt(plaintext, b)).length];
  }),
  // To somebody who knows us already: no block, no credential.
  sizes('crypto.first_message_known_bytes', async () => {
    const [a, b] = await signalUsers();
    await a.process(await b.bundle(), b);
    return [handshakeHybrid(publish(0), undefined, false).length, (await a.encrypt(plaintext, b)).length];
  }),
  // Between two epochs, as a session is nearly always.
  sizes('crypto.session_record_bytes', async () => {
    const theirs = await signalPair(await loadLibsignal(), 'persisted');
    const { a, b } = wotPair('hot');
    b.receive(a.send(), a);
    a.receive(b.send(), b);
    return [a.recordBytes, theirs.a.records.get('bob')?.length ?? 0];
  }),
];

function assertSame(payload: Uint8Array): void {
  if (payload.length !== 256 || payload[255] !== plaintext[255])
    throw new Error('the wrong plaintext came out');
}
