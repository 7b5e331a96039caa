/**
 * What we tell the directory of ourselves: where we are, which prekeys stand in our mailbox, and the one-time pairs that
 * it hands out. Failures are told and tried again by the next maintenance; nothing waits for them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { equalBytes, errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  DirectoryError,
  signContactRecord,
  verifyContactRecord,
  type ContactPlace,
  type ContactRecord,
  type DirectoryClient,
} from '@wotid/directory';
import type { DirectoryAccess } from './directory-access.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { LiveIdentity } from './identity.ts';
import { settingNames } from './network-profile.ts';
import type { OwnMailbox } from './own-mailbox.ts';

export interface DirectoryPublisherInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ours: LiveIdentity;
  readonly access: DirectoryAccess;
  readonly mailbox: OwnMailbox;
  readonly credential: () => Uint8Array | null;
  /** Where we are, as contact cards say it. */
  readonly place: () => ContactPlace;
}

/** Which directory is set, and what it has of us. */
export interface DirectoryFacts {
  /** `null` while none is set. */
  readonly url: string | null;
  /** `published`, or why not: then the next maintenance tries again. */
  readonly state: string;
  /** One-time pairs that nobody has got yet; `null` when it is not known. */
  readonly pairsLeft: number | null;
}

/** A record that says what is still true is signed anew after this time: it ends after 90 days. */
const renewRecordMs = 7 * 86_400_000;
/** Closing waits this long for a publication under way. */
const closeWaitMs = 5_000;

export class DirectoryPublisher {
  readonly #init: DirectoryPublisherInit;
  readonly #closing = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(init: DirectoryPublisherInit) {
    this.#init = init;
  }

  /** Sets the directory, or none, and publishes there at once. @throws DirectoryError `BAD_DIRECTORY_URL` */
  async set(url: string | null): Promise<DirectoryFacts> {
    this.#init.access.use(url);
    return this.#tell(() => this.publish());
  }

  /** Which directory is set, and how many of our pairs it has. */
  show(): Promise<DirectoryFacts> {
    return this.#tell(async () => {
      this.#assertHuman();
      const { left } = await this.#init.access.requireClient().pairsLeft(this.#closing.signal);
      return left;
    });
  }

  /**
   * Publishes everything that the directory should have of us.
   * @returns how many pairs it has, for {@link OwnMailbox.maintainPrekeys}; `null` without a mailbox
   * @throws AgentError `NO_DIRECTORY`, `NO_DID`, `NO_CREDENTIAL`; DirectoryError
   */
  publish(): Promise<number | null> {
    const run = this.#tail.then(() => this.#publish());
    this.#tail = run.catch(() => {});
    return run;
  }

  /** Publishes in the background, and makes new prekeys when the directory has few pairs left. Never rejects. */
  publishSoon(): void {
    const { access, logger, mailbox } = this.#init;
    if (access.url === null || this.#queued !== undefined || this.#closing.signal.aborted) return;
    this.#queued = this.#tail.then(async () => {
      this.#queued = undefined;
      try {
        const left = await this.#publish();
        // What this publishes comes back here by the mailbox's own word.
        if (left !== null) await mailbox.maintainPrekeys(left);
      } catch (error) {
        logger.warn('directory.unpublished', { reason: errorText(error) });
      }
    });
    this.#tail = this.#queued;
  }

  /** Ends what is under way, after a while. Never rejects. */
  async close(): Promise<void> {
    const done = new AbortController();
    const tooLong = pause(closeWaitMs, undefined, { signal: done.signal }).catch(() => {});
    await Promise.race([this.#tail, tooLong]);
    done.abort();
    this.#closing.abort();
    await this.#tail;
  }

  async #tell(ask: () => Promise<number | null>): Promise<DirectoryFacts> {
    const { url } = this.#init.access;
    if (url === null) return { url, state: 'not set', pairsLeft: null };
    try {
      return { url, state: 'published', pairsLeft: await ask() };
    } catch (error) {
      if (!isWotError(error)) throw error;
      return { url, state: error.message, pairsLeft: null };
    }
  }

  async #publish(): Promise<number | null> {
    const client = this.#init.access.requireClient();
    this.#assertHuman();
    await this.#publishRecord(client);
    return this.#publishPrekeys(client);
  }

  /** Directories take from verified humans alone. @throws AgentError `NO_CREDENTIAL` */
  #assertHuman(): void {
    if (this.#init.credential() !== null) return;
    throw new AgentError('NO_CREDENTIAL', 'directories publish verified humans: you have no credential yet', {
      hint: 'Get one: wotid credential request OFFER.',
    });
  }

  async #publishRecord(client: DirectoryClient): Promise<void> {
    const { settings } = this.#init.home;
    const last = settings.getBytes(settingNames.contactRecord);
    const known = last === undefined ? null : verifyContactRecord(this.#init.provider, last, null);
    const isCurrent = last !== undefined && known !== null && this.#isCurrent(known);
    const record = isCurrent ? last : this.#sign(known?.seq ?? 0n);
    try {
      await client.publishContact(record, this.#closing.signal);
    } catch (error) {
      if (!(error instanceof DirectoryError) || error.data?.['code'] !== 'SEQ_CONFLICT') throw error;
      // Our home was restored from a copy, or our clock has gone back: the record there is ours and later.
      const there = await client.contact(this.#init.ours.block.did, this.#closing.signal);
      if (there === null) throw error;
      const { seq } = verifyContactRecord(this.#init.provider, there, null);
      await client.publishContact(this.#sign(seq), this.#closing.signal);
    }
  }

  #isCurrent({ idFp, issuedAtMs, peerId, addresses, mailbox }: ContactRecord): boolean {
    const { ours, clock, place } = this.#init;
    const age = clock.nowMs() - issuedAtMs;
    const said = JSON.stringify([peerId, addresses, mailbox?.mailboxId]);
    const now = place();
    return (
      equalBytes(idFp, ours.idFp) &&
      age >= 0 &&
      age < renewRecordMs &&
      said === JSON.stringify([now.peerId, now.addresses, now.mailbox?.mailboxId])
    );
  }

  /** A record above `seq`, on disk before it is shown: two of one seq would look like two heads. */
  #sign(seq: bigint): Uint8Array {
    const { home, provider, clock, ours, place } = this.#init;
    const nowMs = clock.nowMs();
    const record = signContactRecord(provider, ours.keys, {
      ...place(),
      block: ours.block,
      seq: seq + 1n > BigInt(nowMs) ? seq + 1n : BigInt(nowMs),
      issuedAtMs: nowMs,
    });
    home.settings.set({ [settingNames.contactRecord]: record });
    return record;
  }

  async #publishPrekeys(client: DirectoryClient): Promise<number | null> {
    const { mailbox } = this.#init;
    const { ids } = mailbox;
    if (ids === null || mailbox.published === null) return null;
    const { signal } = this.#closing;
    const there = await client.publishPrekeys(ids.mailboxId, signal);
    const own = mailbox.oneTimePairs();
    if (own === null || own.number !== there.number) return there.left;
    return this.#uploadPairs(client, { mailboxId: ids.mailboxId, ...own }, there.left);
  }

  /**
   * Pairs go to one directory, and there once: another one, or one that has lost its memory, would hand them out again,
   * and the second message to a pair cannot be read. Whoever changes the directory waits for the next publication.
   */
  async #uploadPairs(
    client: DirectoryClient,
    own: {
      readonly mailboxId: string;
      readonly number: number;
      readonly pairs: readonly { readonly bytes: Uint8Array }[];
    },
    left: number,
  ): Promise<number> {
    const { settings } = this.#init.home;
    const publication = `${own.mailboxId} ${own.number}`;
    const [begun, done] = [`${publication} ${client.url} begun`, `${publication} ${client.url} done`];
    const noted = settings.get(settingNames.uploadedPairs);
    const isElsewhere = noted?.startsWith(`${publication} `) === true && noted !== begun;
    if (isElsewhere) return left;
    settings.set({ [settingNames.uploadedPairs]: begun });
    const pairs = own.pairs.map(({ bytes }) => bytes);
    const after = await client.uploadPairs(own.number, pairs, this.#closing.signal);
    settings.set({ [settingNames.uploadedPairs]: done });
    return after.left;
  }
}
