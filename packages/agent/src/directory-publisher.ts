/**
 * What we tell the directory of ourselves: where we are, which prekeys stand in our mailbox, and the one-time pairs that
 * it hands out. Failures are told and tried again by the next maintenance; nothing waits for them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { equalBytes, errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  contactCredentialHash,
  DirectoryError,
  signContactRecord,
  verifyContactRecord,
  type ContactPlace,
  type ContactRecord,
  type DirectoryClient,
} from '@wotid/directory';
import type { DirectoryAccess } from './directory-access.ts';
import {
  loadOutcome,
  noteOutcome,
  recordFacts,
  type DirectoryFacts,
  type PublishFailure,
} from './directory-facts.ts';
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

/** How to publish. */
export interface PublishOptions {
  /** Whether our credential is to lie beside our record from now on, for verified humans to read; default as before. */
  readonly leaveCredential?: boolean;
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

  /**
   * Uses another directory from now on, or none, and publishes there. Where the one before answers it forgets our record
   * and the credential beside it, which is left with the next one only when that is said. Where it does not, the facts say
   * so once (`RECORD_STAYS`).
   * @throws DirectoryError `BAD_DIRECTORY_URL`; nothing has changed then. A publication that fails is told in the facts.
   */
  async set(url: string | null, options: PublishOptions = {}): Promise<DirectoryFacts> {
    const { access, home } = this.#init;
    const origin = access.originOf(url);
    const change = this.#tail.then(async () => {
      if (origin === access.url) return null;
      // One after the other in the queue: what is published next is not left with a directory that has just forgotten us.
      const stays = await this.#withdraw();
      this.#leaveCredential(false);
      // How it went there says nothing about the next one.
      home.settings.set({ [settingNames.directoryOutcome]: undefined });
      access.use(origin);
      return stays;
    });
    this.#tail = change.catch(() => {});
    const stays = await change;
    if (access.url !== null) {
      try {
        await this.publish(options);
      } catch (error) {
        if (!isWotError(error)) throw error;
      }
    }
    const facts = await this.status();
    return stays === null ? facts : { ...facts, lastError: stays };
  }

  /** Has the directory forget our record and the credential beside it, while we can still prove that they are ours. Never rejects. */
  async withdraw(): Promise<void> {
    const withdrawn = this.#tail.then(() => this.#withdraw());
    this.#tail = withdrawn;
    await withdrawn;
  }

  /** Which directory is set, and what it has of us, once what is under way has ended. */
  async status(): Promise<DirectoryFacts> {
    const { home, access, provider, ours } = this.#init;
    // What is published may bring new prekeys about, and those another publication.
    for (let last; last !== this.#tail; await last) last = this.#tail;
    const { url } = access;
    const facts = {
      url,
      state: 'not set',
      record: null,
      prekeysNumber: null,
      pairsLeft: null,
      leavesCredential: this.#leavesCredential,
      ...loadOutcome(home),
    };
    if (url === null) return facts;
    try {
      const client = access.requireClient();
      this.#assertHuman();
      const { signal } = this.#closing;
      const [there, { number, left }] = await Promise.all([
        client.contact(ours.block.did, signal),
        client.pairsLeft(signal),
      ]);
      const record = there === null ? null : verifyContactRecord(provider, there, null);
      const ownNumber = this.#init.mailbox.oneTimePairs()?.number ?? null;
      const isCurrent = record !== null && this.#isCurrent(record) && (ownNumber ?? number) === number;
      return {
        ...facts,
        state: isCurrent ? 'published' : 'behind',
        record: record === null ? null : recordFacts(record),
        prekeysNumber: number,
        pairsLeft: left,
      };
    } catch (error) {
      if (!isWotError(error)) throw error;
      return { ...facts, state: error.message };
    }
  }

  /**
   * Publishes everything that the directory should have of us. Who takes their credential back and is no verified human
   * any more, and so cannot publish a record that names none, has the record forgotten with it.
   * @throws AgentError `NO_DIRECTORY`, `NO_DID`, `NO_CREDENTIAL`; DirectoryError
   */
  async publish({ leaveCredential }: PublishOptions = {}): Promise<DirectoryFacts> {
    const client = this.#init.access.requireClient();
    if (leaveCredential !== undefined) this.#leaveCredential(leaveCredential);
    const run = this.#tail.then(async () => {
      try {
        await this.#publish();
      } catch (error) {
        if (leaveCredential !== false || !isNoHuman(error)) throw error;
        await client.withdrawContact(this.#closing.signal);
      }
    });
    this.#tail = run.catch(() => {});
    await run;
    return this.status();
  }

  /** Publishes in the background, and makes new prekeys when the directory has few pairs left. Never rejects. */
  publishSoon(): void {
    const { access, logger, mailbox } = this.#init;
    if (access.url === null || this.#queued !== undefined || this.#closing.signal.aborted) return;
    this.#queued = this.#tail.then(async () => {
      this.#queued = undefined;
      if (access.url === null) return;
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

  /** A directory that is gone keeps nobody from using another one. Never rejects. @returns why our record may still be there */
  async #withdraw(): Promise<PublishFailure | null> {
    const { access, home, logger, clock } = this.#init;
    // Where no record was ever signed, none is to be forgotten.
    if (home.settings.getBytes(settingNames.contactRecord) === undefined) return null;
    try {
      await access.client()?.withdrawContact(this.#closing.signal);
      return null;
    } catch (error) {
      logger.warn('directory.record-stays', { reason: errorText(error) });
      return {
        at: new Date(clock.nowMs()).toISOString(),
        code: 'RECORD_STAYS',
        message: `what ${access.url} has of you may stay there: ${errorText(error)}`.slice(0, 500),
        hint: 'Set it once more when it answers, and then leave it again; or wait until your record expires.',
      };
    }
  }

  get #leavesCredential(): boolean {
    return this.#init.home.settings.get(settingNames.leaveCredential) !== undefined;
  }

  #leaveCredential(leave: boolean): void {
    this.#init.home.settings.set({ [settingNames.leaveCredential]: leave ? 'yes' : undefined });
  }

  /** The credential that is to lie beside our record. */
  #credentialToLeave(): Uint8Array | null {
    return this.#leavesCredential ? this.#init.credential() : null;
  }

  /** @returns how many pairs the directory has, for {@link OwnMailbox.maintainPrekeys}; `null` without a mailbox */
  async #publish(): Promise<number | null> {
    const { home, clock, access } = this.#init;
    try {
      const client = access.requireClient();
      this.#assertHuman();
      await this.#publishRecord(client);
      const left = await this.#publishPrekeys(client);
      noteOutcome(home, clock.nowMs(), null);
      return left;
    } catch (error) {
      noteOutcome(home, clock.nowMs(), error);
      throw error;
    }
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
    const credential = this.#credentialToLeave();
    const record = isCurrent ? last : this.#sign(known?.seq ?? 0n, credential);
    try {
      await client.publishContact(record, credential, this.#closing.signal);
    } catch (error) {
      if (!(error instanceof DirectoryError) || error.data?.['code'] !== 'SEQ_CONFLICT') throw error;
      // Our home was restored from a copy, or our clock has gone back: the record there is ours and later.
      const there = await client.contact(this.#init.ours.block.did, this.#closing.signal);
      if (there === null) throw error;
      const { seq } = verifyContactRecord(this.#init.provider, there, null);
      await client.publishContact(this.#sign(seq, credential), credential, this.#closing.signal);
    }
  }

  #isCurrent({ idFp, issuedAtMs, peerId, addresses, mailbox, credentialHash }: ContactRecord): boolean {
    const { provider, ours, clock, place } = this.#init;
    const age = clock.nowMs() - issuedAtMs;
    const credential = this.#credentialToLeave();
    const hash = credential === null ? null : contactCredentialHash(provider, credential);
    const said = JSON.stringify([peerId, addresses, mailbox?.mailboxId, credentialHash?.toHex()]);
    const now = place();
    return (
      equalBytes(idFp, ours.idFp) &&
      age >= 0 &&
      age < renewRecordMs &&
      said === JSON.stringify([now.peerId, now.addresses, now.mailbox?.mailboxId, hash?.toHex()])
    );
  }

  /** A record above `seq`, on disk before it is shown: two of one seq would look like two heads. */
  #sign(seq: bigint, credential: Uint8Array | null): Uint8Array {
    const { home, provider, clock, ours, place } = this.#init;
    const nowMs = clock.nowMs();
    const record = signContactRecord(provider, ours.keys, {
      ...place(),
      block: ours.block,
      seq: seq + 1n > BigInt(nowMs) ? seq + 1n : BigInt(nowMs),
      issuedAtMs: nowMs,
      credential,
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

/** The directory takes nothing from us, because we have no credential or none that counts. */
function isNoHuman(error: unknown): boolean {
  if (!isWotError(error)) return false;
  const code = error.code === 'DIRECTORY_REFUSED' ? error.data['code'] : error.code;
  return code === 'NO_CREDENTIAL' || code === 'BAD_CREDENTIAL' || code === 'CREDENTIAL_REQUIRED';
}
