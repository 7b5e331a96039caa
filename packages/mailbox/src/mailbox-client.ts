/**
 * Writing to the chain: create, send, claim, store, delete, publish. Who sends is visible to everybody: the address of
 * the queue signs and pays, so a sender who wants not to be linked to a DID uses an address that never touches one.
 */
import { bcs } from '@iota/iota-sdk/bcs';
import type { IotaEvent } from '@iota/iota-sdk/client';
import { Inputs, type Transaction, type TransactionObjectArgument } from '@iota/iota-sdk/transactions';
import { namedAbort } from './abort-error.ts';
import { maxPrekeysBytes } from './contract.ts';
import { MailboxError } from './errors.ts';
import type { GasUsed, ObjectRef } from './gas.ts';
import { maxClaimsPerTransaction } from './limits.ts';
import { assertTakesMessages, MailboxReader, mailboxOfCap, type MailboxState } from './mailbox-reader.ts';
import { isOwnedBy, objectIdOf, readObjects, type ChainObject } from './objects.ts';
import { planTransactions, splitPayload, type OutgoingMessage } from './send-plan.ts';
import {
  TransactionQueue,
  type BuildTransaction,
  type ExecutedTransaction,
  type TransactionQueueInit,
} from './transaction-queue.ts';

/**
 * Settings of a {@link MailboxClient}: the queue of the address that signs and pays, or what a queue of its own is made
 * of. An address that several parts of a program use must have one queue that they share.
 */
export type MailboxClientInit = {
  /** The one publication of the contract that is believed. */
  readonly packageId: string;
} & ({ readonly queue: TransactionQueue } | TransactionQueueInit);

/** A mailbox and the capability that opens it. */
export interface OwnedMailbox {
  readonly mailboxId: string;
  readonly capId: string;
}

/** What a transaction did, and what it cost. */
export interface Receipt {
  /** Base58. */
  readonly digest: string;
  readonly gas: GasUsed;
}

/** Messages sent by one transaction. */
export interface SentMessages extends Receipt {
  /** Ids of the message objects, in the order of the messages. */
  readonly messageIds: readonly string[];
}

/** Outcome of claiming. */
export interface Claimed {
  /** Taken out by us, in the given order. */
  readonly claimed: readonly string[];
  /** Not there (any more): claimed before, or never a message of this mailbox. */
  readonly gone: readonly string[];
  /** One for each batch that claimed something. */
  readonly transactions: readonly Receipt[];
}

type ObjectArguments = (
  tx: Transaction,
) => [mailbox: TransactionObjectArgument, cap: TransactionObjectArgument];

/** Works with mailboxes of one publication, as one address. */
export class MailboxClient extends MailboxReader {
  readonly queue: TransactionQueue;

  constructor(init: MailboxClientInit) {
    const queue = 'queue' in init ? init.queue : new TransactionQueue(init);
    super({ client: queue.client, packageId: init.packageId, callTimeoutMs: queue.callTimeoutMs });
    this.queue = queue;
  }

  /** Creates a mailbox; its capability goes to the address of the queue. @throws as `TransactionQueue.execute` */
  async createMailbox(signal?: AbortSignal): Promise<OwnedMailbox & Receipt> {
    const { digest, gas, response } = await this.#execute((tx) => {
      const cap = tx.moveCall({ target: this.types.target('create') });
      tx.transferObjects([cap], this.queue.address);
    }, signal);
    const created = (type: string): string => {
      const change = response.objectChanges?.find((one) => one.type === 'created' && one.objectType === type);
      if (change === undefined || !('objectId' in change)) throw noAnswer(digest);
      return change.objectId;
    };
    return { mailboxId: created(this.types.mailbox), capId: created(this.types.cap), digest, gas };
  }

  /**
   * Puts one message into a mailbox.
   * @throws MailboxError `PAYLOAD_TOO_LARGE`, `NOT_A_MAILBOX`, `WRONG_PACKAGE`, `RETIRED`, and as `TransactionQueue.execute`
   */
  async sendMessage(
    message: OutgoingMessage,
    signal?: AbortSignal,
  ): Promise<Receipt & { readonly messageId: string }> {
    let result: (Receipt & { readonly messageId: string }) | undefined;
    for await (const { messageIds, ...receipt } of this.sendMessages([message], signal)) {
      result = { ...receipt, messageId: messageIds[0] as string };
    }
    return result as Receipt & { readonly messageId: string };
  }

  /**
   * Puts messages into mailboxes, in order, in as few transactions as they fit, and yields after each: a failure in the
   * middle leaves the caller knowing what was sent. All sizes and all mailboxes are checked before the first.
   * @throws as {@link sendMessage}
   */
  async *sendMessages(
    messages: readonly OutgoingMessage[],
    signal?: AbortSignal,
  ): AsyncGenerator<SentMessages, void, undefined> {
    const groups = planTransactions(messages);
    for (const state of await this.mailboxStates(
      messages.map((message) => message.mailboxId),
      signal,
    )) {
      assertTakesMessages(state);
    }
    for (const group of groups) {
      const sent = await this.#execute((tx) => {
        for (const message of group) this.#addMessage(tx, message);
      }, signal);
      const messageIds = idsOfEvents(sent.response.events, this.types.target('MessageSent'), 'message_id');
      if (messageIds.length !== group.length) throw noAnswer(sent.digest);
      yield { digest: sent.digest, gas: sent.gas, messageIds };
    }
  }

  /**
   * Takes messages out of a mailbox and deletes them: their deposits come to the address of the queue.
   * @param messageIds in any number; 50 go into one transaction
   * @throws MailboxError `CAP_MISMATCH`, `NOT_A_MAILBOX`, `WRONG_PACKAGE`, and as `TransactionQueue.execute`; what
   *   earlier batches claimed stays claimed
   */
  claimAndDelete(own: OwnedMailbox, messageIds: readonly string[], signal?: AbortSignal): Promise<Claimed> {
    return this.#claim(own, messageIds, 'claim_and_delete', signal);
  }

  /** Takes messages out of the waiting ones and stores them in the mailbox. @throws as {@link claimAndDelete} */
  claimAndStore(own: OwnedMailbox, messageIds: readonly string[], signal?: AbortSignal): Promise<Claimed> {
    return this.#claim(own, messageIds, 'claim_and_store', signal);
  }

  /**
   * Deletes stored messages by number, at most 50 at once; all or none.
   * @throws MailboxError `NOT_FOUND` when one does not exist, `BAD_ARGUMENT`, and as {@link claimAndDelete}
   */
  async deleteStored(own: OwnedMailbox, indexes: readonly bigint[], signal?: AbortSignal): Promise<Receipt> {
    if (indexes.length === 0 || indexes.length > maxClaimsPerTransaction) {
      throw new MailboxError(
        'BAD_ARGUMENT',
        `delete 1 to ${maxClaimsPerTransaction} stored messages at once`,
      );
    }
    return this.#asOwner(own, signal, (tx, mailbox, cap) => {
      for (const index of indexes) {
        tx.moveCall({
          target: this.types.target('delete_stored'),
          arguments: [mailbox, cap, tx.pure.u64(index)],
        });
      }
    });
  }

  /**
   * Publishes prekeys in place of the current ones, under the next number unless one is given.
   * @param bytes at most 16,381
   * @throws MailboxError `PAYLOAD_TOO_LARGE`, `RETIRED`, `EXECUTION_FAILED` with `EPrekeysNumberNotNext`, and as
   *   {@link claimAndDelete}
   */
  async publishPrekeys(
    own: OwnedMailbox,
    bytes: Uint8Array,
    init: { readonly number?: bigint; readonly signal?: AbortSignal } = {},
  ): Promise<Receipt & { readonly number: bigint }> {
    if (bytes.length > maxPrekeysBytes) {
      throw new MailboxError(
        'PAYLOAD_TOO_LARGE',
        `a prekey publication of ${bytes.length} bytes is too large; the limit is ${maxPrekeysBytes}`,
      );
    }
    let number = init.number ?? 0n;
    const receipt = await this.#asOwner(own, init.signal, (tx, mailbox, cap, state) => {
      number = init.number ?? state.prekeysNumber + 1n;
      tx.moveCall({
        target: this.types.target('publish_prekeys'),
        arguments: [mailbox, cap, tx.pure.u64(number), pureBytes(tx, bytes)],
      });
    });
    return { ...receipt, number };
  }

  /** Declares that the mailbox takes no more messages, for ever. @throws `RETIRED` when it was, and as {@link claimAndDelete} */
  retire(own: OwnedMailbox, signal?: AbortSignal): Promise<Receipt> {
    return this.#asOwner(own, signal, (tx, mailbox, cap) => {
      tx.moveCall({ target: this.types.target('retire'), arguments: [mailbox, cap] });
    });
  }

  /**
   * Deletes a mailbox that was retired at least 30 epochs ago and stores nothing, with its capability. What still waits
   * for it is lost with its deposit, and the contract cannot see it: list and claim first.
   * @throws MailboxError `EXECUTION_FAILED` with `EMailboxNotRetired`, `ERetiredTooRecently` or `EMessagesStored`, and
   *   as {@link claimAndDelete}
   */
  close(own: OwnedMailbox, signal?: AbortSignal): Promise<Receipt> {
    return this.#asOwner(own, signal, (tx, mailbox, cap) => {
      tx.moveCall({ target: this.types.target('close'), arguments: [mailbox, cap] });
    });
  }

  /**
   * Takes an object of any transferable type out of a mailbox's address and sends it to the address of the queue.
   * @throws MailboxError `NOT_FOUND` when it does not wait there, and as {@link claimAndDelete}
   */
  receiveOther(own: OwnedMailbox, objectId: string, signal?: AbortSignal): Promise<Receipt> {
    const id = objectIdOf(objectId, 'the object id');
    return this.#asOwner(own, signal, async (tx, mailbox, cap) => {
      const object = (await readObjects(this.readInit(signal), [id])).get(id);
      if (object === undefined || !isOwnedBy(object.owner, objectIdOf(own.mailboxId, 'the mailbox id'))) {
        throw new MailboxError('NOT_FOUND', `object ${id} does not wait in mailbox ${own.mailboxId}`);
      }
      const received = tx.moveCall({
        target: this.types.target('receive_other'),
        typeArguments: [object.type],
        arguments: [mailbox, cap, tx.object(Inputs.ReceivingRef(refOf(object)))],
      });
      tx.transferObjects([received], this.queue.address);
    });
  }

  async #claim(
    own: OwnedMailbox,
    messageIds: readonly string[],
    functionName: 'claim_and_delete' | 'claim_and_store',
    signal: AbortSignal | undefined,
  ): Promise<Claimed> {
    const ids = [...new Set(messageIds.map((id) => objectIdOf(id, 'a message id')))];
    const claimed: string[] = [];
    const transactions: Receipt[] = [];
    for (let start = 0; start < ids.length; start += maxClaimsPerTransaction) {
      const batch = ids.slice(start, start + maxClaimsPerTransaction);
      let present: readonly ChainObject[] = [];
      try {
        const receipt = await this.#asOwner(own, signal, async (tx, mailbox, cap, state) => {
          present = await this.#waitingOf(state.mailboxId, batch, signal);
          if (present.length === 0) throw new NothingToClaim();
          for (const object of present) {
            tx.moveCall({
              target: this.types.target(functionName),
              arguments: [mailbox, cap, tx.object(Inputs.ReceivingRef(refOf(object)))],
            });
          }
        });
        transactions.push(receipt);
        claimed.push(...present.map((object) => object.objectId));
      } catch (error) {
        if (!(error instanceof NothingToClaim)) throw error;
      }
    }
    const taken = new Set(claimed);
    return { claimed, gone: ids.filter((id) => !taken.has(id)), transactions };
  }

  async #waitingOf(
    mailboxId: string,
    ids: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly ChainObject[]> {
    const found = await readObjects(this.readInit(signal), ids);
    return ids.flatMap((id) => {
      const object = found.get(id);
      return object?.type === this.types.message && isOwnedBy(object.owner, mailboxId) ? [object] : [];
    });
  }

  /** Runs a transaction that needs the mailbox and its capability, both read afresh for each attempt. */
  async #asOwner(
    own: OwnedMailbox,
    signal: AbortSignal | undefined,
    build: (
      tx: Transaction,
      mailbox: TransactionObjectArgument,
      cap: TransactionObjectArgument,
      state: MailboxState,
    ) => void | Promise<void>,
  ): Promise<Receipt> {
    const { digest, gas } = await this.#execute(async (tx) => {
      const { state, objectArguments } = await this.#open(own, signal);
      await build(tx, ...objectArguments(tx), state);
    }, signal);
    return { digest, gas };
  }

  async #open(
    own: OwnedMailbox,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly state: MailboxState; readonly objectArguments: ObjectArguments }> {
    const capId = objectIdOf(own.capId, 'the capability id');
    const [state, caps] = await Promise.all([
      this.mailboxState(own.mailboxId, signal),
      readObjects(this.readInit(signal), [capId], { contents: true }),
    ]);
    const cap = caps.get(capId);
    if (cap?.type !== this.types.cap || !isOwnedBy(cap.owner, this.queue.address)) {
      throw capMismatch(`${capId} is not a capability of ${this.queue.address}`, own);
    }
    if (mailboxOfCap(cap) !== state.mailboxId) {
      throw capMismatch(`capability ${capId} is of another mailbox`, own);
    }
    return {
      state,
      objectArguments: (tx) => [
        tx.object(
          Inputs.SharedObjectRef({
            objectId: state.mailboxId,
            initialSharedVersion: state.initialSharedVersion,
            mutable: true,
          }),
        ),
        tx.object(Inputs.ObjectRef(refOf(cap))),
      ],
    };
  }

  #addMessage(tx: Transaction, { mailboxId, payload }: OutgoingMessage): void {
    const [first, ...rest] = splitPayload(payload) as [Uint8Array, ...Uint8Array[]];
    const mailbox = tx.pure.id(mailboxId);
    if (rest.length === 0) {
      tx.moveCall({ target: this.types.target('send_message'), arguments: [mailbox, pureBytes(tx, first)] });
      return;
    }
    const message = tx.moveCall({
      target: this.types.target('new_message'),
      arguments: [pureBytes(tx, first)],
    });
    for (const part of rest) {
      tx.moveCall({ target: this.types.target('append'), arguments: [message, pureBytes(tx, part)] });
    }
    tx.moveCall({ target: this.types.target('post_message'), arguments: [message, mailbox] });
  }

  async #execute(build: BuildTransaction, signal: AbortSignal | undefined): Promise<ExecutedTransaction> {
    try {
      return await this.queue.execute(build, signal);
    } catch (error) {
      throw namedAbort(error, this.types.packageId);
    }
  }
}

/** Nothing of a batch waits any more: no transaction is needed. */
class NothingToClaim extends Error {}

function refOf({ objectId, version, digest }: ObjectRef): ObjectRef {
  return { objectId, version, digest };
}

function pureBytes(tx: Transaction, bytes: Uint8Array): ReturnType<Transaction['pure']> {
  return tx.pure(bcs.byteVector().serialize(bytes));
}

function idsOfEvents(
  events: readonly IotaEvent[] | null | undefined,
  type: string,
  member: string,
): readonly string[] {
  return (events ?? []).flatMap((event) => {
    const value =
      event.type === type ? (event.parsedJson as Record<string, unknown> | null)?.[member] : undefined;
    return typeof value === 'string' ? [value] : [];
  });
}

function capMismatch(message: string, own: OwnedMailbox): MailboxError {
  return new MailboxError('CAP_MISMATCH', message, {
    hint: 'use the address that holds the capability of this mailbox',
    data: { mailboxId: own.mailboxId, capId: own.capId },
  });
}

function noAnswer(digest: string): MailboxError {
  return new MailboxError('RPC_REFUSED', `the IOTA node does not say what transaction ${digest} did`, {
    hint: 'the transaction has succeeded; use a node that answers with object changes and events',
    data: { digest },
  });
}
