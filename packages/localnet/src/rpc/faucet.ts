/** The faucet's protocol over a ledger, without HTTP. Source: iota-faucet, server and responses. */
import { randomUUID } from 'node:crypto';
import { WotError, type Clock, type Logger } from '@wotid/core';
import { coinBalance } from '../ledger/coins.ts';
import { LedgerError } from '../ledger/errors.ts';
import { isGasCoin } from '../ledger/type-tags.ts';
import type { Address, Ledger } from '../ledger/types.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { maxFaucetTasks } from './limits.ts';
import { parseAddress } from './params.ts';
import { RpcError } from './rpc-error.ts';

/** Codes of {@link FaucetError}. */
export type FaucetErrorCode =
  'BAD_REQUEST' | 'TOO_MANY_REQUESTS' | 'FAUCET_EMPTY' | 'UNKNOWN_TASK' | 'INTERNAL';

/** The faucet gave nothing; the message is what the client sees. */
export class FaucetError extends WotError<FaucetErrorCode> {}

export interface FaucetSettings {
  /** NANOS of each coin that one request pays. */
  readonly amounts: readonly bigint[];
  /** Requests served in any one second, counted over all clients. */
  readonly requestsPerSecond: number;
}

/** What `iota start` gives per request: 5 coins of 200 IOTA. */
export const defaultFaucetAmounts: readonly bigint[] = Array.from({ length: 5 }, () => 200_000_000_000n);
/** Far above what tests and demos ask for, low enough that a loop gone wild is noticed. */
export const defaultFaucetRequestsPerSecond = 200;

interface SentCoin extends JsonObject {
  readonly amount: number;
  readonly id: Address;
  readonly transferTxDigest: string;
}

/** Pays test coins. Requests of the first form are answered at once, those of the second by a task id. */
export class Faucet {
  readonly #ledger: Ledger;
  readonly #settings: FaucetSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tasks = new Map<string, readonly SentCoin[]>();
  #second = 0;
  #served = 0;

  constructor(settings: FaucetSettings, ledger: Ledger, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Pays the recipient of a parsed request body.
   * @throws FaucetError `BAD_REQUEST`, `TOO_MANY_REQUESTS`, `FAUCET_EMPTY`, `INTERNAL`
   */
  async request(body: unknown): Promise<readonly SentCoin[]> {
    const recipient = recipientOf(body);
    this.#limit();
    try {
      const { written, digest, errorText } = await this.#ledger.faucet(recipient, this.#settings.amounts);
      if (errorText !== null) throw new LedgerError('INTERNAL', `the payment failed: ${errorText}`);
      const sent: SentCoin[] = [];
      for (const object of written) {
        const isTheirs = object.owner.kind === 'address' && object.owner.address === recipient;
        if (object.kind !== 'move' || !isTheirs || !isGasCoin(object.type)) continue;
        sent.push({ amount: Number(coinBalance(object.contents)), id: object.id, transferTxDigest: digest });
      }
      return sent;
    } catch (cause) {
      if (cause instanceof LedgerError && cause.code === 'FAUCET_EMPTY') {
        throw new FaucetError('FAUCET_EMPTY', 'Faucet does not have enough balance', {
          hint: 'start the network anew, or give it a larger faucet supply',
          cause,
        });
      }
      this.#logger.error('faucet.internal', { error: String(cause) });
      throw new FaucetError('INTERNAL', 'Internal error: the transfer did not succeed', { cause });
    }
  }

  /** As {@link Faucet.request}, and keeps the result under the id it answers. */
  async requestTask(body: unknown): Promise<string> {
    const sent = await this.request(body);
    const task = randomUUID();
    this.#tasks.set(task, sent);
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > maxFaucetTasks && oldest !== undefined) this.#tasks.delete(oldest);
    return task;
  }

  /** The result of a task. @throws FaucetError `UNKNOWN_TASK` */
  task(id: string): readonly SentCoin[] {
    const sent = this.#tasks.get(id);
    if (sent === undefined) throw new FaucetError('UNKNOWN_TASK', 'Internal error: no such task');
    return sent;
  }

  #limit(): void {
    const second = Math.floor(this.#clock.nowMs() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#served = 0;
    }
    if (this.#served >= this.#settings.requestsPerSecond) {
      throw new FaucetError('TOO_MANY_REQUESTS', 'Too many requests. Please try again later.');
    }
    this.#served++;
  }
}

function recipientOf(body: unknown): Address {
  const request = isJsonObject(body) ? body['FixedAmountRequest'] : undefined;
  if (!isJsonObject(request)) {
    throw new FaucetError(
      'BAD_REQUEST',
      'Internal error: Input Error. Expected {"FixedAmountRequest":{"recipient":"0x…"}}',
    );
  }
  try {
    return parseAddress(request['recipient'], 'recipient');
  } catch (cause) {
    const reason = cause instanceof RpcError ? cause.message : 'recipient';
    throw new FaucetError('BAD_REQUEST', `Internal error: Input Error. ${reason}`, { cause });
  }
}
