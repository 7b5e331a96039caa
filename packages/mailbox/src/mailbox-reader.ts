/**
 * Reading mailboxes: what a sender must know before posting, what an owner finds waiting. Every object is checked for
 * type, package and owner before its bytes are parsed, and its bytes are parsed strictly.
 */
import type { IotaClient } from '@iota/iota-sdk/client';
import { decodeStrict, type BcsType } from '@wotid/core';
import {
  isMailboxTypeOfAnyPackage,
  mailboxObjectType,
  mailboxTypes,
  maxContents,
  messageObjectType,
  ownerCapType,
  prekeysFieldId,
  prekeysFieldType,
  type MailboxTypes,
} from './contract.ts';
import { MailboxError } from './errors.ts';
import type { ObjectRef } from './gas.ts';
import { defaultCallTimeoutMs, maxListPages, maxOtherPages, pageSize } from './limits.ts';
import {
  ask,
  byVersion,
  isOwnedBy,
  listOwned,
  objectIdOf,
  readObjects,
  sharedVersionOf,
  unusableAnswer,
  type ChainObject,
  type ReadInit,
} from './objects.ts';

/** Settings of a {@link MailboxReader}. */
export interface MailboxReaderInit {
  readonly client: IotaClient;
  /** The one publication of the contract that is believed. */
  readonly packageId: string;
  /** Bound of one RPC call, milliseconds; default 15,000. */
  readonly callTimeoutMs?: number;
}

/** A mailbox as it is now. */
export interface MailboxState {
  readonly mailboxId: string;
  /** Version at which it was shared; never changes. */
  readonly initialSharedVersion: number;
  /** Number of the next message that is stored. */
  readonly nextIndex: bigint;
  /** How many messages are stored. */
  readonly stored: bigint;
  /** Number of the current prekey publication; 0 before the first. */
  readonly prekeysNumber: bigint;
  /** Epoch of its retirement, or `null` while it takes messages. */
  readonly retiredEpoch: bigint | null;
}

/** A prekey publication. */
export interface PublishedPrekeys {
  readonly number: bigint;
  /** Opaque here; the session layer verifies them. */
  readonly bytes: Uint8Array;
}

/** What waits in a mailbox. */
export interface WaitingList {
  /**
   * Sorted by version, then by id. Messages that one address sent with this client are in the order of sending; versions
   * of different senders say nothing about time.
   */
  readonly messages: readonly ObjectRef[];
  /** Objects of any other type at the mailbox's address: coins, junk; some of the first 1,000. See `receiveOther`. */
  readonly others: readonly ChainObject[];
  /** True when there was more than is listed at once. */
  readonly truncated: boolean;
}

/** A message with its bytes. */
export interface MailboxMessage extends ObjectRef {
  readonly payload: Uint8Array;
}

/** A message kept in a mailbox under its number. */
export interface StoredMessage extends ObjectRef {
  readonly index: bigint;
}

/** Reads mailboxes of one publication; needs no key and sends nothing. */
export class MailboxReader {
  readonly client: IotaClient;
  readonly types: MailboxTypes;
  readonly #callTimeoutMs: number;

  /** @throws MailboxError `BAD_ARGUMENT` when `packageId` is no object id */
  constructor(init: MailboxReaderInit) {
    this.client = init.client;
    this.types = mailboxTypes(objectIdOf(init.packageId, 'the package id'));
    this.#callTimeoutMs = init.callTimeoutMs ?? defaultCallTimeoutMs;
  }

  /**
   * State of a mailbox.
   * @throws MailboxError `NOT_A_MAILBOX`, `WRONG_PACKAGE`, `RPC_UNREACHABLE`, `RPC_REFUSED`, `BAD_ARGUMENT`
   */
  async mailboxState(mailboxId: string, signal?: AbortSignal): Promise<MailboxState> {
    return (await this.mailboxStates([mailboxId], signal))[0] as MailboxState;
  }

  /**
   * Checks that a mailbox takes messages, before anything is made for it.
   * @throws MailboxError `RETIRED`, and as {@link mailboxState}
   */
  async assertTakesMessages(mailboxId: string, signal?: AbortSignal): Promise<void> {
    assertTakesMessages(await this.mailboxState(mailboxId, signal));
  }

  /** States of several mailboxes, in the given order. @throws as {@link mailboxState}, for the first that fails */
  async mailboxStates(mailboxIds: readonly string[], signal?: AbortSignal): Promise<readonly MailboxState[]> {
    const ids = mailboxIds.map((id) => objectIdOf(id, 'the mailbox id'));
    const found = await readObjects(this.readInit(signal), [...new Set(ids)], { contents: true });
    return ids.map((id) => this.#stateOf(id, found.get(id)));
  }

  /**
   * The current prekey publication of a mailbox, or `null` before the first.
   * @throws as {@link mailboxState}
   */
  async readPrekeys(mailboxId: string, signal?: AbortSignal): Promise<PublishedPrekeys | null> {
    const id = objectIdOf(mailboxId, 'the mailbox id');
    const fieldId = prekeysFieldId(this.types, id);
    const found = await readObjects(this.readInit(signal), [id, fieldId], { contents: true });
    this.#stateOf(id, found.get(id));
    const field = found.get(fieldId);
    if (field === undefined) return null;
    const { number, bytes } = contentsOf(field, prekeysFieldType, 'prekey publication', maxContents.prekeys);
    return { number, bytes };
  }

  /**
   * Everything that waits at a mailbox's address. Anyone may send anything there, also what nobody can take out again
   * (types without `store`), so messages of this contract are asked for by their type: others cannot hide them. A list has
   * 50,000 messages at most: claim, and list again. Of others the first 1,000 are looked at.
   */
  async listWaiting(mailboxId: string, signal?: AbortSignal): Promise<WaitingList> {
    const id = objectIdOf(mailboxId, 'the mailbox id');
    const { objects, truncated } = await listOwned(this.readInit(signal), id, { type: this.types.message });
    const { objects: any } = await listOwned(this.readInit(signal), id, { maxPages: maxOtherPages });
    const isMessage = (object: ChainObject): boolean =>
      object.type === this.types.message && isOwnedBy(object.owner, id);
    return {
      messages: objects.filter(isMessage).toSorted(byVersion),
      others: any.filter((object) => !isMessage(object)),
      truncated,
    };
  }

  /**
   * Messages that wait in a mailbox, in the order of {@link listWaiting}, read 50 at a time as they are asked for. What
   * is claimed by somebody else in the meantime is left out.
   */
  async *readWaiting(
    mailboxId: string,
    signal?: AbortSignal,
  ): AsyncGenerator<MailboxMessage, void, undefined> {
    const { messages } = await this.listWaiting(mailboxId, signal);
    yield* this.readListed(mailboxId, messages, signal);
  }

  /** The listed messages of a mailbox with their bytes, read 50 at a time as they are asked for, as {@link readWaiting}. */
  async *readListed(
    mailboxId: string,
    messages: readonly ObjectRef[],
    signal?: AbortSignal,
  ): AsyncGenerator<MailboxMessage, void, undefined> {
    const id = objectIdOf(mailboxId, 'the mailbox id');
    for (let start = 0; start < messages.length; start += pageSize) {
      const page = messages.slice(start, start + pageSize);
      yield* await this.readMessages(
        page.map((ref) => ref.objectId),
        (owner) => isOwnedBy(owner, id),
        signal,
      );
    }
  }

  /**
   * Messages that are stored in a mailbox, sorted by number.
   * @throws MailboxError `RPC_UNREACHABLE`, `RPC_REFUSED`
   */
  async listStored(mailboxId: string, signal?: AbortSignal): Promise<readonly StoredMessage[]> {
    const parentId = objectIdOf(mailboxId, 'the mailbox id');
    const init = this.readInit(signal);
    const stored: StoredMessage[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < maxListPages; page++) {
      const { data, nextCursor, hasNextPage } = await ask(init, 'stored messages', (ended) =>
        this.client.getDynamicFields({ parentId, cursor, limit: pageSize, signal: ended }),
      );
      for (const { type, objectType, name, objectId, version, digest } of data) {
        if (type !== 'DynamicObject' || objectType !== this.types.message || name.type !== 'u64') continue;
        const index = String(name.value);
        if (!/^\d{1,20}$/.test(index)) throw unusableAnswer('field name', index);
        stored.push({ index: BigInt(index), objectId, version: String(version), digest });
      }
      if (!hasNextPage || nextCursor === null || nextCursor === cursor) break;
      cursor = nextCursor;
    }
    return stored.toSorted((left, right) => (left.index < right.index ? -1 : 1));
  }

  /** The payloads of stored messages, as far as they still exist, in the given order. */
  async readStored(
    stored: readonly StoredMessage[],
    signal?: AbortSignal,
  ): Promise<readonly MailboxMessage[]> {
    return this.readMessages(
      stored.map((message) => message.objectId),
      (owner) => typeof owner === 'object' && 'ObjectOwner' in owner,
      signal,
    );
  }

  /**
   * One message by its id, whoever has it.
   * @throws MailboxError `NOT_FOUND` when there is no such message of this contract, `BAD_ARGUMENT`, `RPC_UNREACHABLE`,
   *   `RPC_REFUSED`
   */
  async readMessage(messageId: string, signal?: AbortSignal): Promise<MailboxMessage> {
    const id = objectIdOf(messageId, 'the message id');
    const [message] = await this.readMessages([id], () => true, signal);
    if (message === undefined) throw new MailboxError('NOT_FOUND', `there is no message ${id}`);
    return message;
  }

  /**
   * Messages by id, in the given order, as far as they exist, are messages of this contract, and `accepts` their owner.
   * @throws DecodeError never for what a sender can write: the chain has checked the type
   */
  protected async readMessages(
    ids: readonly string[],
    accepts: (owner: ChainObject['owner']) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly MailboxMessage[]> {
    const found = await readObjects(this.readInit(signal), ids, { contents: true });
    const messages: MailboxMessage[] = [];
    for (const id of ids) {
      const object = found.get(id);
      if (object?.type !== this.types.message || !accepts(object.owner)) continue;
      const { payload } = contentsOf(object, messageObjectType, 'message', maxContents.message);
      messages.push({ objectId: id, version: object.version, digest: object.digest, payload });
    }
    return messages;
  }

  /** Bounds for reads of this client. */
  protected readInit(signal: AbortSignal | undefined): ReadInit {
    return { client: this.client, timeoutMs: this.#callTimeoutMs, signal };
  }

  #stateOf(mailboxId: string, object: ChainObject | undefined): MailboxState {
    const initialSharedVersion = object === undefined ? null : sharedVersionOf(object.owner);
    if (object === undefined || initialSharedVersion === null || object.type !== this.types.mailbox) {
      throw notThisMailbox(mailboxId, object, this.types);
    }
    const { nextIndex, stored, prekeysNumber, retiredEpoch } = contentsOf(
      object,
      mailboxObjectType,
      'mailbox',
      maxContents.mailbox,
    );
    return { mailboxId, initialSharedVersion, nextIndex, stored, prekeysNumber, retiredEpoch };
  }
}

/** @throws MailboxError `RETIRED` */
export function assertTakesMessages(state: MailboxState): void {
  if (state.retiredEpoch === null) return;
  throw new MailboxError('RETIRED', `mailbox ${state.mailboxId} takes no more messages`, {
    hint: 'ask the owner for the new mailbox, or wait until both are online',
    data: { mailboxId: state.mailboxId, retiredEpoch: state.retiredEpoch },
  });
}

/** The mailbox that a capability opens. @throws MailboxError `RPC_REFUSED` when the node's bytes are none */
export function mailboxOfCap(object: ChainObject): string {
  return contentsOf(object, ownerCapType, 'mailbox capability', maxContents.cap).mailboxId;
}

function contentsOf<T, Input>(
  object: ChainObject,
  type: BcsType<T, Input>,
  what: string,
  maxBytes: number,
): T {
  try {
    if (object.contents === null) throw new TypeError('no contents');
    return decodeStrict(type, object.contents, { what, maxBytes });
  } catch (error) {
    throw unusableAnswer(what, error);
  }
}

function notThisMailbox(
  mailboxId: string,
  object: ChainObject | undefined,
  types: MailboxTypes,
): MailboxError {
  if (
    object !== undefined &&
    object.type !== types.mailbox &&
    isMailboxTypeOfAnyPackage(object.type, 'MailboxObject')
  ) {
    return new MailboxError(
      'WRONG_PACKAGE',
      `mailbox ${mailboxId} is of another package than ${types.packageId}`,
      {
        hint: 'only the pinned package is safe to send to; ask the owner for a mailbox of it',
        data: { mailboxId, type: object.type },
      },
    );
  }
  return new MailboxError(
    'NOT_A_MAILBOX',
    object === undefined ? `there is no object ${mailboxId}` : `object ${mailboxId} is not a mailbox`,
    { hint: 'check the id, and that it is of this network', data: { mailboxId, type: object?.type ?? null } },
  );
}
