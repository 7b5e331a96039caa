/** The agent's own mailbox: creating it, keeping fresh prekeys in it, seeing and deleting what waits there. */
import type { Clock } from '@wotid/core';
import { wipe, type CryptoProvider, type KemKeyPair } from '@wotid/crypto';
import { MailboxError, type GasUsed, type MailboxClient, type OwnedMailbox } from '@wotid/mailbox';
import {
  consumeOneTimePair,
  createPrekeys,
  decodePrekeys,
  defaultSecurityPolicy,
  emptyPrekeys,
  encodePrekeys,
  erasePrekeys,
  oneTimePairs,
  prekeyPolicy,
  publishedKemPrekey,
  wipePrekeys,
  type OneTimePairIds,
  type OneTimePairs,
  type PrekeyStore,
  type SecurityPolicy,
} from '@wotid/session';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { LiveIdentity } from './identity.ts';
import { settingNames, type NetworkProfile } from './network-profile.ts';
import type { GasCost } from './types.ts';

/** Something that waits in the own mailbox. */
export interface WaitingObject {
  readonly objectId: string;
  /** `message`, or the Move type of something else that was sent there. */
  readonly type: string;
  /** What we found when we looked: `null` before. */
  readonly outcome: string | null;
}

export interface OwnMailboxInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: LiveIdentity;
  readonly profile: NetworkProfile;
  /** Minimum level and suites that publications name. */
  readonly policy: () => SecurityPolicy;
  /** Works as the owner account. @throws AgentError `NO_MAILBOX` without a package, `WRONG_CHAIN`, `BAD_NETWORK` */
  readonly client: () => Promise<MailboxClient>;
  /** Runs once a mailbox was created and noted. Does not reject. */
  readonly onCreated: () => Promise<void>;
  /** Runs once other prekeys stand on chain and were noted. */
  readonly onPublished: () => void;
}

/** Objects that one call of {@link OwnMailbox.discard} takes. */
const maxDiscarded = 500;

/** A mailbox, with the transaction that made it when it is new. */
export type CreatedMailbox = OwnedMailbox & {
  readonly digest: string | null;
  readonly gas: GasCost | null;
};

/** A publication of prekeys. */
export interface PublishedPrekeys {
  readonly number: number;
  readonly bytes: number;
  readonly validUntil: string;
  readonly digest: string;
  readonly gas: GasCost;
}

interface UnpublishedPrekeys {
  readonly bytes: Uint8Array;
  readonly validUntil: string;
}

export class OwnMailbox {
  readonly #init: OwnMailboxInit;
  #creating: Promise<CreatedMailbox> | undefined;
  #publishing: Promise<PublishedPrekeys> | undefined;

  constructor(init: OwnMailboxInit) {
    this.#init = init;
  }

  /** Mailbox and cap, or `null` before {@link create}. */
  get ids(): OwnedMailbox | null {
    const { settings } = this.#init.home;
    const mailboxId = settings.get(settingNames.mailboxId);
    const capId = settings.get(settingNames.capId);
    return mailboxId === undefined || capId === undefined ? null : { mailboxId, capId };
  }

  /** @throws AgentError `NO_MAILBOX` */
  requireIds(): OwnedMailbox {
    const { ids } = this;
    if (ids === null) {
      throw new AgentError('NO_MAILBOX', 'there is no mailbox yet', {
        hint: 'Create it with wotid mailbox create.',
      });
    }
    return ids;
  }

  /**
   * Creates the mailbox on chain; asked again, tells of the one that is there. Calls at the same time create one.
   * @throws AgentError `NO_MAILBOX`, `WRONG_CHAIN`, `BAD_NETWORK`; MailboxError
   */
  create(): Promise<CreatedMailbox> {
    this.#creating ??= this.#create().finally(() => (this.#creating = undefined));
    return this.#creating;
  }

  async #create(): Promise<CreatedMailbox> {
    const { ids } = this;
    if (ids !== null) return { ...ids, digest: null, gas: null };
    this.#init.ours.requireDid();
    const client = await this.#init.client();
    const { mailboxId, capId, digest, gas } = await client.createMailbox();
    this.#init.home.settings.set({ [settingNames.mailboxId]: mailboxId, [settingNames.capId]: capId });
    await this.#init.onCreated();
    return { mailboxId, capId, digest, gas: gasCost(gas) };
  }

  /** Our private prekeys, for one use: wipe them afterwards. */
  get prekeys(): PrekeyStore {
    const record = this.#init.home.settings.getBytes(settingNames.prekeys);
    if (record === undefined) return emptyPrekeys();
    try {
      return decodePrekeys(record);
    } finally {
      wipe(record);
    }
  }

  /** The prekeys that stand on chain as we have published them, or `null`. */
  get published(): Uint8Array | null {
    return this.#init.home.settings.getBytes(settingNames.publishedPrekeys) ?? null;
  }

  /** One-time pairs of the latest publication, for the one directory that hands each out once; `null` without prekeys. */
  oneTimePairs(): OneTimePairs | null {
    return this.#withPrekeys((store) => oneTimePairs(this.#init.provider, store));
  }

  /** The key behind a published last-resort KEM prekey; the caller disposes of it. */
  kemPrekey(kemId: number): KemKeyPair | null {
    const { provider, clock } = this.#init;
    return this.#withPrekeys((store) => publishedKemPrekey(provider, store, kemId, clock.nowMs()));
  }

  /**
   * Deletes the one-time pair of an accepted first message; call it in the transaction that stores the session.
   * @throws SessionError `PREKEY_UNKNOWN` when it is gone: the session must not be stored
   */
  consume(pair: OneTimePairIds): void {
    this.#withPrekeys((store) => this.#save(consumeOneTimePair(store, pair)));
  }

  /** Runs `work` on our private prekeys, and wipes them. */
  #withPrekeys<T>(work: (store: PrekeyStore) => T): T {
    const store = this.prekeys;
    try {
      return work(store);
    } finally {
      wipePrekeys(store);
    }
  }

  #save(store: PrekeyStore): void {
    const record = encodePrekeys(store);
    try {
      this.#init.home.settings.set({ [settingNames.prekeys]: record });
    } finally {
      wipe(record);
    }
  }

  /**
   * Publishes new prekeys in place of the current ones. The private keys are on disk first, so that no message to them
   * can come too early; what could not be published is published again by the next call, as it is. Calls at the same
   * time share one publication.
   * @throws AgentError `NO_MAILBOX`, `WRONG_CHAIN`, `BAD_NETWORK`; MailboxError
   */
  publishPrekeys(): Promise<PublishedPrekeys> {
    this.#publishing ??= this.#publish().finally(() => (this.#publishing = undefined));
    return this.#publishing;
  }

  async #publish(): Promise<PublishedPrekeys> {
    const { home } = this.#init;
    const own = this.requireIds();
    const client = await this.#init.client();
    const number = Number((await client.mailboxState(own.mailboxId)).prekeysNumber) + 1;
    const { bytes, validUntil } = this.#unpublished(number) ?? this.#make(own, number);
    const { digest, gas } = await client.publishPrekeys(own, bytes, { number: BigInt(number) });
    home.settings.set({
      [settingNames.unpublishedPrekeys]: undefined,
      [settingNames.unpublishedUntil]: undefined,
      [settingNames.publishedPrekeys]: bytes,
    });
    this.#init.onPublished();
    return { number, bytes: bytes.length, validUntil, digest, gas: gasCost(gas) };
  }

  /** What an earlier call has made for this number and could not publish, unless it has become old meanwhile. */
  #unpublished(number: number): UnpublishedPrekeys | null {
    const { home, clock } = this.#init;
    const bytes = home.settings.getBytes(settingNames.unpublishedPrekeys);
    const validUntil = home.settings.get(settingNames.unpublishedUntil);
    const isUsable = this.#withPrekeys(
      (store) => store.numbers.at(-1) === number && !prekeyPolicy(store, clock.nowMs()).isRotationDue,
    );
    if (bytes === undefined || validUntil === undefined || !isUsable || this.#isOfOtherPolicy()) return null;
    return { bytes, validUntil };
  }

  #make(own: OwnedMailbox, number: number): UnpublishedPrekeys {
    const { home, provider, ours, clock, profile, policy } = this.#init;
    const nowMs = clock.nowMs();
    return this.#withPrekeys((store) => {
      const made = createPrekeys(provider, erasePrekeys(store, nowMs), {
        ours,
        number,
        nowMs,
        chainId: profile.chainId,
        mailboxId: idBytes(own.mailboxId),
        policy: policy(),
      });
      const validUntil = new Date(made.notAfterMs).toISOString();
      try {
        home.transaction(() => {
          this.#save(made.store);
          home.settings.set({
            [settingNames.unpublishedPrekeys]: made.published,
            [settingNames.unpublishedUntil]: validUntil,
            [settingNames.prekeysPolicy]: policyText(policy()),
          });
        });
      } finally {
        wipePrekeys(made.store);
      }
      return { bytes: made.published, validUntil };
    });
  }

  /**
   * Erases private prekeys whose time is over, and needs no network for it. What remembers their first messages may be
   * forgotten after that, and not before.
   */
  eraseDuePrekeys(): void {
    this.#withPrekeys((store) => {
      const kept = erasePrekeys(store, this.#init.clock.nowMs());
      if (kept !== store) this.#save(kept);
    });
  }

  /**
   * Publishes new prekeys when it is time or the security policy has changed, and erases private ones whose time is over.
   * True when it published.
   * @param pairsLeft one-time pairs that the directory still has; absent without a directory
   */
  async maintainPrekeys(pairsLeft?: number): Promise<boolean> {
    if (this.ids === null) return false;
    const { home, clock } = this.#init;
    const nowMs = clock.nowMs();
    const { isRotationDue, isFirst } = this.#withPrekeys((store) => ({
      isRotationDue: prekeyPolicy(store, nowMs, pairsLeft).isRotationDue,
      isFirst: store.numbers.length === 0,
    }));
    this.eraseDuePrekeys();
    const isUnfinished = home.settings.getBytes(settingNames.unpublishedPrekeys) !== undefined;
    const isDue = isRotationDue || isUnfinished || this.#isOfOtherPolicy();
    // A mailbox whose first prekeys were never made is one that its owner has not finished creating.
    if (isFirst || !isDue) return false;
    await this.publishPrekeys();
    return true;
  }

  /** True when our latest prekeys name another minimum or other suites than are now set. */
  #isOfOtherPolicy(): boolean {
    const { home, policy } = this.#init;
    const made = home.settings.get(settingNames.prekeysPolicy) ?? policyText(defaultSecurityPolicy);
    return made !== policyText(policy());
  }

  /** What waits on chain, and what we know of it. */
  async waiting(): Promise<WaitingObject[]> {
    const { mailboxId } = this.requireIds();
    const client = await this.#init.client();
    const { messages, others } = await client.listWaiting(mailboxId);
    return [
      ...messages.map(({ objectId }) => ({ objectId, type: 'message', outcome: this.#outcomeOf(objectId) })),
      ...others.map(({ objectId, type }) => ({ objectId, type, outcome: null })),
    ];
  }

  /**
   * Deletes waiting messages unread, and takes out whatever else was sent to the mailbox.
   * @param objectIds at most 500 ids
   * @throws AgentError `BAD_REQUEST`, `NO_MAILBOX`; MailboxError
   */
  async discard(objectIds: unknown): Promise<{ readonly deleted: number; readonly takenOut: number }> {
    if (!Array.isArray(objectIds) || objectIds.length > maxDiscarded || !objectIds.every(isText)) {
      throw new AgentError('BAD_REQUEST', `discard takes 1 to ${maxDiscarded} object ids`);
    }
    const own = this.requireIds();
    const client = await this.#init.client();
    const waiting = await this.waiting();
    const wanted = waiting.filter(({ objectId }) => objectIds.includes(objectId));
    if (wanted.length < new Set(objectIds).size) {
      throw new MailboxError('NOT_FOUND', 'not all of these wait in the mailbox', {
        hint: 'See wotid mailbox list.',
      });
    }
    const messages = wanted.filter(({ type }) => type === 'message').map(({ objectId }) => objectId);
    const others = wanted.filter(({ type }) => type !== 'message');
    if (messages.length > 0) await client.claimAndDelete(own, messages);
    for (const { objectId } of others) await client.receiveOther(own, objectId);
    for (const objectId of messages) this.#init.home.objects.forget(idBytes(objectId));
    return { deleted: messages.length, takenOut: others.length };
  }

  /** Declares the mailbox closed for new messages, for good. @throws MailboxError */
  async retire(): Promise<{ readonly digest: string; readonly gas: GasCost }> {
    const own = this.requireIds();
    const client = await this.#init.client();
    const { digest, gas } = await client.retire(own);
    return { digest, gas: gasCost(gas) };
  }

  #outcomeOf(objectId: string): string | null {
    return this.#init.home.objects.get(idBytes(objectId))?.outcome ?? null;
  }
}

/** Gas as the agent's reports name it. */
export function gasCost(gas: GasUsed): GasCost {
  return {
    computation: gas.computationNanos,
    storage: gas.storageNanos,
    rebate: gas.rebateNanos,
    net: gas.netNanos,
  };
}

/** 32 bytes of an object id. */
export function idBytes(objectId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(objectId.slice(2));
}

/** What a publication says of a policy. */
function policyText({ minLevel, suites }: SecurityPolicy): string {
  return `${minLevel} ${suites.toSorted().join()}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
