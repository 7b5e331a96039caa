/**
 * The session side of a gate: starts a session on fresh prekeys, or goes on with the one both sides still have. The
 * first message each way is a receipt, so that acknowledgements lost with the last connection arrive with this one.
 */
import type { Clock } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateSession,
  encodeReceipt,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  sealMessage,
  SessionError,
  splitInit,
  type GateSessionContext,
  type IncomingMessage,
  type InitiatorSessions,
  type OutgoingMessage,
  type OwnIdentity,
  type PeerIdentity,
  type ResponderSessions,
  type SecurityLevel,
  type Session,
  type Suite,
} from '@wotid/session';
import { concatBytes } from '@wotid/core';
import type { AdmittedPeer } from './admission.ts';
import type { Contacts } from './contacts.ts';
import type { Inbox, Stored } from './inbox.ts';
import type { SessionKeeper } from './session-keeper.ts';

export interface GateSessionsInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
  readonly contacts: Contacts;
}

/** The sessions of one gate that we opened. */
export interface OpenedGateSessions extends InitiatorSessions<AdmittedPeer> {
  /**
   * The gate was refused. When it was to go on with a session, the two ends may have lost each other (one was restored
   * from a copy, or ran far ahead): the next gate starts a new one.
   * @returns whether another gate may do better
   */
  giveUpResuming(): boolean;
}

/** Makes the {@link OpenedGateSessions} of one gate. */
export function initiatorSessions(init: GateSessionsInit): OpenedGateSessions {
  const { provider, clock, ours, keeper, inbox, contacts } = init;
  let held: Session | undefined;
  let resumed: Session | undefined;
  return {
    giveUpResuming: () => {
      if (resumed !== undefined) keeper.abandon(resumed.sid);
      return resumed !== undefined;
    },
    liveSession: (peer) => keeper.resumable(peer.block.did, peer.idFp),
    open: (context, prekeys) => {
      const nowMs = clock.nowMs();
      const { session, publicPart } = createGateSession(provider, {
        ...bindingOf(context),
        ours,
        prekeys,
        nowMs,
      });
      const first = sealMessage(provider, session, receipt(init, context.peer), { route: 'online', nowMs });
      // The peer may get M5 and we may crash before M6: what it then sends in this session must find it here.
      held = keeper.hold(first.session);
      return concatBytes(publicPart, first.envelope);
    },
    resume: (context, sid) => {
      resumed = requireSession(keeper, sid);
      return sealResumed(init, resumed, context.peer);
    },
    complete: (context, reply) => {
      const store = (message: IncomingMessage): Stored => {
        contacts.remember(context.peer, context.credential.bytes, context.level);
        return inbox.store(message, 'p2p');
      };
      const { block } = context.peer;
      // Messages that came by another way meanwhile have moved the session on.
      const session = requireSession(keeper, ((held ?? resumed) as Session).sid);
      if (session.replacedAtMs === null) {
        keeper.open(session, reply, block, 'online', store).afterCommit();
        return;
      }
      const opened = openEnvelope(provider, session, reply, { nowMs: clock.nowMs(), peer: block });
      keeper.activate(opened.session, () => store(opened.message)).afterCommit();
    },
  };
}

/** The sessions of one gate that a peer opened. Dispose of it when the gate has ended. */
export function responderSessions(init: GateSessionsInit): ResponderSessions<AdmittedPeer> & Disposable {
  const { provider, clock, ours, keeper, inbox, contacts } = init;
  // Made once the peer has passed: a stranger costs no key generation.
  let prekeys: OnlinePrekeys | undefined;
  return {
    liveSession: (peer) => keeper.resumable(peer.block.did, peer.idFp),
    bundle: (_, level) => (prekeys = new OnlinePrekeys(provider, level)).publicKeys,
    accept: (context, message) => {
      const nowMs = clock.nowMs();
      const parts = splitInit(message);
      if (parts === null || prekeys === undefined)
        throw new SessionError('INIT_REJECTED', 'M5 starts no session');
      const fresh = acceptGateSession(provider, parts.publicBytes, {
        ...bindingOf(context),
        ours,
        prekeys,
        nowMs,
      });
      const opened = openEnvelope(provider, fresh, parts.envelope, { nowMs, peer: context.peer.block });
      const reply = sealMessage(provider, opened.session, receipt(init, context.peer), {
        route: 'online',
        nowMs,
      });
      let stored: Stored | undefined;
      keeper.add(reply.session, () => {
        contacts.remember(context.peer, context.credential.bytes, context.level);
        stored = inbox.store(opened.message, 'p2p');
      });
      stored?.afterCommit();
      return reply.envelope;
    },
    resume: (context, sid, message) => {
      const stored = keeper.open(
        requireSession(keeper, sid),
        message,
        context.peer.block,
        'online',
        (incoming) => {
          contacts.remember(context.peer, context.credential.bytes, context.level);
          return inbox.store(incoming, 'p2p');
        },
      );
      stored.afterCommit();
      return sealResumed(init, requireSession(keeper, sid), context.peer);
    },
    [Symbol.dispose]: () => prekeys?.[Symbol.dispose](),
  };
}

function bindingOf(context: GateSessionContext<AdmittedPeer>): {
  readonly peer: PeerIdentity;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  readonly gate: { readonly gateHash: Uint8Array; readonly exporter: Uint8Array };
  readonly initiatedAtMs: number;
} {
  const { peer, level, suite, gateHash, exporter, initiatedAtMs } = context;
  return { peer, level, suite, gate: { gateHash, exporter: exporter() }, initiatedAtMs };
}

function requireSession(keeper: SessionKeeper, sid: Uint8Array): Session {
  const session = keeper.find(sid);
  if (session === null) throw new SessionError('SESSION_UNKNOWN', 'the session was erased meanwhile');
  return session;
}

/** The first message over a new connection: what carried an Offer or Answer under way may be lost with the last one. */
function sealResumed(init: GateSessionsInit, session: Session, peer: PeerIdentity): Uint8Array<ArrayBuffer> {
  const rekey = session.isRekeying ? 'again' : 'due';
  return init.keeper.seal(session, receipt(init, peer), 'online', { rekey });
}

function receipt(init: GateSessionsInit, peer: PeerIdentity): OutgoingMessage {
  return {
    type: messageTypes.receipt,
    payload: encodeReceipt([]),
    messageId: newMessageId(init.provider.random),
    seq: 0,
    sentAtMs: init.clock.nowMs(),
    ackSeq: init.inbox.ackSeq(peer.block.did),
  };
}
