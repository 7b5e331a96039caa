/**
 * Credentials in conversation, outside the gate: asking a contact for one, offering one, showing one, and checking what
 * was shown. Nothing is shown without the user's word.
 */
import { equalBytes, errorText, silentLogger, type Logger } from '@wotid/core';
import { credentialHash } from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import {
  encodePresentation,
  encodePresentationOffer,
  encodePresentationRequest,
  messageTypes,
  parsePresentation,
  parsePresentationOffer,
  parsePresentationRequest,
} from '@wotid/session';
import type { Admission } from './admission.ts';
import type { Contacts } from './contacts.ts';
import { credentialFacts } from './credential-facts.ts';
import { AgentError } from './errors.ts';
import { PeerQueue } from './peer-queue.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Delivery, InboxMessage, PresentationReport, SendOptions } from './types.ts';

export interface PresentationsInit {
  readonly provider: CryptoProvider;
  readonly logger?: Logger;
  readonly admission: Admission;
  readonly contacts: Contacts;
  readonly keeper: SessionKeeper;
  readonly credential: () => Uint8Array | null;
  readonly send: (
    to: string,
    message: { readonly type: number; readonly payload: Uint8Array },
    options: SendOptions,
  ) => Promise<Delivery>;
  readonly onPresentation: (report: PresentationReport) => void;
}

/**
 * Credentials that wait to be checked: one of each peer is checked at a time, and may ask an issuer and the chain. What is
 * above that is not checked by itself; its message stays, and can be checked at the user's word.
 */
const waiting = { perPeer: 4, inTotal: 64 };
/** What is asked for where nothing else is said. */
const verifiedHuman = 'VerifiedHumanCredential';

export class Presentations {
  readonly #init: PresentationsInit;
  readonly #checks = new PeerQueue(waiting);

  constructor(init: PresentationsInit) {
    this.#init = init;
  }

  /** Asks a contact to show a credential. @throws SessionError `BAD_MESSAGE`; and what sending throws */
  request(
    to: string,
    wanted: {
      readonly types?: readonly string[];
      readonly issuers?: readonly string[];
      readonly reason?: string;
    },
    options: SendOptions = {},
  ): Promise<Delivery> {
    const { types = [verifiedHuman], issuers = [], reason = '' } = wanted;
    const payload = encodePresentationRequest({ types, issuers, reason });
    return this.#init.send(to, { type: messageTypes.presentationRequest, payload }, options);
  }

  /** Says which credential we could show. @throws AgentError `NO_CREDENTIAL`; and what sending throws */
  offer(to: string, options: SendOptions = {}): Promise<Delivery> {
    const credential = this.#own();
    const { issuer, validUntil } = credentialFacts(credential);
    const payload = encodePresentationOffer({
      types: [verifiedHuman],
      issuer,
      credentialHash: credentialHash(this.#init.provider, credential),
      validUntilMs: Date.parse(validUntil),
    });
    return this.#init.send(to, { type: messageTypes.presentationOffer, payload }, options);
  }

  /** Shows our credential, signed. @throws AgentError `NO_CREDENTIAL`; and what sending throws */
  present(to: string, options: SendOptions = {}): Promise<Delivery> {
    const payload = encodePresentation(this.#own());
    return this.#init.send(to, { type: messageTypes.presentation, payload }, options);
  }

  /** What a message about credentials says; `null` for another one, or one that does not decode. */
  read({ type, payload }: Pick<InboxMessage, 'type' | 'payload'>): Readonly<Record<string, unknown>> | null {
    try {
      if (type === 'presentationRequest') return { ...parsePresentationRequest(payload) };
      if (type !== 'presentationOffer') return null;
      const { credentialHash: hash, ...offer } = parsePresentationOffer(payload);
      return { ...offer, credentialHash: hash.toHex() };
    } catch {
      return null;
    }
  }

  /**
   * Checks the credential that a message shows, as the gate would: it must be its sender's own, of an issuer that we
   * trust. What passes is kept with the contact.
   * @throws AgentError `BAD_REQUEST` for a message that shows none, `NO_CONTACT`
   */
  async check({ from, messageId, type, payload }: InboxMessage): Promise<PresentationReport> {
    const { admission, contacts, keeper } = this.#init;
    if (type !== 'presentation') throw new AgentError('BAD_REQUEST', 'this message shows no credential');
    const peer = contacts.identity(from);
    if (peer === null) throw new AgentError('NO_CONTACT', 'the sender is no contact any more');
    let credential: Uint8Array;
    try {
      credential = parsePresentation(payload);
    } catch (error) {
      return { from, messageId, isAccepted: false, reason: errorText(error), credential: null };
    }
    const verdict = await admission.check(peer, credential);
    if (!verdict.ok) return { from, messageId, isAccepted: false, reason: verdict.reason, credential: null };
    // What the check was about may not be who they are any more: keys that they have replaced must not come back.
    const now = contacts.identity(from);
    if (now === null || !equalBytes(now.idFp, peer.idFp)) {
      const reason = 'the keys of the sender have changed during the check';
      return { from, messageId, isAccepted: false, reason, credential: null };
    }
    const level = keeper.active(from)?.level;
    if (level !== undefined) contacts.remember(peer, credential, level);
    return { from, messageId, isAccepted: true, reason: '', credential: credentialFacts(credential) };
  }

  /** A credential has been shown: it is checked when those before it are. Never throws. */
  receive(message: InboxMessage): void {
    const { logger = silentLogger, onPresentation } = this.#init;
    this.#checks
      .run(message.from, () => this.check(message))
      .then(onPresentation, (error: unknown) =>
        logger.warn('presentation.unchecked', { reason: errorText(error) }),
      );
  }

  #own(): Uint8Array {
    const credential = this.#init.credential();
    if (credential !== null) return credential;
    throw new AgentError('NO_CREDENTIAL', 'you have no Verified Human credential to show', {
      hint: 'Get one: wotid credential request OFFER.',
    });
  }
}
