/**
 * An agent: one person, one home, one node. It wires identity, gate, sessions, mailbox, outbox and inbox together, and
 * owns none of their rules.
 */
import { EventEmitter } from 'node:events';
import { errorText, isWotError, silentLogger, systemClock, type Clock, type Logger } from '@wotid/core';
import { createStatusChecker, encodeTrustedIssuer, isDid } from '@wotid/credential';
import { NodeProvider, wipe, type CryptoProvider, type IdentityBlock } from '@wotid/crypto';
import { DidReader } from '@wotid/did-iota';
import type { ContactPlace } from '@wotid/directory';
import { createIotaClient } from '@wotid/mailbox';
import { SessionError, type GateLimits, type SecurityPolicy } from '@wotid/session';
import { boundAddresses, withAnyPort } from './addresses.ts';
import { Admission } from './admission.ts';
import { encodeCard } from './card.ts';
import { ChainAccess } from './chain-access.ts';
import { Contacts, type ContactFacts } from './contacts.ts';
import { encodeCredentialRequest } from './credential-request.ts';
import { fetchIssuerDocument } from './credential-offer.ts';
import { Conversation } from './conversation.ts';
import { Deliveries } from './delivery.ts';
import type { RotatedKeys } from './did-changes.ts';
import { DirectoryAccess } from './directory-access.ts';
import { DirectoryLookup } from './directory-lookup.ts';
import { DirectoryPublisher } from './directory-publisher.ts';
import { AgentDidResolver } from './did-resolver.ts';
import { AgentError } from './errors.ts';
import { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { LiveIdentity, requireSecret } from './identity.ts';
import { Inbox } from './inbox.ts';
import { Links, type GateObservation } from './links.ts';
import type { LiveLink } from './live-link.ts';
import { MailboxPost } from './mailbox-post.ts';
import { MailboxSync } from './mailbox-sync.ts';
import { didNetworkOfProfile, loadProfile, settingNames, type NetworkProfile } from './network-profile.ts';
import { OwnCredential } from './own-credential.ts';
import { OwnDid } from './own-did.ts';
import { OwnMailbox } from './own-mailbox.ts';
import { PeerPrekeys, type PrekeySource } from './peer-prekeys.ts';
import { Receipts } from './receipts.ts';
import {
  changedPolicy,
  levelOf,
  loadSecurityPolicy,
  saveSecurityPolicy,
  securityFacts,
  type SecurityFacts,
} from './security-settings.ts';
import { SessionKeeper, type SessionNotice } from './session-keeper.ts';
import { loadSigningMode } from './signing-mode.ts';
import { Standing, type Distrust } from './standing.ts';
import { Trust, type IssuerFacts } from './trust.ts';
import type {
  AgentEvents,
  AgentStatus,
  ConnectReport,
  Delivery,
  InboxMessage,
  SendContent,
  SendOptions,
  SyncReport,
} from './types.ts';
import { openWallet, type Wallet } from './wallet.ts';
import { boundedFetch } from './web-fetch.ts';

/** Settings of {@link Agent.open}. */
export interface AgentInit {
  /** Open, and closed by its owner after the agent. */
  readonly home: Home;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly provider?: CryptoProvider;
  /** Multiaddrs to listen on; none for a command that only connects. Default those of last time, else TCP and WebSocket on all interfaces. */
  readonly listen?: readonly string[];
  /** Wait for an acknowledgement before the mailbox takes a message; default 30,000. */
  readonly ackTimeoutMs?: number;
  /** Wait for a connection; default 10,000. */
  readonly dialTimeoutMs?: number;
  /** Look into the mailbox this often; 0 only when asked; default 30,000. */
  readonly syncIntervalMs?: number;
  /** How often strangers may try the gate, and how many at once; defaults of the session layer. */
  readonly gateLimits?: Partial<GateLimits>;
  /** An inbound connection that opens no gate is closed after this time; default 60,000. */
  readonly gatelessMs?: number;
  /** Where one-time pairs for first messages come from; default the directory that is set, if any. */
  readonly prekeySource?: PrekeySource;
  /** How long a status list that cannot be renewed serves beyond its time to live; default 3,600,000. */
  readonly statusGraceMs?: number;
  /** Sees every gate message before encryption: for audits, it shows credentials. */
  readonly observeGate?: (observation: GateObservation) => void;
}

const defaultListen = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'];
/** Prekeys are renewed every 7 days, expired sessions erased after 7 and 90: an hour is close enough. */
const maintenanceMs = 3_600_000;
/** Sessions that are not used leave memory: looked at this often. */
const restMs = 600_000;
/** Delivered messages leave the outbox after this time; until then their ids tell what became of them. */
const outboxKeepMs = 30 * 86_400_000;

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
  readonly #init: AgentInit;
  readonly #access: DirectoryAccess;
  readonly #home: Home;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #provider: CryptoProvider;
  readonly #ours: LiveIdentity;
  readonly #profile: NetworkProfile;
  readonly #events = new EventEmitter<{ [Name in keyof AgentEvents]: [AgentEvents[Name]] }>();
  readonly #keeper: SessionKeeper;
  readonly #contacts: Contacts;
  readonly #admission: Admission;
  readonly #standing: Standing;
  readonly #inbox: Inbox;
  readonly #receipts: Receipts;
  readonly #deliveries: Deliveries;
  readonly #prekeys: PeerPrekeys;
  readonly #sync: MailboxSync;
  readonly #timers: NodeJS.Timeout[] = [];
  #links!: Links;
  #closing: Promise<void> | undefined;

  private constructor(init: AgentInit) {
    const home = init.home;
    const provider = init.provider ?? new NodeProvider();
    const clock = init.clock ?? systemClock;
    const logger = init.logger ?? silentLogger;
    this.#init = init;
    this.#home = home;
    this.#provider = provider;
    this.#clock = clock;
    this.#log = logger;
    const ours = LiveIdentity.load(provider, home);
    this.#ours = ours;
    this.#profile = loadProfile(home);
    const client = createIotaClient(this.#profile.rpcUrl);
    this.wallet = openWallet(home, client, this.#profile);
    const chain = new ChainAccess({ client, profile: this.#profile, wallet: this.wallet });
    this.trust = new Trust(home, provider, () => this.#standing.refresh());
    // A network on this machine has its issuers here too, and no certificates.
    const { allowLoopbackHttp } = this.#profile;
    const status = createStatusChecker({
      provider,
      store: home.statusLists,
      allowLoopbackHttp,
      ...(init.statusGraceMs === undefined ? {} : { graceMs: init.statusGraceMs }),
    });
    const network = didNetworkOfProfile(this.#profile);
    const reader = network === null ? null : new DidReader({ rpcUrl: this.#profile.rpcUrl, network });
    const resolver = new AgentDidResolver({
      clock,
      reader,
      isTrustedIssuer: (did) => this.trust.issuers.some((issuer) => issuer.did === did),
    });
    const trustedIssuers = () => this.trust.issuers;
    const admission = new Admission({
      provider,
      clock,
      resolver,
      status,
      trustedIssuers,
    });
    this.#admission = admission;
    this.credential = new OwnCredential({
      home,
      provider,
      clock,
      ours,
      admission,
      resolver,
      status,
      trustedIssuers,
      allowLoopbackHttp,
    });
    const contacts = new Contacts({
      home,
      provider,
      clock,
      admission,
      ours,
      onChanged: (did) => this.#standing.refresh(did),
      onNewKeys: (change) => this.#events.emit('keys', change),
    });
    this.#contacts = contacts;
    const standing = new Standing({
      clock,
      logger,
      contacts,
      status,
      // Absent until the node has started.
      watched: () => (this.#links as Links | undefined)?.dids() ?? [],
      onDistrust: (did, distrust) => void this.#cut(did, distrust),
    });
    this.#standing = standing;
    const onNotice = (notice: SessionNotice): void => {
      logger.warn(`session.${notice.kind}`, { peer: notice.peer });
      this.#events.emit('session', notice);
    };
    const blockOf = (did: string, idFp: Uint8Array): IdentityBlock | null => contacts.blockOf(did, idFp);
    const policy = (): SecurityPolicy => loadSecurityPolicy(home);
    const keeper = new SessionKeeper({ home, provider, clock, ours, policy, blockOf, onNotice });
    this.#keeper = keeper;
    const inbox: Inbox = new Inbox({
      home,
      clock,
      logger,
      onMessage: (message) => {
        this.#events.emit('message', message);
        this.conversation.receive(message);
      },
      onAcknowledged: (peer, ackSeq, ranges) => this.#deliveries.acknowledge(peer, ackSeq, ranges),
    });
    this.#inbox = inbox;
    this.#receipts = new Receipts({ provider, clock, logger, keeper, inbox });
    const profile = this.#profile;
    this.mailbox = new OwnMailbox({
      home,
      provider,
      clock,
      ours,
      profile,
      policy,
      client: () => chain.as('owner'),
      // A document that could not be written now is written by the next maintenance.
      onCreated: () => this.#guarded('agent.identity', () => this.identity.resume()),
      onPublished: () => this.directory.publishSoon(),
    });
    this.identity = new OwnDid({
      home,
      provider,
      ours,
      reader,
      queue: () => chain.queue('owner'),
      mailbox: () => {
        const mailboxId = this.mailbox.ids?.mailboxId;
        return mailboxId === undefined ? null : { chainId: profile.chainId, mailboxId };
      },
      onRotating: () => keeper.retireAll(),
      onChanged: () => this.#links.endAll(),
    });
    const post = new MailboxPost({ provider, clock, profile, client: () => chain.as('postage') });
    const ourCredential = (): Uint8Array | null => this.credential.bytes();
    const access = (this.#access = new DirectoryAccess({
      home,
      provider,
      clock,
      logger,
      ours,
      keyId: () => this.identity.keyId,
      credential: ourCredential,
    }));
    this.directory = new DirectoryPublisher({
      home,
      provider,
      clock,
      logger,
      ours,
      access,
      mailbox: this.mailbox,
      credential: ourCredential,
      place: () => this.#place(),
    });
    const source = init.prekeySource ?? access;
    this.#prekeys = new PeerPrekeys({ home, clock, logger, contacts, post, source });
    this.lookup = new DirectoryLookup({ provider, clock, logger, access, contacts, prekeys: this.#prekeys });
    this.#deliveries = new Deliveries({
      home,
      provider,
      clock,
      logger,
      ours,
      keeper,
      inbox,
      contacts,
      standing,
      credential: () => this.credential.bytes(),
      post,
      prekeys: this.#prekeys,
      policy,
      links: () => this.#links,
      signingMode: () => loadSigningMode(home),
      ackTimeoutMs: init.ackTimeoutMs ?? 30_000,
      onDelivery: (delivery) => this.#events.emit('delivery', delivery),
    });
    this.conversation = new Conversation({
      home,
      provider,
      clock,
      logger,
      ourDid: ours.block.did,
      admission,
      contacts,
      keeper,
      inbox,
      receipts: this.#receipts,
      credential: () => this.credential.bytes(),
      send: this.#deliveries.post.bind(this.#deliveries),
      linkTo: async (did) => {
        await this.connect(did);
        const link = this.#links.get(did);
        if (link !== undefined) return link;
        throw new AgentError('NO_ROUTE', 'the connection has ended already', { hint: 'Try again.' });
      },
      onCheckpoint: (report) => this.#events.emit('checkpoint', report),
      onPresentation: (report) => this.#events.emit('presentation', report),
    });
    this.#sync = new MailboxSync({
      home,
      provider,
      clock,
      logger,
      ours,
      keeper,
      inbox,
      contacts,
      admission,
      standing,
      mailbox: this.mailbox,
      policy,
      client: () => chain.as('owner'),
      onUnreadable: (objectId) => this.#events.emit('unreadable', { objectId }),
    });
  }

  /**
   * Opens an agent on its home: starts the node, looks into the mailbox, and sends what waits.
   * @throws AgentError `BAD_NETWORK` for an unfinished home; TransportError `CANNOT_LISTEN`, `BAD_ADDRESS`, `DENIED`;
   *   HomeError, SessionError `RECORD_INVALID`
   */
  static async open(init: AgentInit): Promise<Agent> {
    const agent = new Agent(init);
    try {
      await agent.#start();
    } catch (error) {
      await agent.close();
      throw error;
    }
    return agent;
  }

  /** @throws AgentError `NO_DID` before it is published */
  get did(): string {
    return this.#ours.requireDid();
  }

  get peerId(): string {
    return this.#links.peerId;
  }

  /** Multiaddrs at which others reach us, each ending in our PeerId. */
  get addresses(): string[] {
    return this.#links.addresses();
  }

  /** Calls `listener` for each event. Returns how to stop. */
  on<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): () => void {
    const guarded = (event: AgentEvents[Name]): void => {
      try {
        listener(event);
      } catch (error) {
        this.#log.error('agent.listener', { event: name, error: errorText(error) });
      }
    };
    this.#events.on(name, guarded as never);
    return () => this.#events.off(name, guarded as never);
  }

  status(): AgentStatus {
    const { name, rpcUrl, chainId, packageId } = this.#profile;
    return {
      did: this.#ours.did,
      fingerprint: this.#ours.did === null ? null : this.#ours.idFp.toHex(),
      peerId: this.peerId,
      addresses: this.addresses,
      network: { name, rpcUrl, chainId },
      packageId,
      mailboxId: this.mailbox.ids?.mailboxId ?? null,
      capId: this.mailbox.ids?.capId ?? null,
      accounts: { owner: this.wallet.address('owner'), postage: this.wallet.address('postage') },
      hasCredential: this.credential.bytes() !== null,
      trustedIssuers: this.trust.issuers.length,
      sessions: this.#keeper.count,
      toSend: this.#home.outbox.count('queued') + this.#home.outbox.count('sent'),
      inbox: this.#home.inbox.count(),
    };
  }

  /** A request that an issuer can answer with a credential. */
  credentialRequest(): string {
    this.#ours.requireDid();
    return encodeCredentialRequest(this.#provider, this.#ours.keys, this.#ours.block, this.#clock.nowMs());
  }

  /**
   * What an issuer publishes to be pinned, for the user to look at: nothing is trusted by it.
   * @param url its address, or that of the document
   * @throws AgentError `ISSUER_UNREACHABLE`; CredentialError `BAD_TRUST_FILE`
   */
  async fetchIssuer(url: string): Promise<IssuerFacts & { readonly document: string }> {
    const { allowLoopbackHttp } = this.#profile;
    const document = encodeTrustedIssuer(await fetchIssuerDocument(url, boundedFetch({ allowLoopbackHttp })));
    return { ...this.trust.describe(document), document };
  }

  /** Our signed contact card, as text to give to others. */
  card(): string {
    this.#ours.requireDid();
    return encodeCard(this.#provider, this.#ours.keys, {
      block: this.#ours.block,
      credential: this.credential.bytes() ?? new Uint8Array(),
      ...this.#place(),
      issuedAtMs: this.#clock.nowMs(),
    });
  }

  /** Checks somebody's card and keeps them as a contact. @throws AgentError `BAD_CARD`, `BAD_ALIAS`; ArmorError */
  addContact(card: string, alias?: string): Promise<ContactFacts> {
    return this.#contacts.add(card, alias);
  }

  contacts(): ContactFacts[] {
    return this.#contacts.list().map((facts) => {
      const distrust = this.#standing.lastDistrust(facts.did);
      return facts.verified && distrust !== null
        ? { ...facts, verified: false, reason: distrust.reason }
        : facts;
    });
  }

  /** Which levels and suites this agent offers and accepts. */
  security(): SecurityFacts {
    return securityFacts(loadSecurityPolicy(this.#home));
  }

  /**
   * Changes them; what is left out stays. Sessions below a raised minimum are erased, and the next maintenance publishes
   * prekeys that name the new minimum and suites.
   * @throws AgentError `BAD_REQUEST`; SessionError `BAD_POLICY`
   */
  setSecurity(changes: {
    readonly minLevel?: unknown;
    readonly maxLevel?: unknown;
    readonly suites?: unknown;
  }): SecurityFacts {
    saveSecurityPolicy(this.#home, changedPolicy(loadSecurityPolicy(this.#home), changes));
    this.#keeper.prune();
    return this.security();
  }

  /**
   * Accepts a lower security level from a contact than was reached with them before.
   * @throws AgentError `NO_CONTACT`, `BAD_REQUEST`
   */
  allowLevel(to: string, level: unknown): ContactFacts {
    const did = this.#contacts.resolve(to);
    this.#contacts.allowLevel(did, levelOf(level));
    return this.#contacts.factsOf(did);
  }

  /**
   * Connects to a contact and passes the gate.
   * @param to their DID, or a part of it that fits one contact
   * @throws AgentError `NO_CONTACT`, `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async connect(to: string, options: { readonly presentation?: Uint8Array } = {}): Promise<ConnectReport> {
    // A DID is enough where a directory is set.
    const isNew = isDid(to) && this.#contacts.place(to) === null && this.#access.url !== null;
    const did = isNew ? (await this.lookup.lookup(to)).did : this.#contacts.resolve(to);
    const place = this.#contacts.place(did);
    if (place === null) {
      throw new AgentError('NO_ROUTE', 'the address of this contact is not known', {
        hint: 'Add their card first, or set a directory.',
      });
    }
    return this.#links.connect(
      { did, peerId: place.peerId, addresses: place.addresses },
      options.presentation,
    );
  }

  /** Sends a message. See {@link Deliveries.send}. */
  send(to: string, content: SendContent, options: SendOptions = {}): Promise<Delivery> {
    return this.#deliveries.send(to, content, options);
  }

  /** Received messages after a position, oldest first, at most `limit` (1,000). */
  inbox(query: { readonly after?: number; readonly limit?: number } = {}): InboxMessage[] {
    return this.#inbox.list(query.after ?? 0, Math.min(query.limit ?? 100, 1_000));
  }

  /**
   * Replaces keys of our identity, after a last look into the mailbox: what is sealed to the old keys and comes later
   * cannot be read. See {@link OwnDid.rotate}.
   * @param keys `x25519`, `ed25519`, `ml-dsa-87`, `falcon-1024`; default all that there are
   */
  async rotateKeys(keys?: readonly string[]): Promise<RotatedKeys> {
    if (this.mailbox.ids !== null) await this.#guarded('agent.sync', () => this.sync());
    const rotated = await this.identity.rotate(keys);
    await this.#guarded('agent.identity', () => this.#publishDuePrekeys());
    return rotated;
  }

  /** Looks into the mailbox now. @throws AgentError `NO_MAILBOX`, `WRONG_CHAIN`; MailboxError */
  async sync(): Promise<SyncReport> {
    const report = await this.#sync.run();
    this.#events.emit('sync', report);
    return report;
  }

  /** Ends links, timers and the node; the home stays open. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { home } = this.#init;
    const peerKeySeed = requireSecret(home.vault, secretNames.peerKey);
    const remembered = home.settings.get(settingNames.listen)?.split('\n');
    let listen = this.#init.listen ?? remembered ?? defaultListen;
    try {
      this.#links = await this.#startLinks(peerKeySeed, listen);
    } catch (error) {
      const isTaken = isWotError(error) && error.code === 'CANNOT_LISTEN';
      if (!isTaken || this.#init.listen !== undefined || remembered === undefined) throw error;
      // Better to be reached by the mailbox and by new cards than not to start.
      this.#log.warn('agent.ports-taken', { reason: error.message });
      listen = remembered.map(withAnyPort);
      this.#links = await this.#startLinks(peerKeySeed, listen);
    } finally {
      wipe(peerKeySeed);
    }
    // Until it is finished, others may expect the new keys of us already.
    if (this.identity.isRotating) await this.#guarded('agent.identity', () => this.identity.resume());
    if (listen.length === 0) return;
    // Cards name these addresses, so the ports that were free this time are the ones to use the next time.
    home.settings.set({
      [settingNames.listen]: boundAddresses(listen, this.addresses).join('\n'),
      [settingNames.addresses]: this.addresses.join('\n'),
    });
    this.#deliveries.resume();
    this.#every(maintenanceMs, () => this.#maintain());
    this.#every(restMs, async () => this.#keeper.rest());
    const syncMs = this.#init.syncIntervalMs ?? 30_000;
    if (syncMs > 0) this.#every(syncMs, () => this.#lookAround());
    // Listeners of the caller are attached once open() has returned.
    setImmediate(() => void this.#maintain().then(() => this.#lookAround()));
  }

  #startLinks(peerKeySeed: Uint8Array, listen: readonly string[]): Promise<Links> {
    const { gateLimits, gatelessMs, observeGate } = this.#init;
    return Links.start({
      provider: this.#provider,
      clock: this.#clock,
      logger: this.#log,
      ours: this.#ours,
      credential: () => this.credential.bytes(),
      admission: this.#admission,
      sessions: { keeper: this.#keeper, inbox: this.#inbox, contacts: this.#contacts },
      policy: () => loadSecurityPolicy(this.#home),
      prekeys: this.#prekeys,
      kemPrekey: (kemId) => this.mailbox.kemPrekey(kemId),
      peerKeySeed,
      listen,
      dialTimeoutMs: this.#init.dialTimeoutMs ?? 10_000,
      ...(gateLimits === undefined ? {} : { gateLimits }),
      ...(gatelessMs === undefined ? {} : { gatelessMs }),
      ...(observeGate === undefined ? {} : { observeGate }),
      onEnvelope: (link, envelope) => this.#receiveBelieved(link, envelope),
      onLink: (link) => {
        this.#events.emit('peer', {
          did: link.peer.block.did,
          state: 'connected',
          peerId: link.connection.remote.peerId,
        });
        this.#standing.start();
        this.#deliveries.flush(link.peer.block.did);
      },
      onGone: (link) => {
        const { peerId } = link.connection.remote;
        this.#events.emit('peer', { did: link.peer.block.did, state: 'disconnected', peerId });
      },
      onRefused: (refusal) => this.#events.emit('refused', refusal),
    });
  }

  /** Nobody's words are taken in who is believed no longer; what they sent is not acknowledged. */
  async #receiveBelieved(link: LiveLink, envelope: Uint8Array): Promise<void> {
    const { did } = link.peer.block;
    const distrust = this.#standing.isBelieved(did, link.peer.idFp)
      ? null
      : await this.#standing.distrust(did, link.peer.idFp);
    if (distrust === null) this.#receive(link, envelope);
    else await this.#cut(did, distrust);
  }

  /** Ends the links with a peer who is believed no longer. */
  async #cut(did: string, { name, reason }: Distrust): Promise<void> {
    if (!this.#links.dids().includes(did)) return;
    this.#log.info('agent.distrusted', { did, name, reason });
    this.#events.emit('distrusted', { did, name, reason });
    await this.#links.cut(did);
  }

  #receive(link: LiveLink, envelope: Uint8Array): void {
    const session = this.#keeper.ofPeer(link.peer.block.did, envelope);
    if (session === null) {
      throw new SessionError('DECRYPT_FAILED', 'the envelope belongs to no session with this peer');
    }
    const stored = this.#keeper.open(session, envelope, link.peer.block, (message) =>
      this.#inbox.store(message, 'p2p'),
    );
    stored.afterCommit();
    if (stored.seq !== null) this.#receipts.note(link, stored.seq);
    this.conversation.follow(link, session);
  }

  async #maintain(): Promise<void> {
    if (this.#closing !== undefined) return;
    const nowMs = this.#clock.nowMs();
    try {
      this.#keeper.prune();
      this.#home.prune(nowMs, { outboxDoneBeforeMs: nowMs - outboxKeepMs });
      await this.#guarded('agent.identity', () => this.identity.resume());
      this.directory.publishSoon();
      if (this.mailbox.ids === null) return;
      await this.#publishDuePrekeys();
      await this.mailbox.maintainPrekeys();
    } catch (error) {
      this.#report('agent.maintenance', error);
    }
  }

  async #lookAround(): Promise<void> {
    if (this.#closing !== undefined) return;
    try {
      if (this.mailbox.ids === null) return;
      await this.sync();
    } catch (error) {
      this.#report('agent.sync', error);
    }
  }

  /** The prekeys of a rotated identity are gone; strangers can write again once there are new ones. */
  async #publishDuePrekeys(): Promise<void> {
    const { settings } = this.#home;
    if (settings.get(settingNames.prekeysDue) === undefined) return;
    if (this.mailbox.ids !== null) await this.mailbox.publishPrekeys();
    settings.set({ [settingNames.prekeysDue]: undefined });
  }

  /** Runs what is tried again later: a failure is logged. */
  async #guarded(event: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#report(event, error);
    }
  }

  #report(event: string, error: unknown): void {
    const hint = isWotError(error) ? error.hint : '';
    if (isWotError(error)) this.#log.warn(event, { reason: error.message, hint });
    else this.#log.error(event, { reason: errorText(error) });
  }

  #every(intervalMs: number, run: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void run(), intervalMs).unref());
  }

  /** Where we are, for others: also when a command opened the agent without listening. */
  #place(): ContactPlace {
    const remembered = this.#home.settings.get(settingNames.addresses)?.split('\n') ?? [];
    const mailboxId = this.mailbox.ids?.mailboxId;
    const { chainId, packageId } = this.#profile;
    return {
      peerId: this.peerId,
      addresses: this.addresses.length > 0 ? this.addresses : remembered,
      mailbox: mailboxId === undefined || packageId === null ? null : { chainId, packageId, mailboxId },
    };
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#standing.stop();
    await this.conversation
      .end((this.#links as Links | undefined)?.dids() ?? [])
      .catch((error: unknown) => this.#report('agent.checkpoint', error));
    this.#deliveries.stop();
    await this.directory.close();
    // Absent when starting failed.
    await (this.#links as Links | undefined)?.close();
    await Promise.all([this.#deliveries.idle(), this.#sync.idle(), this.identity.idle()]);
    this.#ours[Symbol.dispose]();
  }
}
