/**
 * Two people at a gate: real keys, real sessions behind the ports, and a small credential of its own (the gate takes
 * credentials as bytes): subject DID, fingerprint, state and an issuer's Ed25519 signature.
 */
import { bcs, concatBytes, equalBytes, fixedBytesType, shortTextType, utf8 } from '@wotid/core';
import { IdentityKeys, NodeProvider, type CryptoProvider, type SigningKey } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateInitiator,
  createGateResponder,
  createGateSession,
  encodeText,
  gateCodes,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  ownIdentity,
  sealMessage,
  splitInit,
  type GateBundle,
  type GateCode,
  type GateInitiator,
  type GateInitiatorInit,
  type GateResponder,
  type GateResponderInit,
  type GateSessionContext,
  type InitiatorSessions,
  type OwnIdentity,
  type PeerIdentity,
  type PeerToVerify,
  type PeerVerdict,
  type ResponderSessions,
  type SecurityLevel,
  type Session,
  SessionError,
} from '@wotid/session';
import { VirtualClock } from '@wotid/testkit';

/** What the test credential says. */
export interface TestCredential {
  readonly did: string;
  readonly idFp: Uint8Array;
  /** 0 = valid; otherwise the code with which the check refuses it. */
  readonly state: number;
}

const claimsType = bcs.struct('test credential', {
  did: shortTextType,
  idFp: fixedBytesType(32),
  state: bcs.u8(),
});
const issuerProvider = new NodeProvider();
const issuerKey: SigningKey = issuerProvider.signGenerate('ed25519');

export function issue(claims: TestCredential, key: SigningKey = issuerKey): Uint8Array<ArrayBuffer> {
  const bytes = claimsType.serialize(claims).toBytes();
  return concatBytes(bytes, issuerProvider.sign(key, bytes));
}

/** The injected check, in the order of the real one: subject, fingerprint, issuer's signature, state. */
export async function verifyPeer(peer: PeerToVerify): Promise<PeerVerdict<TestCredential>> {
  await Promise.resolve();
  const refuse = (code: GateCode): PeerVerdict<TestCredential> => ({ ok: false, code, reason: 'test check' });
  if (peer.credentialBytes.length < 65) return refuse(gateCodes.VC_MALFORMED);
  const bytes = peer.credentialBytes.slice(0, -64);
  const claims = claimsType.parse(bytes);
  if (claims.did !== peer.did) return refuse(gateCodes.VC_SUBJECT);
  if (!equalBytes(claims.idFp, peer.idFp)) return refuse(gateCodes.DID_KEY_MISMATCH);
  const issuer = issuerProvider.importVerifyingKey('ed25519', issuerKey.publicKey);
  if (!issuerProvider.verify(issuer, bytes, peer.credentialBytes.subarray(-64))) {
    return refuse(gateCodes.VC_SIG);
  }
  if (claims.state !== 0) return refuse(claims.state as GateCode);
  return { ok: true, credential: claims };
}

/** Sessions of one person, by the peer's fingerprint. */
export class TestSessions implements InitiatorSessions<TestCredential>, ResponderSessions<TestCredential> {
  readonly #provider: CryptoProvider;
  readonly #ours: OwnIdentity;
  readonly #clock: VirtualClock;
  readonly live: Map<string, Session> = new Map();
  /** Texts that came with M5 and M6. */
  readonly texts: string[] = [];
  readonly contexts: GateSessionContext<TestCredential>[] = [];
  #prekeys: OnlinePrekeys | undefined;
  #pending: Session | undefined;

  constructor(provider: CryptoProvider, ours: OwnIdentity, clock: VirtualClock) {
    this.#provider = provider;
    this.#ours = ours;
    this.#clock = clock;
  }

  liveSession(peer: PeerIdentity): Session | null {
    return this.live.get(peer.idFp.toHex()) ?? null;
  }

  open(context: GateSessionContext<TestCredential>, bundle: GateBundle): Uint8Array {
    const { session, publicPart } = createGateSession(this.#provider, {
      ...this.#init(context),
      prekeys: bundle,
    });
    this.#pending = session;
    return concatBytes(publicPart, this.#seal('hello'));
  }

  resume(context: GateSessionContext<TestCredential>, _sid: Uint8Array, message?: Uint8Array): Uint8Array {
    this.contexts.push(context);
    this.#pending = this.live.get(context.peer.idFp.toHex());
    if (message === undefined) return this.#seal('again');
    this.#open(context, message);
    return this.#keep(context, this.#seal('again to you'));
  }

  complete(context: GateSessionContext<TestCredential>, reply: Uint8Array): void {
    this.#open(context, reply);
    this.#keep(context, reply);
  }

  bundle(_peer: PeerIdentity, level: SecurityLevel): GateBundle {
    this.#prekeys = new OnlinePrekeys(this.#provider, level);
    return this.#prekeys.publicKeys;
  }

  accept(context: GateSessionContext<TestCredential>, message: Uint8Array): Uint8Array {
    const parts = splitInit(message);
    if (parts === null) throw new SessionError('INIT_REJECTED', 'no public part');
    this.#pending = acceptGateSession(this.#provider, parts.publicBytes, {
      ...this.#init(context),
      prekeys: this.#prekeys as OnlinePrekeys,
    });
    this.#open(context, parts.envelope);
    return this.#keep(context, this.#seal('hello to you'));
  }

  #init(
    context: GateSessionContext<TestCredential>,
  ): Omit<Parameters<typeof createGateSession>[1], 'prekeys'> {
    this.contexts.push(context);
    const { peer, level, suite, gateHash, exporter, initiatedAtMs } = context;
    return {
      ours: this.#ours,
      peer,
      level,
      suite,
      gate: { gateHash, exporter: exporter() },
      initiatedAtMs,
      nowMs: this.#clock.nowMs(),
    };
  }

  #seal(words: string): Uint8Array {
    const sentAtMs = this.#clock.nowMs();
    const { session, envelope } = sealMessage(
      this.#provider,
      this.#pending as Session,
      {
        type: messageTypes.text,
        payload: encodeText(words),
        messageId: newMessageId(this.#provider.random),
        seq: 1,
        sentAtMs,
      },
      { route: 'online', nowMs: sentAtMs },
    );
    this.#pending = session;
    return envelope;
  }

  #open(context: GateSessionContext<TestCredential>, envelope: Uint8Array): void {
    const { session, message } = openEnvelope(this.#provider, this.#pending as Session, envelope, {
      nowMs: this.#clock.nowMs(),
      peer: context.peer.block,
    });
    this.#pending = session;
    this.texts.push(new TextDecoder().decode(message.payload));
  }

  #keep(context: GateSessionContext<TestCredential>, bytes: Uint8Array): Uint8Array {
    this.live.set(context.peer.idFp.toHex(), this.#pending as Session);
    return bytes;
  }
}

/** The same sessions with some methods replaced: failures and lies of one side. */
export function overriding(sessions: TestSessions, methods: Partial<TestSessions>): TestSessions {
  const bound = new Proxy(sessions, {
    get(target, name) {
      const own = (methods as Record<string | symbol, unknown>)[name];
      if (own !== undefined) return own;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return bound;
}

export interface GatePerson {
  readonly provider: CryptoProvider;
  readonly own: OwnIdentity;
  readonly credential: Uint8Array;
  readonly peerId: Uint8Array;
  readonly clock: VirtualClock;
  readonly sessions: TestSessions;
}

let count = 0;

export function gatePerson(name: string, provider: CryptoProvider = new NodeProvider()): GatePerson {
  const own = ownIdentity(provider, IdentityKeys.generate(provider), `did:example:${name}`);
  const clock = new VirtualClock();
  return {
    provider,
    own,
    credential: issue({ did: own.block.did, idFp: own.idFp, state: 0 }),
    peerId: concatBytes(utf8(`12D3${name}`), Uint8Array.of(count++)),
    clock,
    sessions: new TestSessions(provider, own, clock),
  };
}

export function initiatorOf(
  a: GatePerson,
  b: Pick<GatePerson, 'peerId'>,
  changes: Partial<GateInitiatorInit<TestCredential>> = {},
): GateInitiator<TestCredential> {
  return createGateInitiator({ ...initOf(a, b), sessions: a.sessions, ...changes });
}

export function responderOf(
  b: GatePerson,
  a: Pick<GatePerson, 'peerId'>,
  changes: Partial<GateResponderInit<TestCredential>> = {},
): GateResponder<TestCredential> {
  return createGateResponder({ ...initOf(b, a), sessions: b.sessions, ...changes });
}

function initOf(
  ours: GatePerson,
  theirs: Pick<GatePerson, 'peerId'>,
): Omit<GateInitiatorInit<TestCredential>, 'sessions'> {
  return {
    provider: ours.provider,
    clock: ours.clock,
    ours: ours.own,
    credential: ours.credential,
    ourPeerId: ours.peerId,
    theirPeerId: theirs.peerId,
    verifyPeer,
  };
}
