/**
 * An agent: one person, one home, one node. What an application calls; the parts behind it own the rules.
 */
import { isWotError } from '@wotid/core';
import { encodeTrustedIssuer, isDid } from '@wotid/credential';
import { boundAddresses, withAnyPort } from './addresses.ts';
import type { AgentEventSource } from './agent-events.ts';
import { assemble, type AgentInit, type AgentParts } from './assembly.ts';
import { inBackground } from './background.ts';
import { encodeCard } from './card.ts';
import type { ContactFacts } from './contacts.ts';
import type { Conversation } from './conversation.ts';
import { fetchIssuerDocument } from './credential-offer.ts';
import { encodeCredentialRequest } from './credential-request.ts';
import type { RotatedKeys } from './did-changes.ts';
import type { DirectoryLookup } from './directory-lookup.ts';
import type { DirectoryPublisher } from './directory-publisher.ts';
import { settingNames } from './network-profile.ts';
import type { OwnCredential } from './own-credential.ts';
import type { OwnDid } from './own-did.ts';
import type { OwnMailbox } from './own-mailbox.ts';
import {
  changedPolicy,
  levelOf,
  loadSecurityPolicy,
  saveSecurityPolicy,
  securityFacts,
  type SecurityChanges,
  type SecurityFacts,
} from './security-settings.ts';
import type { IssuerFacts, Trust } from './trust.ts';
import type {
  AgentStatus,
  ConnectReport,
  Delivery,
  InboxMessage,
  SendContent,
  SendOptions,
  SyncReport,
} from './types.ts';
import type { Wallet } from './wallet.ts';
import { boundedFetch } from './web-fetch.ts';

const defaultListen = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'];

/** A running agent. */
export class Agent {
  readonly wallet: Wallet;
  readonly trust: Trust;
  readonly mailbox: OwnMailbox;
  readonly identity: OwnDid;
  readonly conversation: Conversation;
  readonly credential: OwnCredential;
  readonly directory: DirectoryPublisher;
  readonly lookup: DirectoryLookup;
  /** Calls a listener for each event of a name. Returns how to stop. */
  readonly on: AgentEventSource['on'];
  readonly #parts: AgentParts;
  #closing: Promise<void> | undefined;

  private constructor(parts: AgentParts) {
    this.#parts = parts;
    this.wallet = parts.wallet;
    this.trust = parts.trust;
    this.mailbox = parts.mailbox;
    this.identity = parts.identity;
    this.conversation = parts.conversation;
    this.credential = parts.credential;
    this.directory = parts.directory;
    this.lookup = parts.lookup;
    this.on = parts.events.on.bind(parts.events);
  }

  /**
   * Opens an agent on its home: starts the node, looks into the mailbox, and sends what waits.
   * @throws AgentError `BAD_NETWORK` for an unfinished home; TransportError `CANNOT_LISTEN`, `BAD_ADDRESS`, `DENIED`;
   *   HomeError, SessionError `RECORD_INVALID`
   */
  static async open(init: AgentInit): Promise<Agent> {
    const agent = new Agent(assemble(init));
    try {
      await agent.#start(init);
    } catch (error) {
      await agent.close();
      throw error;
    }
    return agent;
  }

  /** @throws AgentError `NO_DID` before it is published */
  get did(): string {
    return this.#parts.ours.requireDid();
  }

  get peerId(): string {
    return this.#parts.links.peerId;
  }

  /** Multiaddrs at which others reach us, each ending in our PeerId. */
  get addresses(): string[] {
    return this.#parts.links.addresses();
  }

  status(): AgentStatus {
    const { name, rpcUrl, chainId, packageId } = this.#parts.profile;
    return {
      did: this.#parts.ours.did,
      fingerprint: this.#parts.ours.did === null ? null : this.#parts.ours.idFp.toHex(),
      peerId: this.peerId,
      addresses: this.addresses,
      network: { name, rpcUrl, chainId },
      packageId,
      mailboxId: this.mailbox.ids?.mailboxId ?? null,
      capId: this.mailbox.ids?.capId ?? null,
      accounts: { owner: this.wallet.address('owner'), postage: this.wallet.address('postage') },
      hasCredential: this.credential.bytes() !== null,
      trustedIssuers: this.trust.issuers.length,
      sessions: this.#parts.keeper.count,
      toSend: this.#parts.home.outbox.count('queued') + this.#parts.home.outbox.count('sent'),
      inbox: this.#parts.home.inbox.count(),
    };
  }

  /** A request that an issuer can answer with a credential. */
  credentialRequest(): string {
    this.#parts.ours.requireDid();
    return encodeCredentialRequest(
      this.#parts.provider,
      this.#parts.ours.keys,
      this.#parts.ours.block,
      this.#parts.clock.nowMs(),
    );
  }

  /**
   * What an issuer publishes to be pinned, for the user to look at: nothing is trusted by it.
   * @param url its address, or that of the document
   * @throws AgentError `ISSUER_UNREACHABLE`; CredentialError `BAD_TRUST_FILE`
   */
  async fetchIssuer(url: string): Promise<IssuerFacts & { readonly document: string }> {
    const { allowLoopbackHttp } = this.#parts.profile;
    const document = encodeTrustedIssuer(await fetchIssuerDocument(url, boundedFetch({ allowLoopbackHttp })));
    return { ...this.trust.describe(document), document };
  }

  /**
   * Asks a trusted issuer now whether its keys have changed, and pins those that its own keys have handed over to.
   * @throws AgentError `UNTRUSTED_ISSUER`, `ISSUER_UNREACHABLE`; CredentialError `KEY_SUCCESSION`
   */
  async updateIssuer(did: string): Promise<IssuerFacts & { readonly changed: boolean }> {
    const changed = await this.#parts.issuerKeys.update(did);
    return { ...(this.trust.list().find((issuer) => issuer.did === did) as IssuerFacts), changed };
  }

  /** Our signed contact card, as text to give to others. */
  card(): string {
    this.#parts.ours.requireDid();
    return encodeCard(this.#parts.provider, this.#parts.ours.keys, {
      block: this.#parts.ours.block,
      credential: this.credential.bytes() ?? new Uint8Array(),
      ...this.#parts.place(),
      issuedAtMs: this.#parts.clock.nowMs(),
    });
  }

  /** Checks somebody's card and keeps them as a contact. @throws AgentError `BAD_CARD`, `BAD_ALIAS`; ArmorError */
  addContact(card: string, alias?: string): Promise<ContactFacts> {
    return this.#parts.contacts.add(card, alias);
  }

  contacts(): ContactFacts[] {
    return this.#parts.contacts.list().map((facts) => this.#withStanding(facts));
  }

  /** What is known of one contact. @throws AgentError `NO_CONTACT` */
  contact(who: string): ContactFacts {
    const { contacts } = this.#parts;
    return this.#withStanding(contacts.factsOf(contacts.resolve(who)));
  }

  /** What is known of one contact, once their credential is checked anew. @throws AgentError `NO_CONTACT` */
  async lookAt(who: string): Promise<ContactFacts> {
    const { contacts, standing } = this.#parts;
    const { did, fingerprint } = contacts.factsOf(contacts.resolve(who));
    if (fingerprint !== '') await standing.distrust(did, Uint8Array.fromHex(fingerprint));
    return this.contact(did);
  }

  /** The user has seen that a contact has other keys: it is not shown any more. @throws AgentError `NO_CONTACT` */
  acknowledgeKeys(who: string): ContactFacts {
    const { contacts } = this.#parts;
    return this.#withStanding(contacts.acknowledgeKeys(contacts.resolve(who)));
  }

  #withStanding(facts: ContactFacts): ContactFacts {
    const distrust = this.#parts.standing.lastDistrust(facts.did);
    return facts.verified && distrust !== null
      ? { ...facts, verified: false, reason: distrust.reason }
      : facts;
  }

  /** Which levels, suites and signatures this agent offers and accepts. */
  security(): SecurityFacts {
    const { home, ours } = this.#parts;
    return securityFacts(loadSecurityPolicy(home, ours.block));
  }

  /**
   * Changes them; what is left out stays. Sessions below a raised minimum are erased, and the next maintenance publishes
   * prekeys that name the new minimum and suites.
   * @throws AgentError `BAD_REQUEST`; SessionError `BAD_POLICY`
   */
  setSecurity(changes: SecurityChanges): SecurityFacts {
    const { home, ours, keeper } = this.#parts;
    saveSecurityPolicy(home, changedPolicy(loadSecurityPolicy(home, ours.block), changes, ours.block));
    keeper.prune();
    return this.security();
  }

  /**
   * Accepts a lower security level from a contact than was reached with them before.
   * @throws AgentError `NO_CONTACT`, `BAD_REQUEST`
   */
  allowLevel(to: string, level: unknown): ContactFacts {
    const did = this.#parts.contacts.resolve(to);
    this.#parts.contacts.allowLevel(did, levelOf(level));
    return this.#parts.contacts.factsOf(did);
  }

  /** Connects to a contact and passes the gate. See {@link Reach.connect}. */
  connect(to: string, options: { readonly presentation?: Uint8Array } = {}): Promise<ConnectReport> {
    return this.#parts.reach.connect(to, options);
  }

  /** Sends a message; a DID is enough where a directory is set. See {@link Deliveries.send}. */
  async send(to: string, content: SendContent, options: SendOptions = {}): Promise<Delivery> {
    const { contacts, reach, deliveries } = this.#parts;
    const isStranger = isDid(to) && !contacts.isKnown(to);
    return deliveries.send(isStranger ? await reach.findOut(to) : to, content, options);
  }

  /** Received messages after a position, oldest first, at most `limit` (1,000). */
  inbox(query: { readonly after?: number; readonly limit?: number } = {}): InboxMessage[] {
    return this.#parts.inbox.list(query.after ?? 0, Math.min(query.limit ?? 100, 1_000));
  }

  /**
   * Replaces keys of our identity, after a last look into the mailbox: what is sealed to the old keys and comes later
   * cannot be read. See {@link OwnDid.rotate}.
   * @param keys `x25519`, `ed25519`, `ml-dsa-87`, `falcon-1024`; default all that there are
   */
  async rotateKeys(keys?: readonly string[]): Promise<RotatedKeys> {
    const { logger, upkeep } = this.#parts;
    if (this.mailbox.ids !== null) await inBackground(logger, 'agent.sync', () => this.sync());
    const rotated = await this.identity.rotate(keys);
    await inBackground(logger, 'agent.identity', () => upkeep.publishDuePrekeys());
    return rotated;
  }

  /** Looks into the mailbox now. @throws AgentError `NO_MAILBOX`, `WRONG_CHAIN`; MailboxError */
  sync(): Promise<SyncReport> {
    return this.#parts.upkeep.sync();
  }

  /** Ends links, timers and the node; the home stays open. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(init: AgentInit): Promise<void> {
    const { home, logger, identity, deliveries, upkeep } = this.#parts;
    const isListening = await this.#listen(init.listen);
    // Until it is finished, others may expect the new keys of us already.
    if (identity.isRotating) await inBackground(logger, 'agent.identity', () => identity.resume());
    if (!isListening) return;
    home.settings.set({ [settingNames.addresses]: this.addresses.join('\n') });
    deliveries.resume();
    upkeep.start(init.syncIntervalMs ?? 30_000);
  }

  /**
   * Starts the node where it is told to listen, else where it was the last time.
   * @returns false for a command that only connects
   */
  async #listen(wanted: readonly string[] | undefined): Promise<boolean> {
    const { home, logger, links } = this.#parts;
    const remembered = home.settings.get(settingNames.listen)?.split('\n');
    let listen = wanted ?? remembered ?? defaultListen;
    try {
      await links.listen(listen);
    } catch (error) {
      const isTaken = isWotError(error) && error.code === 'CANNOT_LISTEN';
      if (!isTaken || wanted !== undefined || remembered === undefined) throw error;
      // Better to be reached by the mailbox and by new cards than not to start.
      logger.warn('agent.ports-taken', { reason: error.message });
      listen = remembered.map(withAnyPort);
      await links.listen(listen);
    }
    if (listen.length === 0) return false;
    // Cards name these addresses, so the ports that were free this time are the ones to use the next time.
    home.settings.set({ [settingNames.listen]: boundAddresses(listen, this.addresses).join('\n') });
    return true;
  }

  async #close(): Promise<void> {
    const { logger, upkeep, standing, conversation, links, deliveries, directory, sync, identity, ours } =
      this.#parts;
    upkeep.stop();
    standing.stop();
    await inBackground(logger, 'agent.checkpoint', () => conversation.end(links.dids()));
    deliveries.stop();
    await directory.close();
    await links.close();
    await Promise.all([deliveries.idle(), sync.idle(), identity.idle()]);
    ours[Symbol.dispose]();
  }
}
