import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transaction } from '@iota/iota-sdk/transactions';
import { blake2b } from '@noble/hashes/blake2.js';
import { describe, expect, it } from 'vitest';
import { buildMovePackage, MoveBuildError, testMovePackage } from '../src/index.ts';
import { moduleFacts } from './bytecode.ts';
import { folderOf, iotaDependency, manifestOf } from './packages.ts';

const mailbox = join(import.meta.dirname, '../../../move/mailbox');
const std = `0x${'1'.padStart(64, '0')}`;
const iota = `0x${'2'.padStart(64, '0')}`;

async function refusal(building: Promise<unknown>): Promise<MoveBuildError> {
  const outcome = await building.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(MoveBuildError);
  const error = outcome as MoveBuildError;
  expect(error.hint).not.toBe('');
  return error;
}

describe('buildMovePackage', () => {
  it('gives what a publication needs, the same each time', async () => {
    const built = await buildMovePackage(mailbox);
    expect(built.dependencies).toEqual([std, iota]);
    expect(built.modules.map((module) => moduleFacts(module).id)).toEqual(['0x0::mailbox']);
    expect(built.warnings).toBe('');
    expect(await buildMovePackage(mailbox)).toEqual(built);
  });

  it('is taken by the SDK', async () => {
    const built = await buildMovePackage(mailbox);
    const transaction = new Transaction();
    transaction.transferObjects([transaction.publish(built)], iota);
    const bytes = await transaction.build({ onlyTransactionKind: true });
    const [command] = Transaction.fromKind(bytes).getData().commands;
    expect(command?.Publish).toMatchObject({ modules: built.modules, dependencies: built.dependencies });
  });

  // IOTA: a package's digest is BLAKE2b-256 over the sorted ids of its dependencies and digests of its modules.
  it('gives the digest that an upgrade is authorised by', async () => {
    const built = await buildMovePackage(mailbox);
    const parts = [
      ...built.modules.map((module) => blake2b(Uint8Array.fromBase64(module), { dkLen: 32 }).toHex()),
      ...built.dependencies.map((id) => id.slice(2)),
    ].sort();
    expect(Uint8Array.from(built.digest).toHex()).toBe(
      blake2b(Uint8Array.fromHex(parts.join('')), { dkLen: 32 }).toHex(),
    );
  });

  it('builds at several places at once', async () => {
    const packages = ['one', 'two', 'three'].map((name) =>
      folderOf({
        'Move.toml': manifestOf(name, iotaDependency),
        'sources/m.move': `module ${name}::m;\npublic fun f(ctx: &TxContext): address { ctx.sender() }\n`,
      }),
    );
    const built = await Promise.all(packages.map((directory) => buildMovePackage(directory)));
    expect(built.map((one) => one.name)).toEqual(['one', 'two', 'three']);
    expect(new Set(built.map((one) => one.modules[0])).size).toBe(1);
  });

  it('says file, line and column of what does not compile, without colours', async () => {
    const directory = folderOf({
      'Move.toml': manifestOf('broken'),
      'sources/deep/m.move': 'module broken::m;\n\npublic fun f(): u64 {\n    let x = true;\n    x + 1\n}\n',
    });
    const error = await refusal(buildMovePackage(directory));
    expect(error.code).toBe('COMPILE_FAILED');
    expect(error.message).toMatch(/^broken does not compile at sources\/deep\/m\.move:5:5: /);
    expect(error.message).not.toContain('\n');
    expect(error.data).toMatchObject({ file: 'sources/deep/m.move', line: 5, column: 5 });
    expect(error.data['output']).toContain('x + 1');
    expect(error.data['output']).not.toContain('\u001b');
  });

  it('refuses what a network would not link: a function that the framework does not have', async () => {
    const directory = folderOf({
      'Move.toml': manifestOf('unlinked'),
      'sources/m.move': 'module unlinked::m;\npublic fun f(): u64 { iota::clock::no_such_function() }\n',
    });
    expect((await refusal(buildMovePackage(directory))).code).toBe('COMPILE_FAILED');
  });

  it.each([
    ['public fun f(_: &iota::kiosk::Kiosk) {}', 'kiosk'],
    ['public fun f(): vector<u8> { iota::bls12381::g1_identity() }', 'bls12381'],
    ['public fun f(_: &iota::coin::DenyCapV1<u8>) {}', 'DenyCapV1'],
  ])('names what the framework lacks, and says what to do: %s', async (source, missing) => {
    const directory = folderOf({
      'Move.toml': manifestOf('lacking'),
      'sources/m.move': `module lacking::m;\n${source}\n`,
    });
    const error = await refusal(buildMovePackage(directory));
    expect(error.code).toBe('COMPILE_FAILED');
    expect(error.message).toMatch(/^lacking does not compile at sources\/m\.move:2:\d+: unbound .*: /);
    expect(error.message).toContain(missing);
    expect(error.hint).toContain('--framework');
  });

  it('refuses what the bytecode verifier refuses', async () => {
    const directory = folderOf({
      'Move.toml': manifestOf('leaky'),
      'sources/m.move':
        'module leaky::m;\npublic struct O has key { id: UID }\npublic fun f(o: O): O { let O { id } = o; O { id } }\n',
    });
    expect((await refusal(buildMovePackage(directory))).code).toBe('COMPILE_FAILED');
  });
});

describe('dependencies', () => {
  const library = (address: string, publishedAt = ''): Record<string, string> => ({
    'library/Move.toml': `[package]\nname = "library"\nedition = "2024.beta"\n${publishedAt}\n[addresses]\nlibrary = "${address}"\n`,
    'library/sources/l.move': 'module library::l;\npublic fun seven(): u64 { 7 }\n',
  });
  const user = {
    'user/Move.toml': manifestOf('user', 'library = { local = "../library" }'),
    'user/sources/u.move': 'module user::u;\npublic fun f(): u64 { library::l::seven() }\n',
  };

  it('link to a local package that is published', async () => {
    const directory = folderOf({ ...user, ...library('0x77', 'published-at = "0x77"') });
    const built = await buildMovePackage(join(directory, 'user'));
    expect(built.dependencies).toContain(`0x${'77'.padStart(64, '0')}`);
    expect(built.modules.map((module) => moduleFacts(module).uses)).toEqual([['0x0::u', '0x77::l']]);
  });

  it('must be published themselves, but not to run tests with them', async () => {
    const directory = folderOf({
      ...user,
      ...library('0x0'),
      'user/tests/t.move':
        '#[test_only]\nmodule user::t;\n#[test] fun seven() { assert!(user::u::f() == 7) }\n',
    });
    const error = await refusal(buildMovePackage(join(directory, 'user')));
    expect(error.code).toBe('UNPUBLISHED_DEPENDENCY');
    expect(error.message).toContain('library');
    expect(await testMovePackage(join(directory, 'user'))).toMatchObject({ passed: 1, failed: 0 });
  });

  it('may name the framework by its local path', async () => {
    const directory = folderOf({
      'Move.toml': manifestOf('near', 'Iota = { local = "framework/iota-framework" }'),
      'sources/m.move': 'module near::m;\npublic fun f(c: &iota::clock::Clock): u64 { c.timestamp_ms() }\n',
    });
    symlinkSync(join(import.meta.dirname, '../../../move/framework'), join(directory, 'framework'));
    expect((await buildMovePackage(directory)).dependencies).toEqual([std, iota]);
  });

  it.each([
    ['another repository', 'other = { git = "https://example.org/x.git", subdir = "y", rev = "main" }'],
    [
      'a look-alike',
      'Iota = { git = "https://example.org/iotaledger/iota.git", subdir = "crates/iota-framework/packages/iota-framework", rev = "main" }',
    ],
    [
      'another package of the IOTA repository',
      'IotaSystem = { git = "https://github.com/iotaledger/iota.git", subdir = "crates/iota-framework/packages/iota-system", rev = "framework/testnet" }',
    ],
    ['a registry', 'other = { version = "1" }'],
  ])('refuse %s, and say what to do', async (_, dependency) => {
    const directory = folderOf({
      'Move.toml': manifestOf('p', dependency),
      'sources/m.move': 'module p::m;\n',
    });
    const error = await refusal(buildMovePackage(directory));
    expect(error.code).toBe('UNSUPPORTED_DEPENDENCY');
    expect(error.hint).toContain('local =');
  });

  it('refuse a path that leads out, or nowhere', async () => {
    const of = (path: string): string =>
      folderOf({
        'Move.toml': manifestOf('p', `other = { local = "${path}" }`),
        'sources/m.move': 'module p::m;\n',
      });
    expect((await refusal(buildMovePackage(of('../../..')))).code).toBe('UNSAFE_PATH');
    expect((await refusal(buildMovePackage(of('/etc')))).code).toBe('UNSAFE_PATH');
    expect((await refusal(buildMovePackage(of('missing')))).code).toBe('DEPENDENCY_NOT_FOUND');
    const linked = of('linked');
    symlinkSync('/etc', join(linked, 'linked'));
    expect((await refusal(buildMovePackage(linked))).code).toBe('UNSAFE_PATH');
  });

  it('may go round in a circle only as far as the compiler says so', async () => {
    const directory = folderOf({
      'a/Move.toml': manifestOf('a', 'b = { local = "../b" }').replace(
        'edition',
        'published-at = "0x8"\nedition',
      ),
      'a/sources/m.move': 'module a::m;\n',
      'b/Move.toml': manifestOf('b', 'a = { local = "../a" }').replace(
        'edition',
        'published-at = "0x9"\nedition',
      ),
      'b/sources/m.move': 'module b::m;\n',
    });
    expect((await refusal(buildMovePackage(join(directory, 'a')))).code).toBe('COMPILER_FAILED');
  });
});

describe('a folder that is not a package', () => {
  const source = { 'sources/m.move': 'module p::m;\n' };

  it.each([
    ['no Move.toml', source, 'NO_MANIFEST'],
    ['no sources', { 'Move.toml': manifestOf('p') }, 'NO_SOURCES'],
    ['broken TOML', { 'Move.toml': '[package]\nname = \n', ...source }, 'BAD_MANIFEST'],
    ['no name', { 'Move.toml': '[package]\nedition = "2024"\n', ...source }, 'BAD_MANIFEST'],
    ['a name that is a path', { 'Move.toml': '[package]\nname = "../x"\n', ...source }, 'BAD_MANIFEST'],
    [
      'an unknown edition',
      { 'Move.toml': '[package]\nname = "p"\nedition = "2077"\n', ...source },
      'BAD_MANIFEST',
    ],
    [
      'an address that is none',
      { 'Move.toml': '[package]\nname = "p"\n[addresses]\np = "zero"\n', ...source },
      'BAD_MANIFEST',
    ],
    [
      'dependencies that are no table',
      { 'Move.toml': 'dependencies = 1\n[package]\nname = "p"\n', ...source },
      'BAD_MANIFEST',
    ],
    [
      'source that is not text',
      { 'Move.toml': manifestOf('p'), 'sources/m.move': Uint8Array.of(0xff, 0xfe) },
      'UNREADABLE_PACKAGE',
    ],
    [
      'too large a file',
      { 'Move.toml': manifestOf('p'), 'sources/m.move': 'x'.repeat(1024 * 1024 + 1) },
      'TOO_LARGE',
    ],
    [
      'too many files',
      {
        'Move.toml': manifestOf('p'),
        ...Object.fromEntries(Array.from({ length: 512 }, (_, i) => [`sources/m${i}.move`, ''])),
      },
      'TOO_LARGE',
    ],
    [
      'too deep folders',
      { 'Move.toml': manifestOf('p'), [`sources/${'d/'.repeat(9)}m.move`]: 'module p::m;' },
      'TOO_LARGE',
    ],
  ])('is refused for %s', async (_, files, code) => {
    expect((await refusal(buildMovePackage(folderOf(files)))).code).toBe(code);
  });

  it('is refused for a link among its sources', async () => {
    const directory = folderOf({ 'Move.toml': manifestOf('p'), ...source });
    symlinkSync('/etc/hostname', join(directory, 'sources/h.move'));
    expect((await refusal(buildMovePackage(directory))).code).toBe('UNSAFE_PATH');
  });

  it('says where the TOML is broken', async () => {
    const directory = folderOf({ 'Move.toml': '[package]\nname = \n', ...source });
    expect((await refusal(buildMovePackage(directory))).data).toMatchObject({ line: 2 });
  });

  it('can be built once it is put right', async () => {
    const directory = folderOf({ 'Move.toml': '[package', ...source });
    await refusal(buildMovePackage(directory));
    writeFileSync(join(directory, 'Move.toml'), manifestOf('p'));
    expect((await buildMovePackage(directory)).modules).toHaveLength(1);
  });
});
