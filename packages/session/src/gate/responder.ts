/**
 * The responder of the gate: <- M1, -> M2, <- M3, -> M4, <- M5, -> M6. No byte of its identity is even assembled before
 * M3 has passed every check.
 */
import { concatBytes, equalBytes } from '@wotid/core';
import { signaturePurposes, signHybrid, type KemKeyPair } from '@wotid/crypto';
import { defaultSecurityPolicy, type SecurityPolicy } from '../security-policy.ts';
import { onlineAlgorithms } from '../signature-policy.ts';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import { isSameSid } from './initiator.ts';
import { GateMachine, keyExchange, resumableSid } from './machine.ts';
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
  type GateBundle,
  type HelloM1,
} from './messages.ts';
import { assertVersion, choose, type GateChoice } from './negotiation.ts';
import { checkPeer, gateSignatureBody } from './peer-check.ts';
import type { GateInit, GateSessionContext, GateStep, ResponderSessions } from './ports.ts';
import { GateChannel, helloHash, type GateSecrets } from './transcript.ts';
import { GATE_VERSION } from './limits.ts';

/** Settings of {@link createGateResponder}. */
export interface GateResponderInit<Credential> extends GateInit<Credential> {
  /**
   * Our published KEM key of this id, or `null` when it is not (or no longer) here; disposed of by the gate. Without it
   * encapsulations are refused with `KEX`.
   */
  readonly kemPrekey?: (kemId: number) => KemKeyPair | null;
  readonly sessions: ResponderSessions<Credential>;
}

type Phase = 'awaits M1' | 'awaits M3' | 'awaits M5';

/** See {@link GateMachine}. */
export class GateResponder<Credential> extends GateMachine<Credential> {
  readonly #init: GateResponderInit<Credential>;
  #phase: Phase = 'awaits M1';
  readonly #policy: SecurityPolicy;
  #choice: GateChoice | undefined;
  #isToPublishedPrekey = false;
  #agreed: { context: GateSessionContext<Credential>; offeredSid: Uint8Array | null } | undefined;

  constructor(init: GateResponderInit<Credential>) {
    super(init);
    this.#init = init;
    this.#policy = init.policy ?? defaultSecurityPolicy;
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
    const choice = choose(this.#policy, m1);
    const m2 = keyExchange(() => this.#exchangeKeys(m1, frame, choice));
    this.#choice = choice;
    this.#isToPublishedPrekey = m1.prekeyEncapsulation !== null;
    this.#phase = 'awaits M3';
    this.observe('sent', m2);
    return { send: [m2] };
  }

  /** M2, and the channel behind it. */
  #exchangeKeys(m1: HelloM1, m1Frame: Uint8Array, choice: GateChoice): Uint8Array {
    const { provider, ourPeerId, theirPeerId } = this.#init;
    using theirKem = provider.kemImportPublic(m1.kemPublicKey);
    using ephemeral = provider.x25519Generate();
    const nonce = provider.random.bytes(32);
    if (equalBytes(nonce, m1.nonce) || equalBytes(ephemeral.publicKey, m1.ephemeral)) {
      throw new GateRefusal(gateCodes.PEER_BINDING, 'our own values came back');
    }
    const prekey = this.#decapsulate(m1);
    const dh = provider.x25519(ephemeral, m1.ephemeral);
    const { ciphertext, sharedSecret: kem } = provider.kemEncapsulate(theirKem);
    const m2 = encodeTagged(frameKinds.m2, m2Type, {
      version: GATE_VERSION,
      ...choice,
      nonce,
      ephemeral: ephemeral.publicKey,
      ciphertext,
    });
    const th2 = helloHash(provider, { initiator: theirPeerId, responder: ourPeerId }, m1Frame, m2);
    this.channel = new GateChannel(provider, 'responder', { dh, kem, prekey }, th2);
    return m2;
  }

  /** The secret that M1 has encapsulated to a KEM key that we have published. */
  #decapsulate({ prekeyEncapsulation }: HelloM1): GateSecrets['prekey'] {
    if (prekeyEncapsulation === null) return null;
    const { kemId, ciphertext } = prekeyEncapsulation;
    using prekey = this.#init.kemPrekey?.(kemId) ?? null;
    if (prekey === null) {
      throw new GateRefusal(gateCodes.KEX, 'an encapsulation to a prekey that is not here');
    }
    const { publicKey } = prekey;
    return { publicKey, secret: this.#init.provider.kemDecapsulate(prekey, ciphertext) };
  }

  async #receiveM3(frame: Uint8Array): Promise<GateStep<Credential>> {
    const { sessions } = this.#init;
    const choice = this.#choice;
    if (choice === undefined) throw new TypeError('M3 before M1');
    const transcriptHash = this.channel.hash;
    const signed = decodeClaims(initiatorClaimsType, this.openSealed(frame, sealedKinds.m3));
    const { peer, credential, ts } = await checkPeer(
      this.#init,
      {
        ...signed,
        purpose: signaturePurposes.gateInitiator,
        transcriptHash,
        level: choice.level,
      },
      this.signal,
    );
    const live = await this.session(() => sessions.liveSession(peer));
    const offeredSid = resumableSid(live, choice);
    const bundle = await this.session(() => sessions.bundle(peer, choice.level));
    const m4 = this.#sealM4(choice, offeredSid, bundle);
    const context = this.context({
      peer,
      credential,
      gateHash: this.channel.hash,
      ...choice,
      initiatedAtMs: ts,
    });
    this.#agreed = { context, offeredSid };
    this.#phase = 'awaits M5';
    return { send: [m4] };
  }

  #sealM4({ level }: GateChoice, sid: Uint8Array | null, bundle: GateBundle): Uint8Array {
    const { provider, ours, credential, clock } = this.#init;
    const { spk, opk, kem } = bundle;
    const claims = encodeTagged(sealedKinds.m4, responderClaimsType(level), {
      block: ours.block,
      credential,
      ts: BigInt(Math.trunc(clock.nowMs())),
      sid,
      spk,
      opk,
      kem,
    });
    const body = gateSignatureBody(provider, this.channel.hash, claims.subarray(1));
    const [algorithm] = onlineAlgorithms(level);
    const signature = signHybrid(provider, ours.keys, signaturePurposes.gateResponder, body, algorithm);
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
    return { send: [m6], done: this.result('responder', context, sid, this.#isToPublishedPrekey) };
  }
}

/** A gate that a peer opens to us. Ask the {@link GateLimiter} first. @throws GateError `CREDENTIAL_TOO_LARGE` */
export function createGateResponder<Credential>(
  init: GateResponderInit<Credential>,
): GateResponder<Credential> {
  return new GateResponder(init);
}
