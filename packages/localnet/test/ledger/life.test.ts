/** Snapshots, time and epochs of the ledger, and the log as the whole truth. */
import { bcs } from '@iota/iota-sdk/bcs';
import { Transaction } from '@iota/iota-sdk/transactions';
import { SeededRandom } from '@wotid/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../../src/ledger/index.ts';
import { identity, replay } from './replay.ts';
import { balance, build, clockInput, coins, framework, input, made, publish } from './support.ts';
import { run, succeed, ticket, world, type World } from './support.ts';

let w: World;
beforeEach(async () => {
  w = await world();
});

const pay = (to: World['bob'], amount = 1_000n) =>
  succeed(w.ledger, w.alice, (tx) => {
    tx.transferObjects([tx.splitCoins(tx.gas, [amount])], to.address);
  });

describe('a snapshot', () => {
  it('brings back objects, owners, log, checkpoints and time, again and again', async () => {
    const { ledger, alice, bob } = w;
    const before = identity(ledger);
    const owned = coins(ledger, alice.address);
    const nowMs = ledger.nowMs();
    const snapshot = ledger.snapshot();
    for (const amount of [5n, 7n]) {
      const paid = await pay(bob, amount);
      ledger.advanceClock(86_400_000);
      ledger.advanceEpoch();
      expect(balance(ledger, bob.address)).toBe(amount);
      ledger.revert(snapshot);
      expect(identity(ledger)).toEqual(before);
      expect(coins(ledger, alice.address)).toEqual(owned);
      expect(balance(ledger, bob.address)).toBe(0n);
      expect(ledger.getTransaction(paid.digest)).toBeUndefined();
      expect(ledger.nowMs()).toBe(nowMs);
      expect(ledger.epochStartMs).toBe(ledger.getCheckpoint(0n)?.timestampMs);
    }
    const first = await pay(bob, 5n);
    ledger.revert(snapshot);
    expect(await ledger.execute(first.dataBytes, first.signatures)).toEqual(first);
  });

  it('is void once an earlier one was gone back to', () => {
    const { ledger } = w;
    const [first, second] = [ledger.snapshot(), ledger.snapshot()];
    ledger.revert(first);
    for (const unknown of [second, -1, 0.5, 99]) {
      expect(() => ledger.revert(unknown)).toThrowError(
        expect.objectContaining({ code: 'UNKNOWN_SNAPSHOT' }),
      );
    }
    ledger.revert(first);
  });

  it('knows again what was received, wrapped, deleted and added since', async () => {
    const { ledger, alice } = w;
    const { id: pkg } = await publish(w);
    const call = (name: string) => `${pkg}::objects::${name}`;
    const born = await succeed(ledger, alice, (tx) => {
      const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(5n)] });
      const box = tx.moveCall({ target: call('empty_box') });
      tx.transferObjects([thing, box], alice.address);
    });
    const [thing, box] = [made(born, 'Thing'), made(born, 'Box')];
    const sent = await succeed(ledger, alice, (tx) => {
      tx.transferObjects([input(tx, ledger, thing.id)], box.id);
    });
    const snapshot = ledger.snapshot();
    const before = identity(ledger);
    const receive = () =>
      succeed(ledger, alice, (tx) => {
        const got = tx.moveCall({
          target: call('receive'),
          arguments: [input(tx, ledger, box.id), ticket(tx, made(sent, 'Thing'))],
        });
        tx.transferObjects([got], alice.address);
      });
    const received = await receive();
    ledger.revert(snapshot);
    expect([...ledger.ownedBy(box.id)].map(({ id }) => id)).toEqual([thing.id]);
    expect(identity(ledger)).toEqual(before);
    expect(await receive()).toEqual(received);
  });

  it('includes locks', async () => {
    w = await world({ lockConflicts: true });
    const { ledger, alice, bob } = w;
    const snapshot = ledger.snapshot();
    const rival = async (amount: number): Promise<readonly [Uint8Array, Uint8Array[]]> => {
      const tx = new Transaction();
      tx.transferObjects([tx.splitCoins(tx.gas, [amount])], bob.address);
      const bytes = await build(ledger, alice, tx);
      const { signature } = await alice.key.signTransaction(bytes);
      return [bytes, [Uint8Array.fromBase64(signature)]];
    };
    const rivals = [await rival(1), await rival(2)] as const;
    const race = await Promise.allSettled(rivals.map((one) => ledger.execute(...one)));
    expect(race.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(ledger.execute(...rivals[0])).rejects.toMatchObject({ code: 'OBJECTS_LOCKED' });
    ledger.revert(snapshot);
    expect((await ledger.execute(...rivals[0])).errorText).toBeNull();
    ledger.revert(snapshot);
    await Promise.allSettled(rivals.map((one) => ledger.execute(...one)));
    ledger.advanceEpoch();
    expect((await ledger.execute(...rivals[1])).errorText).toBeNull();
  });
});

describe('time', () => {
  it('moves forward when told, and the Clock with it', async () => {
    const { ledger, alice, clock } = w;
    const { id: pkg } = await publish(w);
    const read = async (): Promise<bigint> => {
      const { events } = await succeed(ledger, alice, (tx) => {
        tx.moveCall({ target: `${pkg}::objects::tick`, arguments: [clockInput(tx)] });
      });
      return BigInt(bcs.u64().parse(events[0]?.contents ?? new Uint8Array()));
    };
    const start = BigInt(clock.nowMs());
    expect(await read()).toBe(start);
    ledger.advanceClock(30 * 86_400_000);
    expect(await read()).toBe(start + 30n * 86_400_000n);
    clock.advance(5);
    expect(await read()).toBe(start + 30n * 86_400_000n + 5n);
    for (const wrong of [-1, 0.5, Number.NaN, Infinity, 2 ** 52]) {
      expect(() => ledger.advanceClock(wrong)).toThrowError(
        expect.objectContaining({ code: 'BAD_ARGUMENT' }),
      );
    }
  });
});

describe('an epoch', () => {
  it('ends when told: a checkpoint of its own, fresh sums of gas, expired transactions refused', async () => {
    const { ledger, alice, bob, clock } = w;
    await pay(bob);
    const inFirst = ledger.getCheckpoint(ledger.latestCheckpoint);
    clock.advance(1_000);
    ledger.advanceEpoch();
    const end = ledger.getCheckpoint(ledger.latestCheckpoint);
    expect(end).toMatchObject({ endsEpoch: true, epoch: 0n, gas: inFirst?.gas });
    expect(ledger).toMatchObject({ epoch: 1n, epochStartMs: BigInt(clock.nowMs()), epochEnds: [end] });
    const paid = await pay(bob);
    expect(paid.effects.V1.executedEpoch).toBe('1');
    expect(ledger.getCheckpoint(ledger.latestCheckpoint)).toMatchObject({
      epoch: 1n,
      gas: { computation: 1_000_000n },
    });
    const expired = (tx: Transaction): void => {
      tx.setExpiration({ Epoch: 0 });
      tx.transferObjects([tx.splitCoins(tx.gas, [1])], bob.address);
    };
    await expect(run(ledger, alice, expired)).rejects.toMatchObject({ code: 'USER_INPUT' });
  });
});

describe('the log', () => {
  it('run again from genesis gives the same checkpoints and the same state', async () => {
    const { ledger, alice, bob, clock } = w;
    const { id: pkg } = await publish(w);
    for (let round = 0; round < 6; round++) {
      clock.advance(round * 700);
      await pay(bob, BigInt(round + 1));
      await run(ledger, alice, (tx) => {
        const box = tx.moveCall({ target: `${pkg}::objects::empty_box` });
        // Every other one fails: the box is used by nothing.
        if (round % 2 === 0) tx.transferObjects([box], alice.address);
      });
      await run(ledger, alice, (tx) => {
        tx.moveCall({ target: `${pkg}::objects::tick`, arguments: [clockInput(tx)] });
      });
      if (round === 3) ledger.advanceEpoch();
    }
    const again: Ledger = await replay(ledger, { framework, random: new SeededRandom(1) });
    expect(identity(again)).toEqual(identity(ledger));
    const other = createLedger({ framework, clock, random: new SeededRandom(2) });
    expect(other.stateRoot()).not.toBe(ledger.stateRoot());
  });
});
