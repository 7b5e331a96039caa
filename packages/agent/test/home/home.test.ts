import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bytesType, utf8 } from '@wotid/core';
import { CryptoError, NodeProvider } from '@wotid/crypto';
import { Home, secretNames, Vault, type Contact } from '../../src/home/index.ts';
import { Sealer } from '../../src/home/sealer.ts';
import {
  alice,
  bob,
  cheap,
  codeOf,
  copyHome,
  createHome,
  freshDir,
  id16,
  id32,
  nowMs,
  openHome,
  passphrase,
  rejectionOf,
  reopen,
} from './homes.ts';

/** Everything a reader of the home can see, as text. */
function contentOf(home: Home): string {
  return inspect(
    [
      home.vault.names().map((name) => [name, home.vault.get(name)]),
      home.settings.names().map((name) => [name, home.settings.getBytes(name)]),
      home.sessions.ids().map((sid) => home.sessions.get(sid)),
      home.sessions.ids().map((sid) => home.firstMessages.get(sid)),
      home.outbox.list(['queued', 'sent', 'mailbox', 'acked', 'failed'], 100),
      home.inbox.list({ limit: 100 }),
      [home.peers.get(alice), home.peers.get(bob)],
      home.contacts.list(),
      home.issuers.list(),
      home.objects.list().toSorted((a, b) => Buffer.compare(a.objectId, b.objectId)),
    ],
    { depth: 8, maxArrayLength: null, maxStringLength: null },
  );
}

const contactOf = (text: string, mark: Uint8Array): Contact => ({
  did: text,
  alias: text,
  card: mark,
  identityBlock: mark,
  credential: mark,
  verifiedAtMs: nowMs,
  addedAtMs: nowMs,
});

/** A closed home with something in every table; each value holds `mark` in some form. */
async function filledHome(mark: Uint8Array, text: string, dir = freshDir()): Promise<string> {
  const home = await createHome(dir);
  const sid = id16();
  home.vault.set({ [secretNames.identity]: mark, [secretNames.peerKey]: mark });
  home.transaction(() => {
    home.settings.set({ 'mailbox.id': text, credential: mark });
    home.sessions.put({ sid, peer: text, version: 7n, state: 'active', lastUsedMs: nowMs, record: mark });
    home.firstMessages.put({ sid, messageId: id16(), madeAtMs: nowMs, envelope: mark });
    for (let i = 0; i < 5; i++) {
      home.outbox.add(
        {
          messageId: id16(),
          peer: text,
          seq: 1n,
          type: text,
          payload: mark,
          sentAtMs: nowMs,
          replyTo: null,
          isSigned: false,
          toUnverified: false,
        },
        nowMs,
      );
      home.inbox.add({
        messageId: id16(),
        peer: i % 2 === 0 ? text : alice,
        seq: BigInt(i + 1),
        type: text,
        payload: mark,
        sentAtMs: nowMs,
        receivedAtMs: nowMs,
        route: 'mailbox',
        replyTo: null,
      });
    }
    const [first] = home.outbox.list(['queued'], 1);
    home.outbox.update(first?.messageId ?? id16(), {
      state: 'failed',
      failure: text,
      objectId: text,
      updatedMs: nowMs,
    });
    home.contacts.put(contactOf(text, mark));
    home.issuers.put({ did: text, document: mark });
    home.objects.remember({ objectId: mark.slice(0, 32), outcome: 'opened', notedMs: nowMs });
    home.replays.add({ hash: mark.slice(0, 32), sid, eraseAtMs: nowMs });
    home.peers.takeSeq(alice);
  });
  home.close();
  return home.dir;
}

const filesOf = (dir: string): string[] => readdirSync(dir).toSorted();
const bytesOf = (dir: string): string[] =>
  filesOf(dir)
    .filter((name) => !['home.lock', 'home.pid'].includes(name))
    .map((name) => `${name}:${readFileSync(join(dir, name)).toString('base64')}`);

describe('a home', () => {
  it('is made private, opens with its passphrase alone, and keeps its secrets', async () => {
    const dir = freshDir();
    let home = await createHome(dir);
    const seed = new Uint8Array(randomBytes(97));
    home.vault.set({ [secretNames.identity]: seed, [secretNames.peerKey]: Uint8Array.of(1) });
    home.vault.set({ [secretNames.peerKey]: Uint8Array.of(2) });
    home = await reopen(home);
    expect(home.vault.get(secretNames.identity)).toEqual(seed);
    expect(home.vault.get(secretNames.peerKey)).toEqual(Uint8Array.of(2));
    expect(home.vault.get('other')).toBeUndefined();
    expect(home.vault.names()).toEqual(['identity', 'peer-key']);
    // The caller owns what it got.
    home.vault.get(secretNames.identity)?.fill(0);
    expect(home.vault.get(secretNames.identity)).toEqual(seed);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of filesOf(dir))
      expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(filesOf(dir)).toEqual([
      'home.lock',
      'home.mark',
      'home.pid',
      'home.sqlite',
      'home.sqlite-wal',
      'vault',
    ]);
    home.close();
    expect(filesOf(dir)).toEqual(['home.lock', 'home.mark', 'home.sqlite', 'vault']);
    expect(await rejectionOf(Home.open({ dir, passphrase: `${passphrase} ` }))).toBe('WRONG_PASSPHRASE');
    expect(await rejectionOf(Home.open({ dir, passphrase: '' }))).toBe('WRONG_PASSPHRASE');
  });

  it('takes back permissions that others were given', async () => {
    const home = await createHome();
    home.close();
    chmodSync(home.dir, 0o755);
    await openHome(home.dir);
    expect(statSync(home.dir).mode & 0o777).toBe(0o700);
  });

  it('is made in a new or an empty directory only', async () => {
    const dir = freshDir();
    mkdirSync(dir);
    (await createHome(dir)).close();
    expect(await rejectionOf(Home.create({ dir, passphrase }))).toBe('HOME_EXISTS');
    const other = freshDir();
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.txt'), 'years of work');
    expect(await rejectionOf(Home.create({ dir: other, passphrase }))).toBe('HOME_EXISTS');
    expect(await rejectionOf(Home.create({ dir: join(other, 'thesis.txt'), passphrase }))).toBe(
      'HOME_EXISTS',
    );
    expect(filesOf(other)).toEqual(['thesis.txt']);
    await expect(Home.create({ dir: freshDir(), passphrase: '' })).rejects.toThrow(CryptoError);
  });

  it('is not found where there is none', async () => {
    const dir = freshDir();
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('NOT_A_HOME');
    mkdirSync(dir);
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('NOT_A_HOME');
    expect(filesOf(dir)).toEqual([]);
  });

  it('changes its passphrase', async () => {
    const home = await createHome();
    home.vault.set({ a: Uint8Array.of(1) });
    await home.changePassphrase('another one');
    home.vault.set({ b: Uint8Array.of(2) });
    await expect(home.changePassphrase('')).rejects.toThrow(CryptoError);
    home.close();
    expect(await rejectionOf(Home.open({ dir: home.dir, passphrase }))).toBe('WRONG_PASSPHRASE');
    const again = await openHome(home.dir, { passphrase: 'another one' });
    expect(again.vault.names()).toEqual(['a', 'b']);
  });

  it('refuses secrets that do not fit, and keeps those it has', async () => {
    const home = await createHome();
    home.vault.set({ good: Uint8Array.of(1) });
    expect(codeOf(() => home.vault.set({ good: Uint8Array.of(2), 'Bad Name': Uint8Array.of(1) }))).toBe(
      'BAD_VALUE',
    );
    expect(codeOf(() => home.vault.set({ good: new Uint8Array(5_000) }))).toBe('BAD_VALUE');
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, Uint8Array.of(i)]));
    expect(codeOf(() => home.vault.set(many))).toBe('LIMIT_REACHED');
    expect([home.vault.names(), home.vault.get('good')]).toEqual([['good'], Uint8Array.of(1)]);
  });

  it('keeps its secrets when something writes to it after it was closed', async () => {
    let home = await createHome();
    home.vault.set({ one: Uint8Array.of(1) });
    home.close();
    expect(() => home.vault.set({ two: Uint8Array.of(2) })).toThrow(
      expect.objectContaining({ code: 'HOME_CLOSED' }),
    );
    home = await Home.open({ dir: home.dir, passphrase });
    expect(home.vault.names()).toEqual(['one']);
  });

  it('says that it is closed', async () => {
    const home = await createHome();
    home.close();
    expect(home.isOpen).toBe(false);
    expect(codeOf(() => home.settings.get('x'))).toBe('HOME_CLOSED');
    expect(codeOf(() => home.transaction(() => {}))).toBe('HOME_CLOSED');
    expect(home.vault.names()).toEqual([]);
  });

  it('keeps no key in memory that could open its rows once it is closed', () => {
    const sealer = new Sealer(new NodeProvider(), id32());
    const column = sealer.column('session', bytesType, 100);
    const row = id16();
    const sealed = column.seal(utf8('chain key'), row);
    sealer[Symbol.dispose]();
    const disposed = expect.objectContaining({ code: 'HANDLE_DISPOSED' });
    expect(() => column.open(sealed, row)).toThrow(disposed);
    expect(() => column.seal(utf8('another'), row)).toThrow(disposed);
  });

  it('removes what a crash while writing the vault left', async () => {
    const home = await createHome();
    home.close();
    writeFileSync(join(home.dir, 'vault.tmp-123'), 'half a vault');
    (await openHome(home.dir)).close();
    expect(filesOf(home.dir)).not.toContain('vault.tmp-123');
  });

  it('whose making was interrupted before its database was there is completed when opened', async () => {
    const dir = freshDir();
    mkdirSync(dir);
    const vault = await Vault.create(join(dir, 'vault'), passphrase, { cost: cheap });
    expect(vault.isReady).toBe(false);
    vault[Symbol.dispose]();
    writeFileSync(join(dir, 'home.sqlite'), 'half a database');
    (await openHome(dir)).close();
    // From now on a missing database is a loss, not a beginning.
    rmSync(join(dir, 'home.sqlite'));
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('HOME_CORRUPT');
    expect(filesOf(dir)).not.toContain('home.sqlite');
  });
});

describe('what is on disk', () => {
  it('shows no key, no content and no name of a peer', async () => {
    const mark = new Uint8Array(randomBytes(64));
    const text = `did:jwk:${randomBytes(20).toString('hex')}`;
    const dir = freshDir();
    const seen: Buffer[] = [];
    // Once from the running home, with its log, and once after closing.
    const home = await createHome(dir);
    home.vault.set({ [secretNames.identity]: mark });
    home.settings.set({ credential: mark, 'mailbox.id': text });
    home.contacts.put(contactOf(text, mark));
    const running = copyHome(dir);
    home.close();
    const filled = await filledHome(mark, text);
    for (const place of [running, dir, filled]) {
      for (const name of filesOf(place)) seen.push(readFileSync(join(place, name)));
    }
    expect(Buffer.concat(seen).length).toBeGreaterThan(50_000);
    const needles = [mark.slice(0, 8), mark.slice(20, 28), mark.slice(56)].flatMap((part) => [
      Buffer.from(part),
      Buffer.from(part.toHex()),
      Buffer.from(Buffer.from(part).toString('base64').slice(0, 9)),
    ]);
    needles.push(Buffer.from(text), Buffer.from(text.slice(8, 30)), Buffer.from(passphrase));
    for (const needle of needles) expect(seen.some((bytes) => bytes.includes(needle))).toBe(false);
    // The search itself works: table names are in clear.
    expect(seen.some((bytes) => bytes.includes(Buffer.from('outbox')))).toBe(true);
  });

  it('is bound to its home: a database of another one is refused', async () => {
    const [first, second] = [await filledHome(id32(), alice), await filledHome(id32(), alice)];
    copyFileSync(join(second, 'home.sqlite'), join(first, 'home.sqlite'));
    copyFileSync(join(second, 'home.mark'), join(first, 'home.mark'));
    expect(await rejectionOf(Home.open({ dir: first, passphrase }))).toBe('HOME_CORRUPT');
  });

  it('cannot be rearranged: cells of one row do not open in another', async () => {
    const dir = await filledHome(id32(), alice);
    const sqlite = new DatabaseSync(join(dir, 'home.sqlite'));
    const [one, two] = sqlite.prepare('SELECT position, sealed FROM inbox LIMIT 2').all();
    sqlite
      .prepare('UPDATE inbox SET sealed = ? WHERE position = ?')
      .run(one?.['sealed'] ?? null, two?.['position'] ?? null);
    sqlite.close();
    const home = await openHome(dir);
    expect(codeOf(() => home.verify())).toBe('HOME_CORRUPT');
    expect(codeOf(() => home.inbox.get(Number(two?.['position'])))).toBe('HOME_CORRUPT');
    expect(home.inbox.get(Number(one?.['position']))?.type).toBe(alice);
  });

  it.each([
    ["UPDATE outbox SET state = 'acked'", 'outbox'],
    ['UPDATE outbox SET due_ms = 1', 'outbox'],
    ["UPDATE session SET state = 'receive-only'", 'sessions'],
    ['UPDATE session SET version = version - 1', 'sessions'],
    ['UPDATE first_message SET session_tag = zeroblob(16)', 'firstMessages'],
    ['UPDATE inbox SET received_ms = 1', 'inbox'],
    ['UPDATE replay SET erase_at_ms = 1', 'replays'],
    ['UPDATE object SET noted_ms = 1', 'objects'],
    ["UPDATE setting SET name = 'other' WHERE name = 'credential'", 'settings'],
  ] as const)('is checked against what is sealed: %s', async (sql, store) => {
    const dir = await filledHome(id32(), alice);
    const sqlite = new DatabaseSync(join(dir, 'home.sqlite'));
    sqlite.exec(sql);
    sqlite.close();
    const home = await openHome(dir);
    expect(codeOf(() => home[store].verify())).toBe('HOME_CORRUPT');
  });

  it.each([
    'CREATE TRIGGER t AFTER INSERT ON inbox BEGIN DELETE FROM seen; END',
    'ALTER TABLE peer RENAME TO peers',
    'DROP INDEX seen_by_seq',
    'CREATE VIEW v AS SELECT * FROM session',
  ])('has our schema and no other: %s', async (sql) => {
    const dir = await filledHome(id32(), alice);
    const sqlite = new DatabaseSync(join(dir, 'home.sqlite'));
    sqlite.exec(sql);
    sqlite.close();
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('HOME_CORRUPT');
  });

  it('of the first version is brought to the present one, with all that was in it', async () => {
    const dir = await filledHome(id32(), alice);
    const sqlite = new DatabaseSync(join(dir, 'home.sqlite'));
    sqlite.exec(
      'DROP TABLE handshake; DROP TABLE status_list; DROP INDEX inbox_by_id; DROP TABLE proof; DROP TABLE checkpoint; DROP TABLE contact_note; PRAGMA user_version = 1',
    );
    sqlite.close();
    using home = await Home.open({ dir, passphrase });
    home.verify();
    expect(home.handshakes.reachedLevel(alice)).toBeNull();
    home.handshakes.noteLevel(alice, 2);
    expect(home.handshakes.reachedLevel(alice)).toBe(2);
  });

  it('of a later version is left alone', async () => {
    const dir = await filledHome(id32(), alice);
    const sqlite = new DatabaseSync(join(dir, 'home.sqlite'));
    sqlite.exec('PRAGMA user_version = 99');
    sqlite.close();
    const before = bytesOf(dir);
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('HOME_TOO_NEW');
    expect(bytesOf(dir)).toEqual(before);
  });

  it('put back from an older copy is noticed', async () => {
    const dir = await filledHome(id32(), alice);
    const old = copyHome(dir);
    const home = await openHome(dir);
    home.settings.set({ later: 'x' });
    home.close();
    copyFileSync(join(old, 'home.sqlite'), join(dir, 'home.sqlite'));
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('ROLLED_BACK');
    const accepted = await openHome(dir, { acceptRollback: true });
    expect([accepted.erasedSessions, accepted.sessions.count(), accepted.inbox.count()]).toEqual([1, 0, 5]);
    expect(accepted.peers.get(alice).nextSeq).toBe(2n + 65_536n);
    expect((await reopen(accepted)).erasedSessions).toBe(0);
  });
});

describe('damage', () => {
  /** Opens and reads a damaged copy; either it shows exactly what was there, or it says what is wrong. */
  async function expectHonest(dir: string, expected: string, what: string): Promise<string> {
    const before = bytesOf(dir);
    let home: Home | undefined;
    try {
      home = await Home.open({ dir, passphrase });
      home.verify();
      expect(contentOf(home), what).toBe(expected);
      return 'intact';
    } catch (error) {
      const { code } = error as { code?: string };
      expect(
        ['HOME_CORRUPT', 'HOME_TOO_NEW', 'ROLLED_BACK', 'WRONG_PASSPHRASE'],
        `${what}: ${String(error)}`,
      ).toContain(code);
      if (home === undefined) expect(bytesOf(dir), what).toEqual(before);
      return code as string;
    } finally {
      home?.close();
    }
  }

  it.each(['vault', 'home.sqlite', 'home.mark'])(
    '%s cut at any length, or gone, is reported and left as it is',
    async (name) => {
      const dir = await filledHome(id32(), bob);
      const home = await openHome(dir);
      const expected = contentOf(home);
      home.close();
      const { size } = statSync(join(dir, name));
      const lengths = [
        0,
        1,
        15,
        16,
        58,
        59,
        60,
        88,
        100,
        512,
        4_095,
        4_096,
        4_097,
        8_192,
        size >> 1,
        size - 4_096,
        size - 1,
      ];
      for (const length of new Set(lengths)) {
        if (length < 0 || length >= size) continue;
        const copy = copyHome(dir);
        truncateSync(join(copy, name), length);
        const outcome = await expectHonest(copy, expected, `${name} cut to ${length}`);
        // SQLite fills a short last page with zeros; where that byte was zero, nothing is missing.
        if (name !== 'home.sqlite' || length !== size - 1) expect(outcome).not.toBe('intact');
      }
      const copy = copyHome(dir);
      rmSync(join(copy, name));
      const code = await rejectionOf(Home.open({ dir: copy, passphrase }));
      expect(code).toBe(name === 'home.mark' ? 'ROLLED_BACK' : 'HOME_CORRUPT');
      if (name !== 'home.mark') expect(existsSync(join(copy, name))).toBe(false);
    },
  );

  it('one flipped bit anywhere in the vault is reported', async () => {
    const dir = await filledHome(id32(), bob);
    const path = join(dir, 'vault');
    const vault = readFileSync(path);
    for (let at = 0; at < vault.length; at += at < 60 ? 1 : 7) {
      const damaged = Buffer.from(vault);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, damaged);
      expect(await rejectionOf(Home.open({ dir, passphrase })), `byte ${at}`).toBe('HOME_CORRUPT');
    }
    writeFileSync(path, Buffer.concat([vault, Buffer.of(0)]));
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('HOME_CORRUPT');
    writeFileSync(path, Buffer.alloc(70_000));
    expect(await rejectionOf(Home.open({ dir, passphrase }))).toBe('HOME_CORRUPT');
    writeFileSync(path, vault);
    (await openHome(dir)).close();
  });

  it('one flipped bit in the database never shows something else than what was stored', async () => {
    const dir = await filledHome(id32(), bob);
    const home = await openHome(dir);
    const expected = contentOf(home);
    home.close();
    const path = join(dir, 'home.sqlite');
    const good = readFileSync(path);
    const mark = readFileSync(join(dir, 'home.mark'));
    const outcomes = new Map<string, number>();
    // A prime step visits every kind of page and header; the first 100 bytes are the file header.
    const positions = Array.from({ length: Math.floor(good.length / 601) }, (_, i) => i * 601);
    for (const at of [...Array.from({ length: 100 }, (_, i) => i), ...positions]) {
      const damaged = Buffer.from(good);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, damaged);
      writeFileSync(join(dir, 'home.mark'), mark);
      rmSync(`${path}-wal`, { force: true });
      const outcome = await expectHonest(dir, expected, `byte ${at}`);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('HOME_CORRUPT') ?? 0).toBeGreaterThan(10);
  });
});
