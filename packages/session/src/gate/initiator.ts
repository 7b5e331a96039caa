/** The initiator of the gate: -> M1, <- M2, -> M3, <- M4, -> M5, <- M6. It shows its identity first, with M3. */
import { concatBytes, equalBytes } from '@wotid/core';
import { signaturePurposes, signHybrid, wipe, type KemKeyPair, type X25519KeyPair } from '@wotid/crypto';
import { prekeyId } from '../kdf.ts';
import { encodeKem } from '../pqxdh/encoding.ts';
import { atLeast, defaultSecurityPolicy, type SecurityPolicy } from '../security-policy.ts';
import { onlineAlgorithms } from '../signature-policy.ts';
import { gateCodes } from './codes.ts';
import { GateError, GateRefusal } from './errors.ts';
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
  type HelloM1,
} from './messages.ts';
import { assertVersion, checkChoice, offerOf, type GateChoice } from './negotiation.ts';
import { checkPeer, gateSignatureBody } from './peer-check.ts';
import type { GateInit, GateSessionContext, GateStep, InitiatorSessions } from './ports.ts';
import { GateChannel, helloHash, type GateSecrets } from './transcript.ts';

/** Settings of {@link createGateInitiator}. */
export interface GateInitiatorInit<Credential> extends GateInit<Credential> {
  /** The DID that the owner of the dialled PeerId is known by; any other one is refused (18). */
  readonly expectedDid?: string;
  /**
   * The KEM prekey of that DID's verified publication, 1568 bytes: M1 then carries an encapsulation to it, and M3 can be
   * read by nobody who does not hold its secret, not even by somebody who has broken the connection's keys. Wrong or
   * outdated: the gate ends with `KEX`. Never try again without it: get the latest publication instead.
   */
  readonly responderKemPrekey?: Uint8Array;
  readonly sessions: InitiatorSessions<Credential>;
}

type Phase = 'new' | 'awaits M2' | 'awaits M4' | 'awaits M6';

/** See {@link GateMachine}; {@link start} comes first. */
export class GateInitiator<Credential> extends GateMachine<Credential> {
  readonly #init: GateInitiatorInit<Credential>;
  readonly #ephemeral: X25519KeyPair;
  readonly #kem: KemKeyPair;
  readonly #nonce: Uint8Array;
  readonly #policy: SecurityPolicy;
  #prekeySecret: Uint8Array | null = null;
  #phase: Phase = 'new';
  #m1: Uint8Array = new Uint8Array(0);
  #choice: GateChoice | undefined;
  #ts = 0;
  #agreed: { context: GateSessionContext<Credential>; resumedSid: Uint8Array | null } | undefined;

  constructor(init: GateInitiatorInit<Credential>) {
    super(init);
    this.#init = init;
    this.#nonce = init.provider.random.bytes(32);
    this.#ephemeral = init.provider.x25519Generate();
    this.#kem = init.provider.kemGenerate();
    this.#policy = policyFor(init);
  }

  /**
   * M1. Dialling ourselves ends the gate at once; so does a peer with whom a higher level was reached than we now offer.
   * @throws GateError `GATE_ENDED`, `GATE_BUSY` when called again
   * @throws CryptoError `BAD_PUBLIC_KEY` for a responder's KEM prekey that is none
   */
  start(): GateStep<Credential> {
    if (this.hasEnded) throw new GateError('GATE_ENDED', 'this gate has ended: start another one');
    if (this.#phase !== 'new') throw new GateError('GATE_BUSY', 'this gate was started before');
    if (equalBytes(this.#init.ourPeerId, this.#init.theirPeerId)) {
      return { ...this.abort(gateCodes.PEER_BINDING, 'both ends are the same node'), send: [] };
    }
    if (this.#policy.minLevel > this.#policy.maxLevel) {
      return { ...this.abort(gateCodes.LEVEL, 'we offer less than what was reached before'), send: [] };
    }
    this.#m1 = encodeTagged(frameKinds.m1, m1Type, {
      ...offerOf(this.#policy),
      nonce: this.#nonce,
      ephemeral: this.#ephemeral.publicKey,
      kemPublicKey: this.#kem.publicKey,
      prekeyEncapsulation: this.#encapsulate(),
    });
    this.#phase = 'awaits M2';
    this.observe('sent', this.#m1);
    return { send: [this.#m1] };
  }

  #encapsulate(): HelloM1['prekeyEncapsulation'] {
    const { provider, responderKemPrekey } = this.#init;
    if (responderKemPrekey === undefined) return null;
    using theirs = provider.kemImportPublic(responderKemPrekey);
    const { ciphertext, sharedSecret } = provider.kemEncapsulate(theirs);
    this.#prekeySecret = sharedSecret;
    return { kemId: prekeyId(provider, encodeKem(responderKemPrekey)), ciphertext };
  }

  protected async handle(frame: Uint8Array): Promise<GateStep<Credential>> {
    switch (this.#phase) {
      case 'new':
        throw new GateError('GATE_NOT_STARTED', 'call start() first');
      case 'awaits M2':
        return this.#receiveM2(frame);
      case 'awaits M4':
        return this.#receiveM4(frame);
      case 'awaits M6':
        return this.#receiveM6(frame);
    }
  }

  protected release(): void {
    this.#ephemeral.dispose();
    this.#kem.dispose();
    if (this.#prekeySecret !== null) wipe(this.#prekeySecret);
    this.#prekeySecret = null;
  }

  #receiveM2(frame: Uint8Array): GateStep<Credential> {
    const { provider, ourPeerId, theirPeerId } = this.#init;
    this.expectHello(frame, frameKinds.m2);
    assertVersion(frame);
    const m2 = decodeHello(m2Type, frame);
    const choice = checkChoice(this.#policy, m2);
    if (equalBytes(m2.nonce, this.#nonce) || equalBytes(m2.ephemeral, this.#ephemeral.publicKey)) {
      throw new GateRefusal(gateCodes.PEER_BINDING, 'our own values came back');
    }
    const th2 = helloHash(provider, { initiator: ourPeerId, responder: theirPeerId }, this.#m1, frame);
    this.channel = keyExchange(() => {
      const dh = provider.x25519(this.#ephemeral, m2.ephemeral);
      const kem = provider.kemDecapsulate(this.#kem, m2.ciphertext);
      return new GateChannel(provider, 'initiator', { dh, kem, prekey: this.#prekey() }, th2);
    });
    this.#choice = choice;
    this.release();
    this.#phase = 'awaits M4';
    return { send: [this.#sealM3(choice)] };
  }

  #prekey(): GateSecrets['prekey'] {
    const { responderKemPrekey: publicKey } = this.#init;
    const secret = this.#prekeySecret;
    return publicKey === undefined || secret === null ? null : { publicKey, secret };
  }

  #sealM3({ level }: GateChoice): Uint8Array {
    const { provider, ours, credential, clock } = this.#init;
    this.#ts = Math.trunc(clock.nowMs());
    const claims = encodeTagged(sealedKinds.m3, initiatorClaimsType, {
      block: ours.block,
      credential,
      ts: BigInt(this.#ts),
    });
    const body = gateSignatureBody(provider, this.channel.hash, claims.subarray(1));
    const [algorithm] = onlineAlgorithms(level);
    const signature = signHybrid(provider, ours.keys, signaturePurposes.gateInitiator, body, algorithm);
    return this.seal(concatBytes(claims, signature));
  }

  async #receiveM4(frame: Uint8Array): Promise<GateStep<Credential>> {
    const { sessions, expectedDid } = this.#init;
    const choice = this.#choice;
    if (choice === undefined) throw new TypeError('M4 before M2');
    const transcriptHash = this.channel.hash;
    const signed = decodeClaims(responderClaimsType(choice.level), this.openSealed(frame, sealedKinds.m4));
    const gateHash = this.channel.hash;
    const { peer, credential } = await checkPeer(
      this.#init,
      {
        ...signed,
        purpose: signaturePurposes.gateResponder,
        transcriptHash,
        expectedDid,
        level: choice.level,
      },
      this.signal,
    );
    const { spk, opk, kem, sid: offeredSid } = signed.claims;
    const context = this.context({
      peer,
      credential,
      gateHash,
      ...choice,
      initiatedAtMs: this.#ts,
    });
    const live = offeredSid === null ? null : await this.session(() => sessions.liveSession(peer));
    const liveSid = resumableSid(live, choice);
    const resumedSid =
      offeredSid !== null && liveSid !== null && equalBytes(offeredSid, liveSid) ? offeredSid : null;
    const message = await this.session(() =>
      resumedSid === null ? sessions.open(context, { spk, opk, kem }) : sessions.resume(context, resumedSid),
    );
    this.#agreed = { context, resumedSid };
    this.#phase = 'awaits M6';
    return {
      send: [this.seal(encodeTagged(sealedKinds.m5, sessionType, { verdict: 0, sid: resumedSid, message }))],
    };
  }

  async #receiveM6(frame: Uint8Array): Promise<GateStep<Credential>> {
    const reply = decodeSealed(sessionType, this.openSealed(frame, sealedKinds.m6));
    const agreed = this.#agreed;
    if (agreed === undefined) throw new TypeError('M6 before M5');
    const { context, resumedSid } = agreed;
    if (reply.verdict !== 0 || !isSameSid(reply.sid, resumedSid)) {
      throw new GateRefusal(gateCodes.MALFORMED, 'M6 is about another session than M5');
    }
    await this.session(() => this.#init.sessions.complete(context, reply.message));
    const isToPublishedPrekey = this.#init.responderKemPrekey !== undefined;
    return { send: [], done: this.result('initiator', context, resumedSid, isToPublishedPrekey) };
  }
}

/** With a peer that we know, no less than what was reached before. */
function policyFor<Credential>(init: GateInitiatorInit<Credential>): SecurityPolicy {
  const policy = init.policy ?? defaultSecurityPolicy;
  const reached = init.expectedDid === undefined ? null : (init.reachedLevel?.(init.expectedDid) ?? null);
  return reached === null ? policy : atLeast(policy, reached);
}

/** Equal, or both absent. */
export function isSameSid(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left === null || right === null ? left === right : equalBytes(left, right);
}

/** A gate that we open to a peer whose PeerId we dialled. @throws GateError `CREDENTIAL_TOO_LARGE` */
export function createGateInitiator<Credential>(
  init: GateInitiatorInit<Credential>,
): GateInitiator<Credential> {
  return new GateInitiator(init);
}
