/**
 * One queue of transactions per address. Two transactions that spend the same version of an owned object (a gas coin is
 * one) are equivocation: validators may lock the object until the epoch ends. So one transaction is built, executed and
 * seen before the next is built, and one whose fate is unknown is settled first.
 *
 * The SDK's SerialTransactionExecutor is not used: it pays from one coin with a fixed budget and no trial run (a 16 KiB
 * message needs more than its default), and after an unanswered submission it builds the next transaction on the same
 * coin. This file knows nothing about mailboxes.
 */
import {
  JsonRpcError,
  type CoinStruct,
  type IotaClient,
  type IotaTransactionBlockResponse,
} from '@iota/iota-sdk/client';
import type { Signer } from '@iota/iota-sdk/cryptography';
import { Transaction } from '@iota/iota-sdk/transactions';
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '@wotid/core';
import { MailboxError } from './errors.ts';
import { parseExecutionFailure } from './execution-failure.ts';
import {
  assertGasPrice,
  budgetFor,
  gasUsedOf,
  maxBudgetNanos,
  noGas,
  selectGasCoins,
  type GasUsed,
  type ObjectRef,
} from './gas.ts';
import {
  defaultCallTimeoutMs,
  defaultEffectsTimeoutMs,
  defaultSettlePauseMs,
  effectsPollMs,
  maxAttempts,
  lockPauseMs,
  maxCoinPages,
  maxLockedAttempts,
  maxSettleAttempts,
  maxSuspectCoins,
  pageSize,
} from './limits.ts';
import { takenFromGasCoin } from './gas-coin.ts';
import { ask, usable } from './objects.ts';
import { isObjectRace, isRefusal, lockPattern, lostRace } from './refusals.ts';
import { callNode, refusedByNode } from './rpc.ts';

/** Settings of a {@link TransactionQueue}. */
export interface TransactionQueueInit {
  readonly client: IotaClient;
  /** Signs for the address that sends and pays. Used by this queue alone, in this and every other process. */
  readonly signer: Signer;
  /** Bound of one RPC call, milliseconds; default 15,000. */
  readonly callTimeoutMs?: number;
  /** Bound for effects to become readable, milliseconds; default 60,000. */
  readonly effectsTimeoutMs?: number;
  /** First pause before a submission that was not answered is sent again, doubled each time, milliseconds; default 250. */
  readonly settlePauseMs?: number;
}

/** A transaction that succeeded. */
export interface ExecutedTransaction {
  /** Base58. */
  readonly digest: string;
  readonly gas: GasUsed;
  /** With effects, object changes and events. */
  readonly response: IotaTransactionBlockResponse;
}

/**
 * Puts commands into a fresh transaction, or returns one of its own. It runs again when objects have changed under the first try, so it reads
 * object references inside. Gas is paid for it unless it sets a gas payment itself.
 */
export type BuildTransaction = (
  tx: Transaction,
  signal: AbortSignal | undefined,
) => void | Transaction | Promise<void | Transaction>;

interface Submission {
  /** Base58. */
  readonly digest: string;
  readonly payment: readonly ObjectRef[];
  readonly bytes: Uint8Array;
  readonly signature: string;
}

const shown = { showEffects: true, showObjectChanges: true, showEvents: true } as const;

/** Executes transactions of one address, one after the other. */
export class TransactionQueue {
  readonly client: IotaClient;
  /** 0x and 64 hexadecimal digits. */
  readonly address: string;
  readonly #signer: Signer;
  /** Bound of one RPC call, milliseconds. */
  readonly callTimeoutMs: number;
  readonly #effectsTimeoutMs: number;
  readonly #settlePauseMs: number;
  #tail: Promise<unknown> = Promise.resolve();
  #unsettled: Submission | null = null;
  /** Coins (`id:version`) whose transaction lost a race: a validator may have locked them until the epoch ends. */
  readonly #suspect = new Set<string>();

  constructor(init: TransactionQueueInit) {
    this.client = init.client;
    this.#signer = init.signer;
    this.address = init.signer.toIotaAddress();
    this.callTimeoutMs = init.callTimeoutMs ?? defaultCallTimeoutMs;
    this.#effectsTimeoutMs = init.effectsTimeoutMs ?? defaultEffectsTimeoutMs;
    this.#settlePauseMs = init.settlePauseMs ?? defaultSettlePauseMs;
  }

  /**
   * Waits for its turn, builds, tries (a trial run fixes the gas budget and catches most failures for free), pays with
   * the fewest coins, signs, submits, and resolves once the effects are readable.
   *
   * @throws MailboxError `NO_GAS`, `EXECUTION_FAILED` (`data.charged` says whether gas was spent), `OBJECT_RACE` after
   *   several rebuilds, `RPC_UNREACHABLE` (`data.outcome` is `unknown` when it was submitted and not answered; the next
   *   transaction of this queue waits for its fate), `RPC_REFUSED`; the signal's reason; whatever `build` throws
   */
  execute(build: BuildTransaction, signal?: AbortSignal): Promise<ExecutedTransaction> {
    const turn = this.#tail.then(() => this.#executeNow(build, signal));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /** Balance of the address, NANOS. */
  async balanceNanos(signal?: AbortSignal): Promise<bigint> {
    const balance = await ask(
      { client: this.client, timeoutMs: this.callTimeoutMs, signal },
      'balance',
      (ended) => this.client.getBalance({ owner: this.address, signal: ended }),
    );
    return usable('balance', () => BigInt(balance.totalBalance));
  }

  /** Checks that the address holds at least `neededNanos`. @throws MailboxError `NO_GAS`, `RPC_UNREACHABLE`, `RPC_REFUSED` */
  async assertFunds(neededNanos: bigint, signal?: AbortSignal): Promise<void> {
    const balanceNanos = await this.balanceNanos(signal);
    if (balanceNanos === 0n || balanceNanos < neededNanos)
      throw noGas(this.address, neededNanos, balanceNanos);
  }

  async #executeNow(build: BuildTransaction, signal: AbortSignal | undefined): Promise<ExecutedTransaction> {
    if (this.#unsettled !== null) await this.#settleEarlier(this.#unsettled, signal);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      let submission: Submission | null = null;
      try {
        submission = await this.#prepare(build, signal);
        return await this.#submit(submission, signal);
      } catch (error) {
        if (!isObjectRace(error)) throw refusedByNode(error, 'transaction');
        const locked = lockPattern.test(errorText(error));
        if (attempt >= (locked ? maxLockedAttempts : maxAttempts)) throw lostRace(error, attempt, locked);
        if (!locked) continue;
        this.#suspectPayment(submission);
        await this.#pause(lockPauseMs * (1 + Math.random()), signal);
      }
    }
  }

  async #prepare(build: BuildTransaction, signal: AbortSignal | undefined): Promise<Submission> {
    const empty = new Transaction();
    const tx = (await build(empty, signal)) ?? empty;
    const chosenPayment = tx.getData().gasData.payment;
    const gasPrice = await this.#call('gas price', signal, (ended) =>
      this.client.getReferenceGasPrice({ signal: ended }),
    );
    tx.setSender(this.address);
    usable('gas price', () => assertGasPrice(gasPrice));
    tx.setGasPrice(gasPrice);
    // Without gas coins the trial run pays from a coin of its own.
    tx.setGasPayment(chosenPayment ?? []);
    tx.setGasBudget(maxBudgetNanos);
    const trialBytes = await this.#bytesOf(tx, signal);
    const trial = await this.#call('trial run', signal, (ended) =>
      this.client.dryRunTransactionBlock({ transactionBlock: trialBytes, signal: ended }),
    );
    const { status, used } = usable('trial run', () => {
      const { effects } = trial;
      return { status: effects.status, used: gasUsedOf(effects.gasUsed) };
    });
    if (status.status !== 'success') {
      throw executionFailed(status.error ?? 'no reason given', { charged: false });
    }
    const budget = budgetFor(used, gasPrice);
    tx.setGasBudget(budget);
    const payment = chosenPayment?.map(refOf) ?? (await this.#payWith(tx, budget, signal));
    usable('coin', () => tx.setGasPayment([...payment]));
    const bytes = await this.#bytesOf(tx, signal);
    const { signature } = await this.#signer.signTransaction(bytes);
    return { bytes, signature, payment, digest: await tx.getDigest() };
  }

  async #bytesOf(tx: Transaction, signal: AbortSignal | undefined): Promise<Uint8Array> {
    try {
      return await this.#call('inputs', signal, () => tx.build({ client: this.client }));
    } catch (error) {
      if (signal?.aborted === true || error instanceof JsonRpcError || error instanceof MailboxError)
        throw error;
      throw new MailboxError('BAD_ARGUMENT', `no transaction can be made of this: ${errorText(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * Coins of this address that the transaction does not use itself: few that cover the budget and what it takes out of
   * the gas coin; or as many as may pay, when it takes all, or when there are so many that they are better merged.
   */
  async #payWith(
    tx: Transaction,
    budget: bigint,
    signal: AbortSignal | undefined,
  ): Promise<readonly ObjectRef[]> {
    const used = new Set(tx.getData().inputs.map((input) => input.Object?.ImmOrOwnedObject?.objectId));
    const coins: CoinStruct[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < maxCoinPages; page++) {
      const { data, nextCursor, hasNextPage } = await this.#call('coins', signal, (ended) =>
        this.client.getCoins({ owner: this.address, cursor, limit: pageSize, signal: ended }),
      );
      usable('coin', () => {
        for (const coin of data)
          if (!used.has(coin.coinObjectId) && BigInt(coin.balance) >= 0n) coins.push(coin);
      });
      if (!hasNextPage || !nextCursor) break;
      cursor = nextCursor;
    }
    const taken = takenFromGasCoin(tx);
    const needed = taken === 'all' ? budget : budget + taken;
    const free = coins.filter((coin) => !this.#suspect.has(`${coin.coinObjectId}:${coin.version}`));
    const enough = free.reduce((total, coin) => total + BigInt(coin.balance), 0n) >= needed;
    const all = taken === 'all' || coins.length > pageSize;
    return selectGasCoins(enough ? free : coins, needed, this.address, all);
  }

  #suspectPayment(submission: Submission | null): void {
    if (this.#suspect.size > maxSuspectCoins) this.#suspect.clear();
    for (const ref of submission?.payment ?? []) this.#suspect.add(keyOf(ref));
  }

  async #submit(submission: Submission, signal: AbortSignal | undefined): Promise<ExecutedTransaction> {
    // From here on the transaction may execute whatever we hear about it.
    this.#unsettled = submission;
    let response: IotaTransactionBlockResponse;
    try {
      response = await this.#call('execute', signal, (ended) => this.#send(submission, ended));
    } catch (error) {
      if (isRefusal(error)) {
        this.#unsettled = null;
        throw error;
      }
      response = await this.#settle(submission, signal);
    }
    await this.#untilReadable(submission, signal);
    return usable('transaction', () => executedOrThrow(response));
  }

  #send(submission: Submission, signal: AbortSignal): Promise<IotaTransactionBlockResponse> {
    return this.client.executeTransactionBlock({
      transactionBlock: submission.bytes,
      signature: submission.signature,
      options: shown,
      signal,
    });
  }

  /**
   * Finds out what became of a submission by sending the very same bytes again: a node answers with the effects of a
   * transaction that it has executed, and otherwise executes it or refuses it now.
   */
  async #settle(
    submission: Submission,
    signal: AbortSignal | undefined,
  ): Promise<IotaTransactionBlockResponse> {
    let last: unknown;
    for (let attempt = 0; attempt < maxSettleAttempts; attempt++) {
      await this.#pause(this.#settlePauseMs * 2 ** attempt, signal);
      try {
        return await this.#sendAgain(submission, signal);
      } catch (error) {
        if (isRefusal(error)) {
          this.#unsettled = null;
          throw error;
        }
        if (signal?.aborted === true) throw error;
        last = error;
      }
    }
    throw new MailboxError('RPC_UNREACHABLE', `transaction ${submission.digest} was sent and not answered`, {
      hint: 'check the node; the next transaction of this address first finds out what became of this one',
      data: { digest: submission.digest, outcome: 'unknown' },
      cause: last,
    });
  }

  async #sendAgain(
    submission: Submission,
    signal: AbortSignal | undefined,
  ): Promise<IotaTransactionBlockResponse> {
    try {
      return await this.#call('execute', signal, (ended) => this.#send(submission, ended));
    } catch (refusal) {
      if (!isRefusal(refusal)) throw refusal;
      // Its inputs may be gone because it was executed itself.
      try {
        return await this.#call('transaction', signal, (ended) =>
          this.client.getTransactionBlock({ digest: submission.digest, options: shown, signal: ended }),
        );
      } catch (error) {
        throw isRefusal(error) ? refusal : error;
      }
    }
  }

  /** The fate of an earlier transaction is no longer this caller's concern, as long as there is one. */
  async #settleEarlier(submission: Submission, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#settle(submission, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return;
    }
    await this.#untilReadable(submission, signal);
  }

  /**
   * Until a transaction is in a checkpoint, reads of coins and objects may still show what was before it. When that takes
   * too long the transaction has happened all the same, and the next one waits for it first.
   */
  async #untilReadable({ digest }: Submission, signal: AbortSignal | undefined): Promise<void> {
    try {
      await callNode({ timeoutMs: this.#effectsTimeoutMs, signal }, 'effects', (ended) =>
        this.client.waitForTransaction({
          digest,
          signal: ended,
          timeout: this.#effectsTimeoutMs,
          pollInterval: effectsPollMs,
        }),
      );
      this.#unsettled = null;
    } catch {
      // Not readable yet, or the caller no longer waits.
    }
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await pause(ms, undefined, signal === undefined ? {} : { signal });
    } catch {
      signal?.throwIfAborted();
    }
  }

  #call<T>(
    what: string,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return callNode({ timeoutMs: this.callTimeoutMs, signal }, what, run);
  }
}

const keyOf = (ref: ObjectRef): string => `${ref.objectId}:${ref.version}`;

function refOf(ref: {
  readonly objectId: string;
  readonly version: string | number;
  readonly digest: string;
}): ObjectRef {
  return { objectId: ref.objectId, version: String(ref.version), digest: ref.digest };
}

function executedOrThrow(response: IotaTransactionBlockResponse): ExecutedTransaction {
  const { effects, digest } = response;
  if (!effects) throw new MailboxError('RPC_REFUSED', `the IOTA node gave no effects for ${digest}`);
  const gas = gasUsedOf(effects.gasUsed);
  if (effects.status.status !== 'success') {
    throw executionFailed(effects.status.error ?? 'no reason given', { charged: true, digest, gas });
  }
  return { digest, gas, response };
}

function executionFailed(text: string, facts: Readonly<Record<string, unknown>>): MailboxError {
  const failure = parseExecutionFailure(text);
  const where = failure.abort === null ? '' : ` in ${failure.abort.module}::${failure.abort.function ?? '?'}`;
  const code = failure.abort === null ? '' : ` with code ${failure.abort.code}`;
  return new MailboxError('EXECUTION_FAILED', `the transaction fails: ${failure.kind}${where}${code}`, {
    data: { ...facts, failure, text },
  });
}
