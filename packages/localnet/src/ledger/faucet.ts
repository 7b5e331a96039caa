/** The faucet: ordinary transactions, signed with a key made at genesis, one after the other. */
import { bcs } from '@iota/iota-sdk/bcs';
import type { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { coinBalance } from './coins.ts';
import { LedgerError } from './errors.ts';
import { REFERENCE_GAS_PRICE } from './protocol.ts';
import { isGasCoin } from './type-tags.ts';
import type { Address, ExecutedTransaction, Ledger, MoveObject } from './types.ts';

/** Coins in one payment; keeps the payment far below the transaction limits. */
export const MAX_FAUCET_COINS = 256;
const BASE_BUDGET = 20_000_000n;
/** Storage of one new coin (129 bytes) with room for computation. */
const BUDGET_PER_COIN = 1_100_000n;
/** Gas coins in one payment stay below the protocol's limit. */
const MAX_PAYMENT_COINS = 200;

export class Faucet {
  readonly #ledger: Ledger;
  readonly #key: Ed25519Keypair;
  #queue: Promise<unknown> = Promise.resolve();
  readonly address: Address;

  constructor(ledger: Ledger, key: Ed25519Keypair) {
    this.#ledger = ledger;
    this.#key = key;
    this.address = key.toIotaAddress();
  }

  /** @throws LedgerError `USER_INPUT`, `FAUCET_EMPTY` */
  pay(recipient: Address, amounts: readonly bigint[]): Promise<ExecutedTransaction> {
    const payment = this.#queue.then(() => this.#pay(recipient, amounts));
    this.#queue = payment.catch(() => undefined);
    return payment;
  }

  async #pay(recipient: Address, amounts: readonly bigint[]): Promise<ExecutedTransaction> {
    if (amounts.length === 0 || amounts.length > MAX_FAUCET_COINS || amounts.some((amount) => amount <= 0n)) {
      throw new LedgerError('USER_INPUT', `a faucet payment is 1 to ${MAX_FAUCET_COINS} amounts above zero`, {
        data: { coins: amounts.length },
      });
    }
    const budget = BASE_BUDGET + BUDGET_PER_COIN * BigInt(amounts.length);
    const total = amounts.reduce((sum, amount) => sum + amount, budget);
    const data = bcs.TransactionData.serialize(
      {
        V1: {
          kind: {
            ProgrammableTransaction: {
              inputs: [
                { Pure: { bytes: bcs.Address.serialize(recipient).toBytes() } },
                ...amounts.map((amount) => ({ Pure: { bytes: bcs.u64().serialize(amount).toBytes() } })),
              ],
              commands: [
                {
                  SplitCoins: {
                    coin: { GasCoin: true },
                    amounts: amounts.map((_amount, index) => ({ Input: index + 1 })),
                  },
                },
                {
                  TransferObjects: {
                    objects: amounts.map((_amount, index) => ({
                      NestedResult: [0, index] as [number, number],
                    })),
                    address: { Input: 0 },
                  },
                },
              ],
            },
          },
          sender: this.address,
          gasData: {
            payment: this.#coinsFor(total).map(({ id, version, digest }) => ({
              objectId: id,
              version,
              digest,
            })),
            owner: this.address,
            price: REFERENCE_GAS_PRICE,
            budget,
          },
          expiration: { None: true },
        },
      },
      { initialSize: 16_384 },
    ).toBytes();
    const { signature } = await this.#key.signTransaction(data);
    return this.#ledger.execute(data, [Uint8Array.fromBase64(signature)]);
  }

  /** Coins that hold at least `total` NANOS, largest first. */
  #coinsFor(total: bigint): MoveObject[] {
    const coins = [...this.#ledger.ownedBy(this.address)]
      .filter((object) => isGasCoin(object.type))
      .sort((left, right) => Number(coinBalance(right.contents) - coinBalance(left.contents)));
    const chosen: MoveObject[] = [];
    let held = 0n;
    for (const coin of coins.slice(0, MAX_PAYMENT_COINS)) {
      if (held >= total) break;
      chosen.push(coin);
      held += coinBalance(coin.contents);
    }
    if (held < total) {
      throw new LedgerError('FAUCET_EMPTY', `the faucet holds ${held} NANOS and ${total} are needed`, {
        hint: 'Ask for less, or start the network with a larger faucet supply.',
        data: { held, needed: total },
      });
    }
    return chosen;
  }
}
