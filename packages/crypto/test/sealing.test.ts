import { inspect } from 'node:util';
import { concatBytes, u32le, utf8 } from '@wotid/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createStorageKey,
  CryptoError,
  defaultPassphraseCost,
  NobleProvider,
  NodeProvider,
  openRecord,
  openStorageKey,
  openWithPassphrase,
  recordOverheadBytes,
  sealRecord,
  sealWithPassphrase,
  storageHeaderBytes,
  StorageKey,
  type PassphraseCost,
} from '../src/index.ts';

const provider = new NodeProvider();
/** The least that Argon2 allows: these tests are about the format. */
const cost: PassphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 };
const passphrase = 'correct horse battery staple';
const plaintext = utf8('seeds and sessions');
const aad = utf8('home/keys');

async function codeOf(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CryptoError) return error.code;
    throw error;
  }
  return undefined;
}

function recordCode(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as CryptoError).code;
  }
  return undefined;
}

const header = (memoryKiB: number, passes: number, lanes: number, version = 1, kdf = 1): Uint8Array => {
  const fields = concatBytes(
    utf8('wots'),
    Uint8Array.of(version, kdf),
    u32le(memoryKiB),
    u32le(passes),
    Uint8Array.of(lanes),
    new Uint8Array(32),
  );
  return concatBytes(fields, provider.sha256(fields).subarray(0, 12));
};

describe('sealing with a passphrase', () => {
  it('opens with the passphrase, and only so', async () => {
    const sealed = await sealWithPassphrase(passphrase, plaintext, aad, { cost });
    expect(sealed).toHaveLength(storageHeaderBytes + recordOverheadBytes + plaintext.length);
    expect(await openWithPassphrase(passphrase, sealed, aad)).toEqual(plaintext);
    expect(await openWithPassphrase(utf8(passphrase), sealed, aad)).toEqual(plaintext);
    expect(await codeOf(() => openWithPassphrase(`${passphrase} `, sealed, aad))).toBe('WRONG_PASSPHRASE');
    expect(await codeOf(() => openWithPassphrase(passphrase, sealed, utf8('other')))).toBe('CORRUPT');
    expect(await codeOf(() => openWithPassphrase('', sealed, aad))).toBe('EMPTY_PASSPHRASE');
    expect(await codeOf(() => sealWithPassphrase('', plaintext, aad, { cost }))).toBe('EMPTY_PASSPHRASE');
  });

  it('costs what RFC 9106 recommends unless told otherwise', async () => {
    const sealed = await sealWithPassphrase(passphrase, plaintext, aad);
    expect(sealed.subarray(0, 15).toHex()).toBe(`776f7473${'01'}${'01'}${'00000100'}${'03000000'}${'04'}`);
    expect(defaultPassphraseCost).toEqual({ memoryKiB: 65_536, passes: 3, lanes: 4 });
    expect(await openWithPassphrase(passphrase, sealed, aad)).toEqual(plaintext);
  });

  it('is never the same twice', async () => {
    const [one, two] = await Promise.all([
      sealWithPassphrase(passphrase, plaintext, aad, { cost }),
      sealWithPassphrase(passphrase, plaintext, aad, { cost }),
    ]);
    expect(one.subarray(15, 59)).not.toEqual(two.subarray(15, 59));
    expect(one.subarray(59)).not.toEqual(two.subarray(59));
  });

  it('calls every damage by its name, wherever it is', async () => {
    const sealed = await sealWithPassphrase(passphrase, plaintext, aad, { cost });
    for (let at = 0; at < sealed.length; at++) {
      const damaged = new Uint8Array(sealed);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(await codeOf(() => openWithPassphrase(passphrase, damaged, aad)), `byte ${at}`).toBe('CORRUPT');
      const cut = sealed.subarray(0, at);
      expect(await codeOf(() => openWithPassphrase(passphrase, cut, aad)), `cut at ${at}`).toBe('CORRUPT');
    }
    expect(
      await codeOf(() => openWithPassphrase(passphrase, concatBytes(sealed, Uint8Array.of(0)), aad)),
    ).toBe('CORRUPT');
  });

  it('takes composed and decomposed text for the same passphrase', async () => {
    const sealed = await sealWithPassphrase('caf\u00e9', plaintext, aad, { cost });
    expect(await openWithPassphrase('cafe\u0301', sealed, aad)).toEqual(plaintext);
  });

  it('refuses a header that asks too much before computing anything', async () => {
    for (const [memoryKiB, passes, lanes] of [
      [0xffff_ffff, 3, 4],
      [1_048_577, 1, 1],
      [65_536, 17, 4],
      [65_536, 0xffff_ffff, 4],
      [65_536, 3, 17],
      [65_536, 3, 0],
      [65_536, 0, 4],
      [31, 1, 4],
    ] as const) {
      expect(await codeOf(() => openStorageKey(passphrase, header(memoryKiB, passes, lanes)))).toBe(
        'BAD_KDF',
      );
      expect(await codeOf(() => createStorageKey(passphrase, { cost: { memoryKiB, passes, lanes } }))).toBe(
        'BAD_KDF',
      );
    }
    expect(await codeOf(() => openStorageKey(passphrase, header(8, 1, 1, 2)))).toBe('BAD_KDF');
    expect(await codeOf(() => openStorageKey(passphrase, header(8, 1, 1, 1, 2)))).toBe('BAD_KDF');
    expect(await codeOf(() => openStorageKey(passphrase, header(8, 1, 1)))).toBe('WRONG_PASSPHRASE');
  });

  it('gives the portable provider the same keys', async () => {
    const made = await createStorageKey(passphrase, { cost });
    const sealed = sealRecord(made.key, plaintext, aad);
    const again = await openStorageKey(passphrase, made.header, { provider: new NobleProvider() });
    expect(openRecord(again, sealed, aad)).toEqual(plaintext);
  });
});

describe('records', () => {
  const key = new StorageKey(provider, new Uint8Array(32).fill(0x5a));

  it('open under the same key and context, and no other', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 30 }),
        fc.nat(),
        (text, context, at) => {
          const sealed = sealRecord(key, text, context);
          expect(sealed).toHaveLength(text.length + recordOverheadBytes);
          expect(openRecord(key, sealed, context)).toEqual(new Uint8Array(text));
          expect(recordCode(() => openRecord(key, sealed, concatBytes(context, Uint8Array.of(0))))).toBe(
            'CORRUPT',
          );
          expect(recordCode(() => openRecord(key, sealed.subarray(0, at % sealed.length), context))).toBe(
            'CORRUPT',
          );
          sealed[at % sealed.length] = (sealed[at % sealed.length] as number) ^ 0x10;
          expect(recordCode(() => openRecord(key, sealed, context))).toBe('CORRUPT');
        },
      ),
    );
  });

  it('of derived keys are apart', () => {
    const [sessions, outbox] = [key.derive('sessions'), key.derive('outbox')];
    const sealed = sealRecord(sessions, plaintext, aad);
    expect(openRecord(key.derive('sessions'), sealed, aad)).toEqual(plaintext);
    expect(recordCode(() => openRecord(outbox, sealed, aad))).toBe('CORRUPT');
    expect(recordCode(() => openRecord(key, sealed, aad))).toBe('CORRUPT');
  });

  it('need a key of 32 bytes that was not disposed of and that prints nothing', () => {
    expect(recordCode(() => new StorageKey(provider, new Uint8Array(31)))).toBe('BAD_SEED');
    const mine = new StorageKey(provider, new Uint8Array(32).fill(0x5a));
    expect(inspect(mine, { showHidden: true, depth: 9 })).toBe('StorageKey {}');
    expect(JSON.stringify(mine)).toBe('"StorageKey"');
    mine[Symbol.dispose]();
    for (const run of [
      () => mine.seal(plaintext, aad),
      () => mine.open(plaintext, aad),
      () => mine.derive('x'),
    ]) {
      expect(recordCode(run)).toBe('HANDLE_DISPOSED');
    }
  });
});
