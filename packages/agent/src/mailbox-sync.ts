/**
 * Coming back: everything that waits in the mailbox is read, opened in order, stored, shown, and then claimed and deleted
 * in as few transactions as possible, which brings its deposits.
 *
 * The ids of what was dealt with are stored with the messages, so a crash at any point neither loses a message nor shows
 * it twice: what is still on chain is deleted the next time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { equalBytes, errorText, isWotError, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import type { MailboxClient, MailboxMessage, OwnedMailbox } from '@wotid/mailbox';
import {
  KIND_INIT,
  openInit,
  SessionError,
  wipePrekeys,
  type OwnIdentity,
  type SecurityPolicy,
} from '@wotid/session';
import type { Admission } from './admission.ts';
import type { Contacts } from './contacts.ts';
import type { ObjectOutcome } from './home/chain-store.ts';
import { HomeError } from './home/home-error.ts';
import type { Home } from './home/home.ts';
import type { Inbox, Stored } from './inbox.ts';
import { gasCost, idBytes, type OwnMailbox } from './own-mailbox.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { distrustOf, type Distrust, type Standing } from './standing.ts';
import type { SyncReport } from './types.ts';

export interface MailboxSyncInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly ours: OwnIdentity;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
  readonly contacts: Contacts;
  readonly admission: Admission;
  readonly mailbox: OwnMailbox;
  readonly policy: () => SecurityPolicy;
  readonly standing: Standing;
  readonly client: () => Promise<MailboxClient>;
  readonly onUnreadable: (objectId: string) => void;
}

/** A message as a listing names it. */
type Listed = Parameters<MailboxClient['readListed']>[1][number];

/** What one look has found so far. */
interface Tally {
  opened: number;
  duplicates: number;
  refused: number;
  readonly refusals: SyncReport['refusals'][number][];
  readonly unreadable: string[];
}

/** Outcomes after which a message has served its purpose. */
const settled: readonly ObjectOutcome[] = ['opened', 'duplicate'];

/** Messages in memory at once, at most 112 KiB each: a mailbox may be stuffed with any number of them. */
const maxInMemory = 250;
/** A first message from further ahead than this is no matter of wrong clocks, and is not looked at each time. */
const maxAheadMs = 86_400_000;

/** Closing waits this long for a look that is under way; what it has stored by then stays. */
const closeWaitMs = 5_000;

/** What a session says of an envelope that nobody here can read: damaged, late, or of an end that has lost us. */
const doesNotOpen: ReadonlySet<string> = new Set(['DECRYPT_FAILED', 'PQ_CONFLICT']);

export class MailboxSync {
  readonly #init: MailboxSyncInit;
  readonly #log: Logger;
  #running: Promise<SyncReport> | undefined;
  /** How many sessions had begun when unreadable messages were last tried; none since this agent was opened. */
  #startsTried = -1;

  constructor(init: MailboxSyncInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /**
   * Looks into the mailbox once. Calls at the same time share one look.
   * @throws AgentError `NO_MAILBOX`; MailboxError when the chain cannot be read. A failure to claim is part of the report:
   *   the messages are here by then.
   */
  run(): Promise<SyncReport> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Waits for a look that is under way, for a while. Never rejects. */
  async idle(): Promise<void> {
    if (this.#running === undefined) return;
    const timer = new AbortController();
    const tooLong = pause(closeWaitMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#running.catch(() => {}), tooLong]);
    timer.abort();
  }

  async #run(): Promise<SyncReport> {
    const { home, mailbox, keeper } = this.#init;
    const own = mailbox.requireIds();
    const client = await this.#init.client();
    const tally: Tally = { opened: 0, duplicates: 0, refused: 0, refusals: [], unreadable: [] };
    const { messages, others, truncated } = await client.listWaiting(own.mailboxId);
    const outcomeOf = ({ objectId }: Listed): ObjectOutcome | undefined =>
      home.objects.get(idBytes(objectId))?.outcome;
    await this.#read(
      client,
      own,
      messages.filter((listed) => outcomeOf(listed) === undefined),
      tally,
    );
    // What follows a first message may have come before it, or before its issuer was trusted.
    if (keeper.starts !== this.#startsTried) {
      this.#startsTried = keeper.starts;
      await this.#read(
        client,
        own,
        messages.filter((listed) => outcomeOf(listed) === 'unreadable'),
        tally,
      );
    }
    const waiting = messages.map(({ objectId }) => objectId);
    const claims = await this.#claim(client, waiting);
    if (!truncated) this.#forgetGone(new Set(waiting));
    return { waiting: waiting.length, foreign: others.length, ...tally, ...claims };
  }

  /** Reads listed messages and opens what can be opened. */
  async #read(
    client: MailboxClient,
    own: OwnedMailbox,
    listed: readonly Listed[],
    tally: Tally,
  ): Promise<void> {
    for (let start = 0; start < listed.length; start += maxInMemory) {
      const part: MailboxMessage[] = [];
      const refs = listed.slice(start, start + maxInMemory);
      for await (const message of client.readListed(own.mailboxId, refs)) part.push(message);
      await this.#open(part, tally);
    }
  }

  async #open(messages: readonly MailboxMessage[], tally: Tally): Promise<void> {
    const isInit = ({ payload }: MailboxMessage): boolean => payload[0] === KIND_INIT;
    // First messages come first: others may be in the sessions that they start.
    for (const message of messages.filter(isInit)) {
      try {
        await this.#openInit(message, tally);
      } catch (error) {
        this.#leave(message, error);
      }
    }
    // What does not open may be ahead of what comes later in the list; as long as something opens, there is hope.
    const others = messages.filter((one) => !isInit(one));
    await this.#init.keeper.wakeFor(others.map(({ payload }) => payload));
    let envelopes: MailboxMessage[] = [];
    for (const message of others) {
      const distrust = await this.#distrustOf(message);
      if (distrust === null) envelopes.push(message);
      else this.#refuse(message, distrust, tally);
    }
    for (;;) {
      const left = envelopes.filter((message) => !this.#openEnvelope(message, tally));
      if (left.length === 0 || left.length === envelopes.length) {
        // One write for all: somebody may have sent thousands.
        this.#init.home.transaction(() => {
          for (const message of left) this.#settle(message, 'unreadable', tally);
        });
        return;
      }
      envelopes = left;
    }
  }

  /**
   * Why a message is not shown: its sender was never verified, or is believed no longer (expired, revoked, issuer
   * removed). What no session knows is not decided here.
   */
  async #distrustOf({ payload }: MailboxMessage): Promise<Distrust | null> {
    const session = this.#init.keeper.of(payload);
    return session === null ? null : this.#init.standing.distrust(session.peerDid, session.peerIdFp);
  }

  /** Leaves a message where it is: for good until trust changes, or until what could not be established is known. */
  #refuse(
    message: MailboxMessage,
    { name, reason, isFinal }: Omit<Distrust, 'name'> & { readonly name: string },
    tally: Tally,
  ): void {
    const { objectId } = message;
    this.#log.info('sync.refused', { objectId, name, reason });
    tally.refusals.push({ objectId, name, reason });
    if (isFinal) this.#settle(message, 'refused', tally);
    else tally.refused += 1;
  }

  /** One message must not stop the others: what cannot be stored now (a full inbox) stays for the next look. */
  #leave({ objectId }: MailboxMessage, error: unknown): void {
    if (error instanceof HomeError && error.code !== 'LIMIT_REACHED') throw error;
    this.#log.warn('sync.left', { objectId, reason: errorText(error) });
  }

  async #openInit(message: MailboxMessage, tally: Tally): Promise<void> {
    const { home, provider, clock, ours, keeper, inbox, contacts, admission, mailbox } = this.#init;
    const prekeys = mailbox.prekeys;
    const openedAs = ours.idFp;
    try {
      using pending = openInit(provider, message.payload, {
        ours,
        prekeys,
        policy: this.#init.policy(),
        reachedLevel: (did) => contacts.reachedLevel(did),
        isReplayed: (initHash) => home.replays.sessionOf(initHash) !== undefined,
        findIdentity: (did, idFp) => contacts.blockOf(did, idFp),
        nowMs: clock.nowMs(),
      });
      const credential =
        pending.credential ?? home.contacts.get(pending.sender.block.did)?.credential ?? new Uint8Array();
      if (!equalBytes(provider.sha256(credential), pending.credentialHash)) {
        const reason = 'it rests on a credential that is not known here';
        this.#refuse(message, { name: 'UNKNOWN_CREDENTIAL', reason, isFinal: true }, tally);
        return;
      }
      const distrust = distrustOf(await admission.check(pending.sender, credential));
      if (distrust !== null) {
        this.#refuse(message, distrust, tally);
        return;
      }
      if (!equalBytes(openedAs, ours.idFp)) {
        throw new SessionError('PREKEY_UNKNOWN', 'our keys were replaced while it was looked at');
      }
      const accepted = pending.accept(clock.nowMs());
      const stored = keeper.add(accepted.session, () => {
        if (accepted.oneTimePair !== null) mailbox.consume(accepted.oneTimePair);
        home.replays.add({
          hash: accepted.replay.initHash,
          sid: accepted.session.sid,
          eraseAtMs: accepted.replay.keepUntilMs,
        });
        contacts.remember(pending.sender, credential, pending.level);
        return this.#storeMessage(message, inbox.store(accepted.message, 'mailbox'));
      });
      this.#show(stored, tally);
    } catch (error) {
      // No room for one more session is no fault of the message.
      if (!(error instanceof SessionError) || error.code === 'RECORD_INVALID') throw error;
      this.#log.info('sync.init', { objectId: message.objectId, code: error.code });
      if (error.code === 'INIT_REPLAYED') this.#settle(message, 'duplicate', tally);
      // A message from the future can be read when its time has come.
      else if (error.code !== 'CLOCK_SKEW' || Number(error.data['sentAtMs']) > clock.nowMs() + maxAheadMs)
        this.#settle(message, 'unreadable', tally);
    } finally {
      wipePrekeys(prekeys);
    }
  }

  /** True when the message was dealt with. */
  #openEnvelope(message: MailboxMessage, tally: Tally): boolean {
    const { keeper, inbox, contacts } = this.#init;
    const session = keeper.of(message.payload);
    const block = session === null ? null : contacts.blockOf(session.peerDid, session.peerIdFp);
    if (session === null || block === null) return false;
    try {
      const stored = keeper.open(session, message.payload, block, 'mailbox', (incoming) =>
        this.#storeMessage(message, inbox.store(incoming, 'mailbox')),
      );
      this.#show(stored, tally);
      return true;
    } catch (error) {
      if (error instanceof SessionError && doesNotOpen.has(error.code)) return false;
      this.#leave(message, error);
      return true;
    }
  }

  #storeMessage(message: MailboxMessage, stored: Stored): Stored {
    this.#remember(message.objectId, stored.outcome === 'duplicate' ? 'duplicate' : 'opened');
    return stored;
  }

  #show(stored: Stored, tally: Tally): void {
    if (stored.outcome === 'shown') tally.opened += 1;
    if (stored.outcome === 'duplicate') tally.duplicates += 1;
    stored.afterCommit();
  }

  #settle(message: MailboxMessage, outcome: ObjectOutcome, tally: Tally): void {
    const before = this.#init.home.objects.get(idBytes(message.objectId));
    if (outcome === before?.outcome) return;
    try {
      this.#remember(message.objectId, outcome);
    } catch (error) {
      this.#leave(message, error);
    }
    if (outcome === 'duplicate') tally.duplicates += 1;
    if (outcome === 'refused') tally.refused += 1;
    if (outcome !== 'unreadable') return;
    tally.unreadable.push(message.objectId);
    this.#init.onUnreadable(message.objectId);
  }

  #remember(objectId: string, outcome: ObjectOutcome): void {
    this.#init.home.objects.remember({
      objectId: idBytes(objectId),
      outcome,
      notedMs: this.#init.clock.nowMs(),
    });
  }

  async #claim(
    client: MailboxClient,
    waiting: readonly string[],
  ): Promise<Pick<SyncReport, 'claims' | 'claimFailure'>> {
    const { home, mailbox } = this.#init;
    const done = waiting.filter((objectId) => {
      const known = home.objects.get(idBytes(objectId));
      return known !== undefined && settled.includes(known.outcome);
    });
    if (done.length === 0) return { claims: [], claimFailure: null };
    try {
      const { claimed, gone, transactions } = await client.claimAndDelete(mailbox.requireIds(), done);
      home.transaction(() => {
        for (const objectId of [...claimed, ...gone]) home.objects.forget(idBytes(objectId));
      });
      const claims = transactions.map(({ digest, gas }) => ({ digest, gas: gasCost(gas) }));
      return { claims, claimFailure: null };
    } catch (error) {
      // The messages are stored and shown; their objects are deleted by the next look.
      const hint = isWotError(error) && error.hint !== '' ? `: ${error.hint}` : '';
      this.#log.warn('sync.claim-failed', { reason: errorText(error) });
      return { claims: [], claimFailure: `${errorText(error)}${hint}` };
    }
  }

  #forgetGone(waiting: ReadonlySet<string>): void {
    const { home } = this.#init;
    for (const { objectId } of home.objects.list()) {
      if (!waiting.has(`0x${objectId.toHex()}`)) home.objects.forget(objectId);
    }
  }
}
