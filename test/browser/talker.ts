/**
 * One end of a conversation, the same in a page and in Node: passes the gate on the public API of the session package,
 * then seals and opens messages. Credentials here are an issuer's hybrid signature over DID and fingerprint.
 */
import { bcs, concatBytes, fixedBytesType, shortTextType, utf8 } from '@wotid/core';
import {
  decodeSigned,
  identityFingerprint,
  importIdentityVerifyingKeys,
  IdentityKeys,
  parseIdentityBlock,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
} from '@wotid/crypto/portable';
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
  parseText,
  sealMessage,
  splitInit,
  type GateBundle,
  type GateInitiator,
  type GateResponder,
  type GateSessionContext,
  type InitiatorSessions,
  type OwnIdentity,
  type PeerIdentity,
  type PeerToVerify,
  type PeerVerdict,
  type ResponderSessions,
  type Session,
} from '@wotid/session';

const credentialType = bcs.struct('test credential', { did: shortTextType, idFp: fixedBytesType(32) });

/** A credential for `holder`, signed by `issuer` like any other hybrid signature. */
export function issueTo(
  provider: CryptoProvider,
  issuer: IdentityKeys,
  holder: { readonly did: string; readonly idFp: Uint8Array },
): Uint8Array {
  const body = credentialType.serialize(holder).toBytes();
  return concatBytes(body, signHybrid(provider, issuer, 'card', body));
}

/** What a talker is made of. */
export interface TalkerInit {
  readonly provider: CryptoProvider;
  readonly did: string;
  /** The issuer whose credentials count: an encoded identity block. */
  readonly issuerBlock: Uint8Array;
  readonly nowMs: () => number;
}

/** One person with at most one session. */
export class Talker implements InitiatorSessions<string>, ResponderSessions<string> {
  readonly own: OwnIdentity;
  session: Session | null = null;
  readonly heard: string[] = [];
  readonly #init: TalkerInit;
  #peer: PeerIdentity | null = null;
  #prekeys: OnlinePrekeys | null = null;
  #seq = 0;

  constructor(init: TalkerInit) {
    this.#init = init;
    this.own = ownIdentity(init.provider, IdentityKeys.generate(init.provider), init.did);
  }

  initiator(credential: Uint8Array, peerIds: readonly [Uint8Array, Uint8Array]): GateInitiator<string> {
    return createGateInitiator({ ...this.#gate(credential, peerIds), sessions: this });
  }

  responder(credential: Uint8Array, peerIds: readonly [Uint8Array, Uint8Array]): GateResponder<string> {
    return createGateResponder({ ...this.#gate(credential, peerIds), sessions: this });
  }

  /** An envelope with `words`. */
  say(words: string): Uint8Array {
    const { provider, nowMs } = this.#init;
    const message = {
      type: messageTypes.text,
      payload: encodeText(words),
      messageId: newMessageId(provider.random),
      seq: ++this.#seq,
      sentAtMs: nowMs(),
    };
    const sealed = sealMessage(provider, this.#live(), message, { route: 'online', nowMs: nowMs() });
    this.session = sealed.session;
    return sealed.envelope;
  }

  /** The words in an envelope. */
  hear(envelope: Uint8Array): string {
    const { provider, nowMs } = this.#init;
    const peer = (this.#peer as PeerIdentity).block;
    const opened = openEnvelope(provider, this.#live(), envelope, { nowMs: nowMs(), peer });
    this.session = opened.session;
    const words = parseText(opened.message.payload);
    this.heard.push(words);
    return words;
  }

  liveSession(): Session | null {
    return null;
  }

  bundle(): GateBundle {
    this.#prekeys = new OnlinePrekeys(this.#init.provider);
    return this.#prekeys.publicKeys;
  }

  open(context: GateSessionContext<string>, bundle: GateBundle): Uint8Array {
    const made = createGateSession(this.#init.provider, { ...this.#sessionInit(context), prekeys: bundle });
    this.session = made.session;
    return concatBytes(made.publicPart, this.say('through the gate'));
  }

  accept(context: GateSessionContext<string>, message: Uint8Array): Uint8Array {
    const parts = splitInit(message);
    if (parts === null) throw new TypeError('M5 starts no session');
    this.session = acceptGateSession(this.#init.provider, parts.publicBytes, {
      ...this.#sessionInit(context),
      prekeys: this.#prekeys as OnlinePrekeys,
    });
    this.hear(parts.envelope);
    return this.say('come in');
  }

  complete(_context: GateSessionContext<string>, reply: Uint8Array): void {
    this.hear(reply);
  }

  resume(): Uint8Array {
    throw new TypeError('no session was offered');
  }

  #live(): Session {
    if (this.session === null) throw new TypeError('there is no session yet');
    return this.session;
  }

  #gate(credential: Uint8Array, [ourPeerId, theirPeerId]: readonly [Uint8Array, Uint8Array]) {
    const { provider, nowMs } = this.#init;
    return {
      provider,
      clock: { nowMs },
      ours: this.own,
      credential,
      ourPeerId,
      theirPeerId,
      verifyPeer: async (peer: PeerToVerify): Promise<PeerVerdict<string>> => this.#verify(peer),
    };
  }

  #verify(peer: PeerToVerify): PeerVerdict<string> {
    const { provider, issuerBlock } = this.#init;
    using issuer = importIdentityVerifyingKeys(provider, parseIdentityBlock(issuerBlock));
    const { value, body, signature } = decodeSigned(credentialType, peer.credentialBytes, {
      what: 'credential',
      maxBytes: 6_000,
    });
    const isTheirs = value.did === peer.did && value.idFp.toHex() === peer.idFp.toHex();
    if (!isTheirs || !verifyHybrid(provider, issuer, 'card', body, signature)) {
      return { ok: false, code: gateCodes.VC_SIG };
    }
    return { ok: true, credential: value.did };
  }

  #sessionInit(context: GateSessionContext<string>) {
    this.#peer = context.peer;
    const { peer, level, suite, gateHash, exporter, initiatedAtMs } = context;
    const nowMs = this.#init.nowMs();
    return {
      ours: this.own,
      peer,
      level,
      suite,
      gate: { gateHash, exporter: exporter() },
      initiatedAtMs,
      nowMs,
    };
  }
}

/** What an issuer needs to know of a talker. */
export function holderOf(provider: CryptoProvider, talker: Talker): { did: string; idFp: Uint8Array } {
  const { block } = talker.own;
  return { did: block.did, idFp: identityFingerprint(provider, block) };
}

export const pagePeerId: Uint8Array = utf8('12D3-page');
export const nodePeerId: Uint8Array = utf8('12D3-node');
