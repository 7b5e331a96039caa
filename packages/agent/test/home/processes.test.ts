import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Home, HomeError } from '../../src/home/index.ts';
import { copyHome, createHome, freshDir, openHome, passphrase, rejectionOf } from './homes.ts';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** The next line that it says; `undefined` when it has ended. */
  line(): Promise<string | undefined>;
  kill(): Promise<void>;
}

function startChild(dir: string, task: string): Child {
  const child = spawn(process.execPath, ['--conditions=wot:source', script, dir, task], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  return {
    process: child,
    line: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    kill,
  };
}

/** Lets a child write until it has said `count` times that it is done, then kills it. Returns the last said number. */
async function writeAndKill(dir: string, count: number, task = 'write'): Promise<bigint> {
  const child = startChild(dir, task);
  expect(await child.line()).toBe('open');
  let last = 0n;
  for (let i = 0; i < count; i++) last = BigInt((await child.line())?.split(' ')[1] ?? 'nothing');
  const gone = once(child.process, 'exit');
  child.process.kill('SIGKILL');
  for (let line = await child.line(); line !== undefined; line = await child.line()) {
    last = BigInt(line.split(' ')[1] as string);
  }
  await gone;
  return last;
}

describe('the lock', () => {
  it('lets one process in, names the holder, and dies with it', async () => {
    const home = await createHome();
    const { dir } = home;
    const locked = startChild(dir, 'hold');
    expect(await locked.line()).toBe(`HOME_LOCKED ${process.pid}`);
    home.close();
    const holder = startChild(dir, 'hold');
    expect(await holder.line()).toBe('open');
    const refusal = await Home.open({ dir, passphrase }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(HomeError);
    expect(refusal).toMatchObject({ code: 'HOME_LOCKED', data: { pid: holder.process.pid } });
    await holder.kill();
    // Its files are still there, its lock is not.
    expect(readFileSync(join(dir, 'home.pid'), 'utf8').trim()).toBe(String(holder.process.pid));
    (await openHome(dir)).close();
    const orderly = startChild(dir, 'hold');
    expect(await orderly.line()).toBe('open');
    orderly.process.stdin?.write('x');
    expect(await orderly.line()).toBe('closed');
    (await openHome(dir)).close();
  });

  it('holds within one process too', async () => {
    const home = await createHome();
    expect(await rejectionOf(Home.open({ dir: home.dir, passphrase }))).toBe('HOME_LOCKED');
    expect(await rejectionOf(Home.create({ dir: home.dir, passphrase }))).toBe('HOME_EXISTS');
    home.settings.set({ still: 'works' });
    home.close();
    home.close();
    expect((await openHome(home.dir)).settings.get('still')).toBe('works');
  });

  it('does not care what is in its files', async () => {
    const home = await createHome();
    home.close();
    for (const name of ['home.lock', 'home.pid'])
      writeFileSync(join(home.dir, name), 'garbage'.repeat(1_000));
    const first = await openHome(home.dir);
    const second = startChild(home.dir, 'hold');
    expect(await second.line()).toBe(`HOME_LOCKED ${process.pid}`);
    first.close();
  });

  it('is let go when opening fails', async () => {
    const home = await createHome();
    home.close();
    expect(await rejectionOf(Home.open({ dir: home.dir, passphrase: 'wrong' }))).toBe('WRONG_PASSPHRASE');
    const child = startChild(home.dir, 'hold');
    expect(await child.line()).toBe('open');
  });
});

describe('kill -9', () => {
  it('in the middle of writing loses nothing that was done and leaves nothing half done', async () => {
    const home = await createHome();
    const { dir } = home;
    home.close();
    for (const count of [1, 3, 25]) {
      const last = await writeAndKill(dir, count);
      expect(statSync(join(dir, 'home.sqlite-wal')).size).toBeGreaterThan(0);
      const again = await openHome(dir);
      again.verify();
      const { version, record } = again.sessions.ofPeer('did:jwk:alice')[0] ?? { version: 0n, record: [] };
      expect(version).toBeGreaterThanOrEqual(last);
      expect(new Set(record)).toEqual(new Set([Number(version % 256n)]));
      expect(BigInt(again.inbox.count())).toBe(version);
      expect(again.peers.get('did:jwk:alice').contiguousSeq).toBe(version);
      expect(again.peers.get('did:jwk:bob').nextSeq).toBe(version + 1n);
      again.close();
    }
  });

  it('while a home is being made leaves nothing, or a home that opens', async () => {
    const dir = freshDir();
    const child = startChild(dir, 'create');
    expect(await child.line()).toBe('open');
    await child.kill();
    (await openHome(dir)).close();
  });

  it('with a log that lost its end afterwards is noticed: sessions are not used again', async () => {
    const home = await createHome();
    const { dir } = home;
    home.contacts.put({
      did: 'did:jwk:bob',
      alias: 'Bob',
      card: new Uint8Array(9),
      identityBlock: new Uint8Array(0),
      credential: new Uint8Array(0),
      verifiedAtMs: 0,
      addedAtMs: 0,
    });
    home.close();
    const last = await writeAndKill(dir, 10, 'write-10');
    const wal = join(dir, 'home.sqlite-wal');
    const { size } = statSync(wal);
    const bytes = readFileSync(wal);
    const flipped = Buffer.from(bytes);
    flipped[size >> 1] = (flipped[size >> 1] ?? 0) ^ 1;
    const lengths = [0, 31, 5_000, size >> 1, size - 4_000];
    for (const damaged of [flipped, ...lengths.map((length) => bytes.subarray(0, length))]) {
      const copy = copyHome(dir);
      writeFileSync(join(copy, 'home.sqlite-wal'), damaged);
      expect(await rejectionOf(Home.open({ dir: copy, passphrase })), `${damaged.length} of ${size}`).toBe(
        'ROLLED_BACK',
      );
      // Refusing is not repairing: it is refused again.
      expect(await rejectionOf(Home.open({ dir: copy, passphrase }))).toBe('ROLLED_BACK');
      const accepted = await openHome(copy, { acceptRollback: true });
      expect(accepted.sessions.count()).toBe(0);
      expect(accepted.inbox.count()).toBeLessThan(Number(last));
      expect(accepted.contacts.get('did:jwk:bob')?.alias).toBe('Bob');
      if (accepted.erasedSessions > 0)
        expect(accepted.peers.get('did:jwk:bob').nextSeq).toBeGreaterThan(last);
      accepted.close();
      const normal = await openHome(copy);
      expect(normal.erasedSessions).toBe(0);
      normal.close();
    }
    // The untouched one is fine.
    expect((await openHome(dir)).sessions.count()).toBe(1);
  });
});
