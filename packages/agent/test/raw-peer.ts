/**
 * A peer that is not an agent: a bare node that speaks the gate as far as its test wants it to, from the public parts of
 * the packages.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { concatBytes } from '@wotid/core';
import { didJwkOf } from '@wotid/credential';
import { identityFingerprint, IdentityKeys } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateInitiator,
  createGateResponder,
  createGateSession,
  encodeReceipt,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  ownIdentity,
  sealMessage,
  splitInit,
  type GateMachine,
  type GateSessionContext,
  type GateStep,
  type GateTermination,
  type OwnIdentity,
  type Session,
} from '@wotid/session';
import { createTransport, type FrameStream, type PeerConnection, type Transport } from '@wotid/transport';
import { systemClock as clock } from '@wotid/core';
import type { MailboxLocation } from '@wotid/directory';
import { encodeCard } from '../src/card.ts';
import { provider, type Network, type Person } from './people.ts';

/** How far a gate went. */
export interface GateEnd {
  readonly connection: PeerConnection;
  readonly stream: FrameStream;
  readonly passed: boolean;
  readonly refused?: GateTermination;
}

export class RawPeer {
  readonly transport: Transport;
  readonly ours: OwnIdentity;
  credential: Uint8Array;
  /** The session of the last gate that was passed. */
  session: Session | undefined;

  private constructor(transport: Transport, ours: OwnIdentity, credential: Uint8Array) {
    this.transport = transport;
    this.ours = ours;
    this.credential = credential;
  }

  static async start(network: Network, listen: readonly string[] = []): Promise<RawPeer> {
    const keys = IdentityKeys.generate(provider);
    const ours = ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
    const { bytes: credential } = await network.issuer.issueCredential('wotid_hybrid', {
      subjectDid: ours.block.did,
      idFp: identityFingerprint(provider, ours.block),
      nowMs: Date.now(),
      validForMs: 86_400_000,
      evidence: [{ method: 'test', policy: 'none' }],
    });
    const transport = await createTransport({
      peerKeySeed: provider.random.bytes(32),
      listen,
      admitMessages: () => true,
    });
    return new RawPeer(transport, ours, credential);
  }

  /** A card that leads here. */
  card(mailbox: MailboxLocation | null = null): string {
    return encodeCard(provider, this.ours.keys, {
      block: this.ours.block,
      credential: this.credential,
      peerId: this.transport.peerId,
      addresses: this.transport.addresses(),
      mailbox,
      issuedAtMs: Date.now(),
    });
  }

  /** A new connection; waits while the other side takes no more from one host in a second. */
  async dial(person: Person): Promise<PeerConnection> {
    const { peerId, addresses } = person.agent;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.transport.dial({ peerId, addrs: addresses }, { fresh: true });
      } catch (error) {
        if (attempt === 30) throw error;
        await pause(100);
      }
    }
  }

  initiator(connection: PeerConnection, person: Person): ReturnType<typeof createGateInitiator<Uint8Array>> {
    return createGateInitiator<Uint8Array>({
      ...this.#common(connection),
      expectedDid: person.did,
      sessions: {
        liveSession: () => null,
        open: (context, prekeys) => {
          const { session, publicPart } = createGateSession(provider, { ...this.#binding(context), prekeys });
          const first = sealMessage(provider, session, receipt(), { route: 'online', nowMs: clock.nowMs() });
          this.session = first.session;
          return concatBytes(publicPart, first.envelope);
        },
        resume: () => {
          throw new Error('nothing to resume');
        },
        complete: (context, reply) => {
          this.session = openEnvelope(provider, this.session as Session, reply, {
            nowMs: clock.nowMs(),
            peer: context.peer.block,
          }).session;
        },
      },
    });
  }

  /**
   * Opens a gate and goes on until it ends, or until `stopAfter` frames were sent.
   * @param change what to do to a frame before it leaves, by its index
   */
  async gate(
    person: Person,
    init: {
      readonly stopAfter?: number;
      readonly change?: (frame: Uint8Array, index: number) => Uint8Array;
    } = {},
  ): Promise<GateEnd> {
    const connection = await this.dial(person);
    const stream = await this.transport.openGate(connection);
    const machine = this.initiator(connection, person);
    let step: GateStep<Uint8Array> = machine.start();
    let sent = 0;
    for (;;) {
      for (const frame of step.send) {
        await stream.send(init.change?.(frame, sent) ?? frame);
        sent++;
        if (sent === init.stopAfter) return { connection, stream, passed: false };
      }
      if (step.done !== undefined) return { connection, stream, passed: true };
      if (step.terminate !== undefined) return { connection, stream, passed: false, refused: step.terminate };
      step = await machine.receive(await stream.receive({ timeoutMs: 10_000 }));
    }
  }

  /** Answers gates to the end, takes messages, and never acknowledges any. */
  answerAndIgnore(): void {
    this.transport.onGate(async (stream, _, connection) => {
      using prekeys = new OnlinePrekeys(provider, 3);
      const machine: GateMachine<Uint8Array> = createGateResponder<Uint8Array>({
        ...this.#common(connection),
        sessions: {
          liveSession: () => null,
          bundle: () => prekeys.publicKeys,
          accept: (context, message) => {
            const parts = splitInit(message);
            if (parts === null) throw new Error('no session in M5');
            const fresh = acceptGateSession(provider, parts.publicBytes, {
              ...this.#binding(context),
              prekeys,
            });
            const at = { nowMs: clock.nowMs(), peer: context.peer.block };
            const { session } = openEnvelope(provider, fresh, parts.envelope, at);
            const reply = sealMessage(provider, session, receipt(), { route: 'online', nowMs: at.nowMs });
            this.session = reply.session;
            return reply.envelope;
          },
          resume: () => {
            throw new Error('nothing to resume');
          },
        },
      });
      let step: GateStep<Uint8Array> = { send: [] };
      while (step.done === undefined && step.terminate === undefined) {
        step = await machine.receive(await stream.receive());
        for (const frame of step.send) await stream.send(frame);
      }
    });
    this.transport.onMessages(async (stream) => {
      for (;;) await stream.receive();
    });
  }

  #common(connection: PeerConnection) {
    return {
      provider,
      clock,
      ours: this.ours,
      credential: this.credential,
      ourPeerId: this.transport.peerIdBytes,
      theirPeerId: connection.remote.peerIdBytes,
      verifyPeer: (peer: { readonly credentialBytes: Uint8Array }) =>
        Promise.resolve({ ok: true, credential: peer.credentialBytes } as const),
    };
  }

  #binding({ peer, level, suite, gateHash, exporter, initiatedAtMs }: GateSessionContext<Uint8Array>) {
    const gate = { gateHash, exporter: exporter() };
    return { ours: this.ours, peer, level, suite, gate, initiatedAtMs, nowMs: clock.nowMs() };
  }
}

function receipt() {
  return {
    type: messageTypes.receipt,
    payload: encodeReceipt([]),
    messageId: newMessageId(provider.random),
    seq: 0,
    sentAtMs: clock.nowMs(),
    ackSeq: null,
  };
}
