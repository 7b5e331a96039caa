/**
 * The parts of an agent and how they hang together, in one place. Parts that need each other are given functions: none
 * of them calls another before all of them are there.
 */
import { silentLogger, systemClock, type Clock, type Logger } from '@wotid/core';
import { createStatusChecker } from '@wotid/credential';
import { NodeProvider, wipe, type CryptoProvider } from '@wotid/crypto';
import { DidReader } from '@wotid/did-iota';
import type { ContactPlace } from '@wotid/directory';
import { createIotaClient } from '@wotid/mailbox';
import type { GateLimits, SecurityPolicy } from '@wotid/session';
import { AgentEventSource } from './agent-events.ts';
import { Admission } from './admission.ts';
import { inBackground } from './background.ts';
import { ChainAccess } from './chain-access.ts';
import { Contacts } from './contacts.ts';
import { Conversation } from './conversation.ts';
import { Deliveries } from './delivery.ts';
import { DirectoryAccess } from './directory-access.ts';
import { DirectoryLookup } from './directory-lookup.ts';
import { DirectoryPublisher } from './directory-publisher.ts';
import { AgentDidResolver } from './did-resolver.ts';
import type { GateObservation } from './gate-machines.ts';
import type { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { LiveIdentity, requireSecret } from './identity.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { Inbox } from './inbox.ts';
import { Links } from './links.ts';
import { MailboxPost } from './mailbox-post.ts';
import { MailboxSync } from './mailbox-sync.ts';
import { didNetworkOfProfile, loadProfile, settingNames, type NetworkProfile } from './network-profile.ts';
import { OwnCredential } from './own-credential.ts';
import { OwnDid } from './own-did.ts';
import { OwnMailbox } from './own-mailbox.ts';
import { PeerPrekeys, type PrekeySource } from './peer-prekeys.ts';
import { Reach } from './reach.ts';
import { Receipts } from './receipts.ts';
import { Reception } from './reception.ts';
import { loadSecurityPolicy } from './security-settings.ts';
import { SessionKeeper } from './session-keeper.ts';
import { loadSigningMode } from './signing-mode.ts';
import { Standing } from './standing.ts';
import { Trust } from './trust.ts';
import { Upkeep } from './upkeep.ts';
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

/** All parts, none of them running. */
export interface AgentParts {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ours: LiveIdentity;
  readonly profile: NetworkProfile;
  readonly events: AgentEventSource;
  readonly wallet: Wallet;
  readonly trust: Trust;
  readonly issuerKeys: IssuerKeys;
  readonly credential: OwnCredential;
  readonly contacts: Contacts;
  readonly standing: Standing;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
  readonly mailbox: OwnMailbox;
  readonly identity: OwnDid;
  readonly directory: DirectoryPublisher;
  readonly lookup: DirectoryLookup;
  readonly links: Links;
  readonly reach: Reach;
  readonly deliveries: Deliveries;
  readonly conversation: Conversation;
  readonly sync: MailboxSync;
  readonly upkeep: Upkeep;
  /** Where we are, for others. */
  readonly place: () => ContactPlace;
}

/** Makes the parts of an agent. @throws HomeError; SessionError `RECORD_INVALID` */
export function assemble(init: AgentInit): AgentParts {
  const { home, clock = systemClock, logger = silentLogger, provider = new NodeProvider() } = init;
  const peerKeySeed = requireSecret(home.vault, secretNames.peerKey);
  const profile = loadProfile(home);
  // A network on this machine has its issuers here too, and no certificates.
  const { allowLoopbackHttp } = profile;
  const ours = LiveIdentity.load(provider, home);
  const events = new AgentEventSource(logger);
  const policy = (): SecurityPolicy => loadSecurityPolicy(home, ours.block);
  const common = { home, provider, clock, logger, ours };

  const client = createIotaClient(profile.rpcUrl);
  const wallet = openWallet(home, client, profile);
  const chain = new ChainAccess({ client, profile, wallet });

  const trust: Trust = new Trust(home, provider, () => standing.refresh());
  const trustedIssuers = (): Trust['issuers'] => trust.issuers;
  const issuerKeys = new IssuerKeys({
    provider,
    clock,
    logger,
    trust,
    fetch: boundedFetch({ allowLoopbackHttp }),
  });
  const follow: IssuerKeys['follow'] = (issuer) => issuerKeys.follow(issuer);
  const status = createStatusChecker({
    provider,
    store: home.statusLists,
    allowLoopbackHttp,
    successor: async (issuer) => {
      const { changed } = await follow(issuer);
      return changed ? (trust.issuers.find(({ did }) => did === issuer.did) ?? null) : null;
    },
    ...(init.statusGraceMs === undefined ? {} : { graceMs: init.statusGraceMs }),
  });
  const network = didNetworkOfProfile(profile);
  const reader = network === null ? null : new DidReader({ rpcUrl: profile.rpcUrl, network });
  const resolver = new AgentDidResolver({
    clock,
    reader,
    isTrustedIssuer: (did) => trust.issuers.some((issuer) => issuer.did === did),
    allowLoopbackHttp,
  });
  const admission = new Admission({ provider, clock, resolver, status, trustedIssuers, follow });
  const credential = new OwnCredential({
    ...common,
    admission,
    resolver,
    status,
    trustedIssuers,
    follow,
    allowLoopbackHttp,
    // What others may read of us there is about the credential that we have.
    onKept: () => directory.publishSoon(),
  });
  const ourCredential = (): Uint8Array | null => credential.bytes();

  const contacts: Contacts = new Contacts({
    ...common,
    admission,
    onChanged: (did) => standing.refresh(did),
    onNewKeys: (change) => events.emit('keys', change),
  });
  const standing: Standing = new Standing({
    clock,
    logger,
    contacts,
    status,
    watched: () => links.dids(),
    onDistrust: (did, distrust) => void reception.cut(did, distrust),
  });
  const keeper = new SessionKeeper({
    ...common,
    policy,
    blockOf: (did, idFp) => contacts.blockOf(did, idFp),
    onNotice: (notice) => {
      logger.warn(`session.${notice.kind}`, { peer: notice.peer });
      events.emit('session', notice);
      if (notice.kind === 'keys-disagree') void reach.renew(notice.peer);
    },
  });
  const inbox: Inbox = new Inbox({
    ...common,
    onMessage: (message) => {
      events.emit('message', message);
      conversation.receive(message);
    },
    onAcknowledged: (peer, ackSeq, ranges) => deliveries.acknowledge(peer, ackSeq, ranges),
  });
  const receipts = new Receipts({ ...common, keeper, inbox });

  const mailbox: OwnMailbox = new OwnMailbox({
    ...common,
    profile,
    policy,
    client: () => chain.as('owner'),
    // A document that could not be written now is written by the next maintenance.
    onCreated: () => inBackground(logger, 'agent.identity', () => identity.resume()),
    onPublished: () => directory.publishSoon(),
  });
  const identity: OwnDid = new OwnDid({
    ...common,
    reader,
    queue: () => chain.queue('owner'),
    mailbox: () => {
      const mailboxId = mailbox.ids?.mailboxId;
      return mailboxId === undefined ? null : { chainId: profile.chainId, mailboxId };
    },
    onRotating: () => keeper.retireAll(),
    onDeactivating: () => directory.withdraw(),
    onChanged: () => links.endAll(),
  });

  const place = (): ContactPlace => {
    // Also when a command opened the agent without listening.
    const remembered = home.settings.get(settingNames.addresses)?.split('\n') ?? [];
    const mailboxId = mailbox.ids?.mailboxId;
    const { chainId, packageId } = profile;
    const addresses = links.addresses();
    return {
      peerId: links.peerId,
      addresses: addresses.length > 0 ? addresses : remembered,
      mailbox: mailboxId === undefined || packageId === null ? null : { chainId, packageId, mailboxId },
    };
  };
  const access = new DirectoryAccess({ ...common, keyId: () => identity.keyId, credential: ourCredential });
  const directory: DirectoryPublisher = new DirectoryPublisher({
    ...common,
    access,
    mailbox,
    credential: ourCredential,
    place,
  });
  const post = new MailboxPost({ provider, clock, profile, client: () => chain.as('postage') });
  const source = init.prekeySource ?? access;
  const prekeys = new PeerPrekeys({ home, clock, logger, contacts, post, source });
  const lookup = new DirectoryLookup({ provider, clock, logger, access, contacts, prekeys, resolver });

  const { gateLimits, gatelessMs, observeGate } = init;
  const links: Links = new Links({
    ...common,
    credential: ourCredential,
    admission,
    sessions: { keeper, inbox, contacts },
    policy,
    prekeys,
    kemPrekey: (kemId) => mailbox.kemPrekey(kemId),
    peerKeySeed,
    dialTimeoutMs: init.dialTimeoutMs ?? 10_000,
    ...(gateLimits === undefined ? {} : { gateLimits }),
    ...(gatelessMs === undefined ? {} : { gatelessMs }),
    ...(observeGate === undefined ? {} : { observeGate }),
    onEnvelope: (link, envelope) => reception.receive(link, envelope),
    onLink: ({ peer, connection }) => {
      const { did } = peer.block;
      events.emit('peer', { did, state: 'connected', peerId: connection.remote.peerId });
      standing.start();
      deliveries.flush(did);
    },
    onGone: ({ peer, connection }) => {
      const { peerId } = connection.remote;
      events.emit('peer', { did: peer.block.did, state: 'disconnected', peerId });
    },
    onRefused: (refusal) => events.emit('refused', refusal),
  });
  wipe(peerKeySeed);
  const reach: Reach = new Reach({ contacts, access, lookup, links, clock, logger });
  const deliveries: Deliveries = new Deliveries({
    ...common,
    keeper,
    inbox,
    contacts,
    standing,
    credential: ourCredential,
    post,
    prekeys,
    policy,
    links,
    reach,
    signingMode: () => loadSigningMode(home),
    ackTimeoutMs: init.ackTimeoutMs ?? 30_000,
    onDelivery: (delivery) => {
      events.emit('delivery', delivery);
      conversation.noteDelivery(delivery);
    },
  });
  const conversation: Conversation = new Conversation({
    ...common,
    admission,
    contacts,
    keeper,
    inbox,
    receipts,
    credential: ourCredential,
    send: deliveries.post.bind(deliveries),
    linkTo: (did) => reach.linkTo(did),
    onCheckpoint: (report) => events.emit('checkpoint', report),
    onPresentation: (report) => events.emit('presentation', report),
  });
  const reception: Reception = new Reception({
    logger,
    events,
    links,
    keeper,
    inbox,
    receipts,
    conversation,
    standing,
  });
  const sync = new MailboxSync({
    ...common,
    keeper,
    inbox,
    contacts,
    admission,
    standing,
    mailbox,
    policy,
    client: () => chain.as('owner'),
    onUnreadable: (objectId) => events.emit('unreadable', { objectId }),
  });
  const upkeep = new Upkeep({ home, clock, logger, events, keeper, identity, mailbox, directory, sync });
  return {
    ...common,
    profile,
    events,
    wallet,
    trust,
    issuerKeys,
    credential,
    contacts,
    standing,
    keeper,
    inbox,
    mailbox,
    identity,
    directory,
    lookup,
    links,
    reach,
    deliveries,
    conversation,
    sync,
    upkeep,
    place,
  };
}
