/**
 * Changing identities. The library says which commands a transaction has; who pays for it, with which coins, and who
 * signs it is the business of the queue that is handed in, the same that all transactions of its address go through.
 */
import type { IotaTransactionBlockResponse } from '@iota/iota-sdk/client';
import { Transaction } from '@iota/iota-sdk/transactions';
import { concatBytes } from '@wotid/core';
import type { DIDDocument } from 'did-resolver';
import type { DidReader, ResolvedDid } from './did-reader.ts';
import { assertDocument, encodeDocument, type DidContent } from './documents.ts';
import { DidIotaError } from './errors.ts';
import { iotaDidOf, parseIotaDid } from './iota-did.ts';
import type { ControlledIdentity } from './library/operations.ts';

/** Cost of a transaction, in NANOS. */
export interface GasUsed {
  readonly computationNanos: bigint;
  readonly storageNanos: bigint;
  readonly rebateNanos: bigint;
  readonly netNanos: bigint;
}

/** Executes transactions of one address, one after the other; `TransactionQueue` of the mailbox client is one. */
export interface IdentityTransactions {
  /** 0x and 64 hex digits. */
  readonly address: string;
  /** Calls `build` again when objects have changed under the first try. */
  execute(
    build: () => Promise<Transaction>,
    signal?: AbortSignal,
  ): Promise<{
    readonly digest: string;
    readonly gas: GasUsed;
    /** With object changes. */
    readonly response: IotaTransactionBlockResponse;
  }>;
}

/** Settings of a {@link DidController}. */
export interface DidControllerInit {
  readonly reader: DidReader;
  readonly transactions: IdentityTransactions;
}

/** What a change did, and what it cost. */
export interface DidReceipt {
  /** Base58. */
  readonly digest: string;
  readonly gas: GasUsed;
}

/** A new identity. */
export interface CreatedDid extends DidReceipt {
  readonly did: string;
  readonly objectId: string;
  /** The capability that controls it, at the address that paid. */
  readonly capId: string;
}

/** Tag of `ProgrammableTransaction` among the kinds of a transaction. */
const programmableKind = Uint8Array.of(0);

/** Makes and changes identities that one address controls alone. */
export class DidController {
  readonly #reader: DidReader;
  readonly #transactions: IdentityTransactions;

  constructor(init: DidControllerInit) {
    this.#reader = init.reader;
    this.#transactions = init.transactions;
  }

  /**
   * Publishes a document under a new DID.
   * @throws DidIotaError as `DidReader.resolve`; whatever the transactions throw
   */
  async create(content: DidContent, signal?: AbortSignal): Promise<CreatedDid> {
    const { network } = this.#reader;
    const { address } = this.#transactions;
    const placeholder = await this.#reader.run('placeholder', {}, signal);
    const document = bounded(encodeDocument(placeholder, content));
    const { digest, gas, response } = await this.#transactions.execute(
      async () => transactionOf(await this.#reader.run('publish', { document, address }, signal)),
      signal,
    );
    const created = (type: string): string => {
      const change = response.objectChanges?.find(
        (one) => one.type === 'created' && one.objectType === `${network.packageId}::${type}`,
      );
      if (change === undefined || !('objectId' in change)) throw noAnswer(digest);
      return change.objectId;
    };
    const objectId = created('identity::Identity');
    const capId = created('controller::ControllerCap');
    return { did: iotaDidOf(network, objectId), objectId, capId, digest, gas };
  }

  /**
   * Puts another document in place of the one there is. Services and names in it that are not ours stay. It also makes a
   * deactivated DID active again.
   * @throws DidIotaError `NOT_CONTROLLER`, `SHARED_CONTROL`, `DEACTIVATED` when it is so for ever, and as
   *   `DidReader.resolve`; whatever the transactions throw
   */
  update(did: string, content: DidContent, signal?: AbortSignal): Promise<DidReceipt> {
    return this.#change(did, signal, (before, controlled) => {
      const document = bounded(encodeDocument(did, content, before.document ?? undefined));
      return this.#reader.run('update', { ...controlled, document }, signal);
    });
  }

  /**
   * Takes the document away: the DID resolves to nothing until it is updated again, or `forever`.
   * @throws as {@link update}
   */
  deactivate(
    did: string,
    { forever = false, signal }: { readonly forever?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<DidReceipt> {
    return this.#change(did, signal, (_before, controlled) =>
      this.#reader.run('deactivate', { ...controlled, forever }, signal),
    );
  }

  async #change(
    did: string,
    signal: AbortSignal | undefined,
    commands: (before: ResolvedDid, controlled: ControlledIdentity) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<DidReceipt> {
    const { address } = this.#transactions;
    const objectId = parseIotaDid(did, this.#reader.network);
    const { digest, gas } = await this.#transactions.execute(async () => {
      const before = await this.#reader.resolve(did, signal);
      if (before.forever) {
        throw new DidIotaError('DEACTIVATED', `${did} was deactivated for ever`, { data: { forever: true } });
      }
      if (before.isShared) {
        throw new DidIotaError('SHARED_CONTROL', `several control ${did} and must agree to a change`, {
          hint: 'Use IOTA’s identity tools, which make proposals and votes.',
        });
      }
      const controlled = (await this.#reader.controlledBy(address, signal)).find(
        (one) => one.objectId === objectId,
      );
      if (controlled === undefined) {
        throw new DidIotaError('NOT_CONTROLLER', `${address} does not control ${did}`, {
          hint: 'Use the account that holds its controller capability.',
          data: { did, address },
        });
      }
      return transactionOf(await commands(before, controlled));
    }, signal);
    return { digest, gas };
  }
}

function transactionOf(commands: Uint8Array<ArrayBuffer>): Transaction {
  return Transaction.fromKind(concatBytes(programmableKind, commands));
}

/** A document that readers would refuse is not written. */
function bounded(document: DIDDocument): DIDDocument {
  return assertDocument(document, document.id);
}

function noAnswer(digest: string): DidIotaError {
  return new DidIotaError('RPC_REFUSED', `the IOTA node does not say what transaction ${digest} made`, {
    hint: 'The transaction has succeeded: run the command again, it finds the identity.',
    data: { digest },
  });
}
