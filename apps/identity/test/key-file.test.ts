/** Key files and databases of earlier versions: they open as they are, and sign as they did. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { utf8 } from '@wotid/core';
import { createIssuer, didJwkOf, issueStatusList, StatusBits, verifyStatusList } from '@wotid/credential';
import { sealWithPassphrase } from '@wotid/crypto';
import { migrate } from '../src/database/migrate.ts';
import { createKeyFile, openKeyFile } from '../src/index.ts';
import { describeDatabases } from './databases.ts';
import { call, createWorld, provider, publicUrl, signer, statusTtlMs } from './world.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-keys-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string): string => join(dir, name);
const passphrase = 'an old tin whistle in the rain';
/** The smallest cost that the sealing accepts: this is not about Argon2id. */
const cost = { memoryKiB: 8, passes: 1, lanes: 1 };

/** Writes a file by its documented layout. */
async function write(name: string, version: number, bytes: number): Promise<string> {
  const content = Uint8Array.from([version, ...Array.from({ length: bytes }, (_, index) => index)]);
  const purpose = utf8('wot.id/v1/identity-service-keys');
  writeFileSync(at(name), await sealWithPassphrase(passphrase, content, purpose, { cost }));
  return at(name);
}

describe('a key file', () => {
  it('of the first version holds an issuer that is its key, and the secret', async () => {
    const keys = await openKeyFile(provider, await write('first', 1, 96), passphrase);
    const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(keys.signer?.did).toBe(didJwkOf(provider.signFromSecret('ed25519', seed).publicKey));
    expect(keys.secret).toEqual(Uint8Array.from({ length: 32 }, (_, index) => 64 + index));
  });

  it('of the second version holds the secret alone', async () => {
    const keys = await openKeyFile(provider, await write('second', 2, 32), passphrase);
    expect(keys).toEqual({ signer: null, secret: Uint8Array.from({ length: 32 }, (_, index) => index) });
    const made = await createKeyFile(provider, at('made'), passphrase, 'database');
    expect(made.signer).toBeNull();
    expect(await openKeyFile(provider, at('made'), passphrase)).toEqual(made);
    expect(statSync(at('made')).mode & 0o777).toBe(0o600);
    await expect(createKeyFile(provider, at('made'), passphrase)).rejects.toMatchObject({
      code: 'KEYS_EXIST',
    });
  });

  it.each([
    ['a later version', 3, 32],
    ['the length of another version', 2, 96],
    ['too little', 1, 95],
    ['nothing', 1, 0],
  ])('with %s is refused', async (name, version, bytes) => {
    const file = await write(name, version, bytes);
    await expect(openKeyFile(provider, file, passphrase)).rejects.toMatchObject({ code: 'BAD_KEYS' });
  });
});

describeDatabases('a database from before keys could change', (create) => {
  it('goes on with its issuer and its lists, dated no earlier than before', async () => {
    const all = fileURLToPath(new URL('../migrations/', import.meta.url));
    const before = readdirSync(all).filter((name) => name < '0005');
    expect(before.length).toBeGreaterThan(2);
    const folder = mkdtempSync(join(dir, 'migrations-'));
    for (const name of before) cpSync(join(all, name), join(folder, name));
    await using place = await create();
    const database = await place.open();
    await migrate(database, pathToFileURL(`${folder}/`));
    const url = `${publicUrl}/status/1`;
    const bits = StatusBits.create(131_072);
    bits.set(7, true);
    const beforeMs = 1_000_000_000_000;
    const forms = await issueStatusList(signer, {
      url,
      bits,
      nowMs: beforeMs,
      ttlMs: statusTtlMs,
      validForMs: 1,
    });
    await database.query(
      `INSERT INTO status_list (entries, used, version, signed_version, signed_at_ms, signed_forms)
        VALUES (131072, 1, 1, 1, $1, $2::jsonb)`,
      [beforeMs, JSON.stringify(forms)],
    );
    await database.query('INSERT INTO status_entry (list, index, revoked_at_ms) VALUES (1, 7, 1)');

    await using world = await createWorld(async () => ({
      kind: place.kind,
      open: () => place.open(),
      [Symbol.asyncDispose]: async () => {},
    }));
    const answer = await call(world.service, 'GET', '/status/1', {
      headers: { accept: 'application/jose+json' },
    });
    expect(answer.status).toBe(200);
    const pinned = createIssuer({ provider, signer, statusOrigin: publicUrl }).trustedIssuer;
    const list = await verifyStatusList(provider, JSON.stringify(answer.body), url, pinned);
    expect(list.bits.get(7)).toBe(true);
    expect(list.issuedAtMs).toBeGreaterThanOrEqual(beforeMs);
    const [row] = await database.query('SELECT signed_kid FROM status_list');
    expect(row).toEqual({ signed_kid: `${signer.did}#0` });
  });
});
