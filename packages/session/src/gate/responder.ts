/**
 * The responder of the gate: <- M1, -> M2, <- M3, -> M4, <- M5, -> M6. No byte of its identity is even assembled before
 * M3 has passed every check.
 */
import { concatBytes, equalBytes } from '@wotid/core';
import { signaturePurposes, signHybrid } from '@wotid/crypto';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import { isSameSid } from './initiator.ts';
import { GateMachine, keyExchange } from './machine.ts';
import {
  decodeHello,
  decodeSealed,
  decodeClaims,
  encodeTagged,
  frameKinds,
  initiatorClaimsType,
  m1Type,
  m2Type,
  responderClaimsType,
  sealedKinds,
  sessionType,
  type HelloM1,
} from './messages.ts';
import { assertVersion, choose } from './negotiation.ts';
import { checkPeer, gateSignatureBody } from './peer-check.ts';
import type { GateInit, GateSessionContext, GateStep, ResponderSessions } from './ports.ts';
import { GateChannel, helloHash } from './transcript.ts';
import { GATE_VERSION } from './limits.ts';

/** Settings of {@link createGateResponder}. */
export interface GateResponderInit<Credential> extends GateInit<Credential> {
  readonly sessions: ResponderSessions<Credential>;
}

type Phase = 'awaits M1' | 'awaits M3' | 'awaits M5';

/** See {@link GateMachine}. */
export class GateResponder<Credential> extends GateMachine<Credential> {
  readonly #init: GateResponderInit<Credential>;
  #phase: Phase = 'awaits M1';
  #choice = { level: 0, suite: 0 };
  #agreed: { context: GateSessionContext<Credential>; offeredSid: Uint8Array | null } | undefined;

  constructor(init: GateResponderInit<Credential>) {
    super(init);
    this.#init = init;
  }

  protected async handle(frame: Uint8Array): Promise<GateStep<Credential>> {
    switch (this.#phase) {
      case 'awaits M1':
        return this.#receiveM1(frame);
      case 'awaits M3':
        return this.#receiveM3(frame);
      case 'awaits M5':
        return this.#receiveM5(frame);
    }
  }

  protected release(): void {
    // The ephemeral keys live within one call alone.
  }

  #receiveM1(frame: Uint8Array): GateStep<Credential> {
    const { ourPeerId, theirPeerId } = this.#init;
    this.expectHello(frame, frameKinds.m1);
    if (equalBytes(ourPeerId, theirPeerId)) {
      throw new GateRefusal(gateCodes.PEER_BINDING, 'both ends are the same node');
    }
    assertVersion(frame);
    const m1 = decodeHello(m1Type, frame);
    this.#choice = choose(m1);
    if (m1.prekeyEncapsulation !== null) {
      throw new GateRefusal(gateCodes.KEX, 'an encapsulation to a prekey that we have not published');
    }
    const m2 = keyExchange(() => this.#exchangeKeys(m1, frame));
    this.#phase = 'awaits M3';
    this.observe('sent', m2);
    return { send: [m2] };
  }

  /** M2, and the channel behind it. */
  #exchangeKeys(m1: HelloM1, m1Frame: Uint8Array): Uint8Array {
    const { provider, ourPeerId, theirPeerId } = this.#init;
    using theirKem = provider.kemImportPublic(m1.kemPublicKey);
    using ephemeral = provider.x25519Generate();
    const nonce = provider.random.bytes(32);
    if (equalBytes(nonce, m1.nonce) || equalBytes(ephemeral.publicKey, m1.ephemeral)) {
      throw new GateRefusal(gateCodes.PEER_BINDING, 'our own values came back');
    }
    const dh = provider.x25519(ephemeral, m1.ephemeral);
    const { ciphertext, sharedSecret } = provider.kemEncapsulate(theirKem);
    const m2 = encodeTagged(frameKinds.m2, m2Type, {
      version: GATE_VERSION,
      ...this.#choice,
      nonce,
      ephemeral: ephemeral.publicKey,
      ciphertext,
    });
    const th2 = helloHash(provider, { initiator: theirPeerId, responder: ourPeerId }, m1Frame, m2);
    this.channel = new GateChannel(provider, 'responder', dh, sharedSecret, th2);
    return m2;
  }

  async #receiveM3(frame: Uint8Array): Promise<GateStep<Credential>> {
    const { sessions } = this.#init;
    const transcriptHash = this.channel.hash;
    const signed = decodeClaims(initiatorClaimsType, this.openSealed(frame, sealedKinds.m3));
    const { peer, credential, ts } = await checkPeer(
      this.#init,
      { ...signed, purpose: signaturePurposes.gateInitiator, transcriptHash },
      this.signal,
    );
    const offeredSid = await this.session(() => sessions.liveSid(peer));
    const bundle = await this.session(() => sessions.bundle(peer));
    const m4 = this.#sealM4(offeredSid, bundle);
    const context = this.context({
      peer,
      credential,
      gateHash: this.channel.hash,
      ...this.#choice,
      initiatedAtMs: ts,
    });
    this.#agreed = { context, offeredSid };
    this.#phase = 'awaits M5';
    return { send: [m4] };
  }

  #sealM4(
    sid: Uint8Array | null,
    bundle: { readonly spk: Uint8Array; readonly opk: Uint8Array; readonly kem: Uint8Array },
  ): Uint8Array {
    const { provider, ours, credential, clock } = this.#init;
    const { spk, opk, kem } = bundle;
    const claims = encodeTagged(sealedKinds.m4, responderClaimsType, {
      block: ours.block,
      credential,
      ts: BigInt(Math.trunc(clock.nowMs())),
      sid,
      spk,
      opk,
      kem,
    });
    const body = gateSignatureBody(provider, this.channel.hash, claims.subarray(1));
    const signature = signHybrid(provider, ours.keys, signaturePurposes.gateResponder, body);
    return this.seal(concatBytes(claims, signature));
  }

  async #receiveM5(frame: Uint8Array): Promise<GateStep<Credential>> {
    const { sessions } = this.#init;
    const start = decodeSealed(sessionType, this.openSealed(frame, sealedKinds.m5));
    const agreed = this.#agreed;
    if (agreed === undefined) throw new TypeError('M5 before M4');
    const { context, offeredSid } = agreed;
    const { sid, message } = start;
    if (start.verdict !== 0 || (sid !== null && !isSameSid(sid, offeredSid))) {
      throw new GateRefusal(gateCodes.MALFORMED, 'M5 is about a session that we did not offer');
    }
    const reply = await this.session(() =>
      sid === null ? sessions.accept(context, message) : sessions.resume(context, sid, message),
    );
    const m6 = this.seal(encodeTagged(sealedKinds.m6, sessionType, { verdict: 0, sid, message: reply }));
    return { send: [m6], done: this.result('responder', context, sid) };
  }
}

/** A gate that a peer opens to us. Ask the {@link GateLimiter} first. @throws GateError `CREDENTIAL_TOO_LARGE` */
export function createGateResponder<Credential>(
  init: GateResponderInit<Credential>,
): GateResponder<Credential> {
  return new GateResponder(init);
}
