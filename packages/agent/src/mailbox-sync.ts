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
import type { MailboxClient, MailboxMessage } from '@wotid/mailbox';
import { KIND_INIT, openInit, SessionError, type OwnIdentity } from '@wotid/session';
import type { Admission } from './admission.ts';
import type { Contacts } from './contacts.ts';
import type { ObjectOutcome } from './home/chain-store.ts';
import type { Home } from './home/home.ts';
import type { Inbox, Stored } from './inbox.ts';
import { gasCost, idBytes, type OwnMailbox } from './own-mailbox.ts';
import type { SessionKeeper } from './session-keeper.ts';
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
  readonly client: () => Promise<MailboxClient>;
  readonly onUnreadable: (objectId: string) => void;
}

/** What one look has found so far. */
interface Tally {
  opened: number;
  duplicates: number;
  refused: number;
  readonly unreadable: string[];
}

/** Outcomes after which a message has served its purpose. */
const settled: readonly ObjectOutcome[] = ['opened', 'duplicate'];

/** Closing waits this long for a look that is under way; what it has stored by then stays. */
const closeWaitMs = 5_000;

export class MailboxSync {
  readonly #init: MailboxSyncInit;
  readonly #log: Logger;
  #running: Promise<SyncReport> | undefined;

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
    const { home, mailbox } = this.#init;
    const own = mailbox.requireIds();
    const client = await this.#init.client();
    const tally: Tally = { opened: 0, duplicates: 0, refused: 0, unreadable: [] };
    const { messages, others, truncated } = await client.listWaiting(own.mailboxId);
    // More may have come between the two readings.
    const waiting = new Set(messages.map(({ objectId }) => objectId));
    const inits: MailboxMessage[] = [];
    const given: MailboxMessage[] = [];
    let envelopes: MailboxMessage[] = [];
    for await (const message of client.readWaiting(own.mailboxId)) {
      waiting.add(message.objectId);
      const known = home.objects.get(idBytes(message.objectId))?.outcome;
      const isInit = message.payload[0] === KIND_INIT;
      if (known === undefined) (isInit ? inits : envelopes).push(message);
      else if (known === 'unreadable' && !isInit) given.push(message);
    }
    // First messages come first: others may be in the sessions that they start, also some that could not be read when
    // the first one was refused or had not come yet.
    let hasNewSession = false;
    for (const message of inits) if (await this.#openInit(message, tally)) hasNewSession = true;
    if (hasNewSession) envelopes.push(...given);
    // What does not open may be ahead of what comes later in the list; as long as something opens, there is hope.
    for (;;) {
      const left = envelopes.filter((message) => !this.#openEnvelope(message, tally));
      if (left.length === 0 || left.length === envelopes.length) {
        for (const message of left) if (!given.includes(message)) this.#settle(message, 'unreadable', tally);
        break;
      }
      envelopes = left;
    }
    const claims = await this.#claim(client, [...waiting]);
    if (!truncated) this.#forgetGone(waiting);
    return { waiting: waiting.size, foreign: others.length, ...tally, ...claims };
  }

  /** True when it has started a session. */
  async #openInit(message: MailboxMessage, tally: Tally): Promise<boolean> {
    const { home, provider, clock, ours, keeper, inbox, contacts, admission, mailbox } = this.#init;
    try {
      using pending = openInit(provider, message.payload, {
        ours,
        prekeys: mailbox.prekeys,
        isReplayed: (initHash) => home.replays.sessionOf(initHash) !== undefined,
        findIdentity: (idFp) => findIdentity(home, contacts, idFp),
        nowMs: clock.nowMs(),
      });
      const credential =
        pending.credential ?? home.contacts.get(pending.sender.block.did)?.credential ?? new Uint8Array();
      if (!equalBytes(provider.sha256(credential), pending.credentialHash)) {
        this.#log.info('sync.refused', { objectId: message.objectId, name: 'UNKNOWN_CREDENTIAL' });
        this.#settle(message, 'refused', tally);
        return false;
      }
      const verdict = await admission.check(pending.sender, credential);
      if (!verdict.ok) {
        this.#log.info('sync.refused', {
          objectId: message.objectId,
          name: verdict.name,
          reason: verdict.reason,
        });
        this.#settle(message, 'refused', tally);
        return false;
      }
      const accepted = pending.accept(clock.nowMs());
      const stored = keeper.add(accepted.session, () => {
        home.replays.add({
          hash: accepted.replay.initHash,
          sid: accepted.session.sid,
          eraseAtMs: accepted.replay.keepUntilMs,
        });
        contacts.remember(pending.sender, credential);
        return this.#storeMessage(message, inbox.store(accepted.message, 'mailbox'));
      });
      this.#show(stored, tally);
      return true;
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#log.info('sync.init', { objectId: message.objectId, code: error.code });
      if (error.code === 'INIT_REPLAYED') this.#settle(message, 'duplicate', tally);
      // A message from the future can be read when its time has come.
      else if (error.code !== 'CLOCK_SKEW') this.#settle(message, 'unreadable', tally);
      return false;
    }
  }

  /** True when the message was dealt with. */
  #openEnvelope(message: MailboxMessage, tally: Tally): boolean {
    const { keeper, inbox, contacts } = this.#init;
    const session = keeper.of(message.payload);
    const block = session === null ? null : contacts.blockOf(session.peerDid, session.peerIdFp);
    if (session === null || block === null) return false;
    try {
      const stored = keeper.open(session, message.payload, block, (incoming) =>
        this.#storeMessage(message, inbox.store(incoming, 'mailbox')),
      );
      this.#show(stored, tally);
      return true;
    } catch (error) {
      if (error instanceof SessionError && error.code === 'DECRYPT_FAILED') return false;
      throw error;
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
    this.#remember(message.objectId, outcome);
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
      const hint = isWotError(error) ? ` ${error.hint}` : '';
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

/** The block with this fingerprint among our contacts, for senders who think that we have it. */
function findIdentity(home: Home, contacts: Contacts, idFp: Uint8Array): ReturnType<Contacts['blockOf']> {
  for (const { did } of home.contacts.list()) {
    const block = contacts.blockOf(did, idFp);
    if (block !== null) return block;
  }
  return null;
}
