import fc from 'fast-check';
import { Transaction } from '@iota/iota-sdk/transactions';
import { bcs } from '@iota/iota-sdk/bcs';
import { concatBytes } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import { maxArgumentBytes, maxPayloadBytes } from './contract.ts';
import { maxGasCoins, maxMessagesPerTransaction } from './limits.ts';
import { planTransactions, splitPayload, type OutgoingMessage } from './send-plan.ts';

const mailboxId = `0x${'7'.repeat(64)}`;
const sizes = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 16_000, max: 17_000 }),
  fc.nat(maxPayloadBytes),
  fc.constant(maxPayloadBytes),
);
const target = `${mailboxId}::mailbox::a_function_name` as const;

describe('splitting a payload', () => {
  it('gives back the payload, in parts that fit an argument', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const payload = new Uint8Array(size).map((_, index) => index % 251);
        const parts = splitPayload(payload);
        expect(concatBytes(...parts)).toEqual(payload);
        expect(parts.length).toBe(Math.max(1, Math.ceil(size / maxArgumentBytes)));
        for (const part of parts)
          expect(bcs.byteVector().serialize(part).toBytes().length).toBeLessThan(16_384);
      }),
      { numRuns: 30 },
    );
  });
});

describe('planning transactions', () => {
  it('keeps the order and stays below the size of a transaction, with every gas coin that may pay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 150 }), async (lengths) => {
        const messages = lengths.map((length): OutgoingMessage => ({
          mailboxId,
          payload: new Uint8Array(length),
        }));
        const groups = planTransactions(messages);
        expect(groups.flat()).toEqual(messages);
        const heaviest = groups.toSorted((left, right) => weight(right) - weight(left))[0]!;
        expect((await sizeOf(heaviest)) + 200).toBeLessThan(131_072);
        for (const group of groups) expect(group.length).toBeLessThanOrEqual(maxMessagesPerTransaction);
      }),
      { numRuns: 15 },
    );
  });

  it('puts many small messages into one transaction', () => {
    expect(
      planTransactions(Array.from({ length: 100 }, () => ({ mailboxId, payload: new Uint8Array(300) }))),
    ).toHaveLength(1);
    expect(planTransactions([])).toEqual([]);
  });

  it('refuses what no mailbox takes, whatever stands before it', () => {
    const small = { mailboxId, payload: new Uint8Array(1) };
    const tooLarge = { mailboxId, payload: new Uint8Array(maxPayloadBytes + 1) };
    expect(() => planTransactions([small, tooLarge])).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    );
  });
});

const weight = (group: readonly OutgoingMessage[]): number =>
  group.reduce((sum, one) => sum + one.payload.length + 160, 0);

/** Size of a real transaction with such messages and as many gas coins as the client ever uses. */
async function sizeOf(group: readonly OutgoingMessage[]): Promise<number> {
  const tx = new Transaction();
  for (const { payload } of group) {
    const [first, ...rest] = splitPayload(payload);
    const message = tx.moveCall({ target, arguments: [tx.pure(bcs.byteVector().serialize(first!))] });
    for (const part of rest)
      tx.moveCall({ target, arguments: [message, tx.pure(bcs.byteVector().serialize(part))] });
    tx.moveCall({ target, arguments: [message, tx.pure.id(mailboxId)] });
  }
  tx.setSender(mailboxId);
  tx.setGasPrice(1_000);
  tx.setGasBudget(1_000_000);
  tx.setGasPayment(
    Array.from({ length: maxGasCoins }, () => ({
      objectId: mailboxId,
      version: '1',
      digest: '1'.repeat(32),
    })),
  );
  return (await tx.build()).length;
}
