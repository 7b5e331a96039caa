/** The ledger in a directory: what was committed is there again, whatever ended the process or damaged the file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { SeededRandom, VirtualClock } from '@wotid/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedger, DatabaseError, openDatabase, type Ledger } from '../../src/ledger/index.ts';
import { identity, replay } from './replay.ts';
import { balance, framework, made, publish, succeed, ticket, input, world, type World } from './support.ts';

let directory: string;
let opened: Ledger[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wotid-localnet-'));
  opened = [];
});
afterEach(() => {
  for (const ledger of opened) ledger.close();
  rmSync(directory, { recursive: true });
});

const file = (): string => join(directory, 'localnet.sqlite');
const someone = `0x${'5a'.repeat(32)}`;

function open(init: { readonly seed?: number; readonly clock?: VirtualClock } = {}): Ledger {
  const { seed, clock = new VirtualClock() } = init;
  const database = openDatabase(directory);
  try {
    const random = seed === undefined ? {} : { random: new SeededRandom(seed) };
    const ledger = createLedger({ framework, clock, database, ...random });
    opened.push(ledger);
    return ledger;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A history with packages, events, children, received and deleted objects, failures and two epochs. */
async function eventful(): Promise<World> {
  const w = await world({ database: openDatabase(directory) });
  opened.push(w.ledger);
  const { ledger, alice, clock } = w;
  const { id: pkg } = await publish(w);
  const call = (name: string) => `${pkg}::objects::${name}`;
  const born = await succeed(ledger, alice, (tx) => {
    const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(5n)] });
    const child = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(6n)] });
    const box = tx.moveCall({ target: call('empty_box') });
    tx.moveCall({ target: call('add_child'), arguments: [box, tx.pure.u64(1n), child] });
    tx.moveCall({ target: call('emit_many'), arguments: [tx.pure.u64(3n)] });
    tx.transferObjects([thing, box], alice.address);
  });
  const box = made(born, 'Box');
  const thing = born.written.find(({ owner, kind }) => kind === 'move' && owner.kind === 'address')!;
  const mine = [...ledger.ownedBy(alice.address)].find(({ type }) => type.name === 'Thing')!;
  expect(thing).toBeDefined();
  clock.advance(5_000);
  const sent = await succeed(ledger, alice, (tx) => {
    tx.transferObjects([input(tx, ledger, mine.id)], box.id);
  });
  ledger.advanceEpoch();
  await succeed(ledger, alice, (tx) => {
    const got = tx.moveCall({
      target: call('receive'),
      arguments: [input(tx, ledger, box.id), ticket(tx, made(sent, 'Thing'))],
    });
    tx.moveCall({ target: call('delete'), arguments: [got] });
  });
  await expect(
    succeed(ledger, alice, (tx) => {
      tx.moveCall({ target: call('check'), arguments: [tx.pure.u64(0n)] });
    }),
  ).rejects.toThrow(/MoveAbort/);
  return w;
}

function everything(ledger: Ledger): unknown {
  const transactions = Array.from({ length: Number(ledger.transactionCount) }, (_, index) =>
    ledger.getTransactionAt(BigInt(index)),
  );
  const checkpoints = Array.from({ length: Number(ledger.latestCheckpoint) + 1 }, (_, index) =>
    ledger.getCheckpoint(BigInt(index)),
  );
  return { ...identity(ledger), transactions, checkpoints, start: ledger.epochStartMs };
}

describe('a network that is kept', () => {
  it('goes on where it was: every transaction, version, owner, receipt, epoch and the faucet', async () => {
    const { ledger, clock, alice, bob } = await eventful();
    const before = everything(ledger);
    const owned = [...ledger.ownedBy(alice.address)];
    ledger.close();
    await expect(ledger.faucet(bob.address, [1n])).rejects.toMatchObject({ code: 'CLOSED' });

    const again = open({ clock });
    expect(everything(again)).toEqual(before);
    expect([...again.ownedBy(alice.address)]).toEqual(owned);
    expect(again.nowMs()).toBe(BigInt(clock.nowMs()));
    await again.faucet(bob.address, [5n]);
    expect(balance(again, bob.address)).toBe(5n);
    const after = identity(again);
    again.close();
    expect(identity(open())).toEqual(after);
    expect(identity(await replay(opened.at(-1)!, { framework, random: new SeededRandom(1) }))).toEqual(after);
  });

  it('never lets time go back, also with a clock that is behind', async () => {
    const late = new VirtualClock(Date.UTC(2030, 0, 1));
    const ledger = open({ clock: late });
    ledger.advanceClock(1_000);
    await ledger.faucet(someone, [1n]);
    const nowMs = ledger.nowMs();
    ledger.close();
    const again = open({ clock: new VirtualClock(Date.UTC(2026, 0, 1)) });
    expect(again.nowMs()).toBe(nowMs);
    again.advanceClock(7);
    expect((await again.faucet(someone, [1n])).timestampMs).toBe(nowMs + 7n);
  });

  it('forgets what was reverted', async () => {
    const ledger = open();
    await ledger.faucet(someone, [1n]);
    const snapshot = ledger.snapshot();
    const before = identity(ledger);
    await ledger.faucet(someone, [2n]);
    ledger.advanceEpoch();
    ledger.revert(snapshot);
    ledger.close();
    expect(identity(open())).toEqual(before);
  });

  it('is for this user’s eyes, and for one process at a time', async () => {
    const ledger = open();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'IN_USE', name: 'DatabaseError' }));
    ledger.close();
    open().close();
  });

  it(
    'survives kill -9 at any moment: all of a checkpoint or nothing of it',
    { timeout: 60_000 },
    async () => {
      const child = fileURLToPath(new URL('database-child.ts', import.meta.url));
      let kept = 0n;
      for (const lines of [1, 7, 20]) {
        const running = spawn(process.execPath, ['--conditions=wot:source', child, directory], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const exit = once(running, 'exit');
        let last = '';
        let count = 0;
        for await (const line of createInterface({ input: running.stdout })) {
          last = line;
          if (++count === lines) {
            expect(() => openDatabase(directory)).toThrowError(expect.objectContaining({ code: 'IN_USE' }));
            running.kill('SIGKILL');
          }
        }
        await exit;
        const [checkpoint, root] = last.split(' ') as [string, string];
        const ledger = open({ seed: 1 });
        expect(ledger.latestCheckpoint).toBeGreaterThanOrEqual(BigInt(checkpoint));
        if (ledger.latestCheckpoint === BigInt(checkpoint)) expect(ledger.stateRoot()).toBe(root);
        expect(ledger.latestCheckpoint).toBeGreaterThan(kept);
        kept = ledger.latestCheckpoint;
        const again = await replay(ledger, { framework, random: new SeededRandom(1) });
        expect(identity(again)).toEqual(identity(ledger));
        ledger.close();
      }
    },
  );
});

describe('a database that is not ours to use', () => {
  it('is named: another seed’s, another program’s, a newer version’s, no directory', async () => {
    open({ seed: 1 }).close();
    expect(() => open({ seed: 2 })).toThrowError(expect.objectContaining({ code: 'FOREIGN' }));
    open({ seed: 1 }).close();
    const edit = (sql: string): void => {
      using database = new DatabaseSync(file());
      database.exec(sql);
    };
    edit('PRAGMA user_version = 2');
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'TOO_NEW' }));
    edit('PRAGMA user_version = 1; PRAGMA application_id = 5');
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'FOREIGN' }));
    rmSync(file());
    edit('CREATE TABLE recipes (name TEXT)');
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'FOREIGN' }));
    writeFileSync(file(), 'not a database, but something of some length that somebody wrote');
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'CORRUPT' }));
    expect(() => openDatabase(file())).toThrowError(expect.objectContaining({ code: 'CANNOT_OPEN' }));
  });

  it('is made where there is an empty file, as an end before the first checkpoint leaves it', () => {
    writeFileSync(file(), '');
    const ledger = open();
    expect(ledger.latestCheckpoint).toBe(0n);
  });

  it('is called damaged when a checkpoint is missing or another, and is left as it is', async () => {
    const { ledger } = await eventful();
    ledger.close();
    const whole = readFileSync(file());
    for (const sql of [
      'DELETE FROM checkpoints WHERE sequence = 3',
      'DELETE FROM checkpoints',
      'DELETE FROM faucet',
      'UPDATE checkpoints SET body = (SELECT body FROM checkpoints WHERE sequence = 1) WHERE sequence = 2',
      "UPDATE checkpoints SET body = x'00' WHERE sequence = 0",
      'DROP TABLE checkpoints',
    ]) {
      writeFileSync(file(), whole);
      const database = new DatabaseSync(file());
      database.exec(sql);
      database.close();
      expect(() => open(), sql).toThrowError(expect.objectContaining({ code: 'CORRUPT' }));
    }
  });

  it('is never read as something else, whichever bytes are damaged', async () => {
    const { ledger } = await eventful();
    const truth = everything(ledger);
    ledger.close();
    const whole = readFileSync(file());
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] as number) ^ flip;
        writeFileSync(file(), damaged);
        try {
          const again = open();
          // A byte that SQLite does not use.
          expect(isDeepStrictEqual(everything(again), truth)).toBe(true);
          again.close();
        } catch (error) {
          if (!(error instanceof DatabaseError)) throw error;
        }
      }),
      { numRuns: 40 },
    );
  });
});
