import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildFramework,
  type FrameworkPackage,
  frameworkDirectory,
  MoveBuildError,
  testFramework,
} from '../src/index.ts';
import { type ModuleFacts, moduleFacts } from './bytecode.ts';

const committed = join(import.meta.dirname, '../../localnet/genesis/framework.json');

describe('the framework packages', () => {
  let built: FrameworkPackage[];
  let modules: ModuleFacts[];
  beforeAll(async () => {
    built = await buildFramework();
    modules = built.flatMap((one) => Object.values(one.modules).map(moduleFacts));
  });

  it('compile to the bytes that genesis installs: run `npm run framework:build` after a change', () => {
    const file = JSON.parse(readFileSync(committed, 'utf8')) as { packages: FrameworkPackage[] };
    expect(built).toEqual(file.packages);
    expect(built.map((one) => Object.keys(one.modules))).toEqual(
      file.packages.map((one) => Object.keys(one.modules)),
    );
  });

  it('are 0x1, without dependencies, and 0x2, which needs it', () => {
    expect(built.map(({ id, dependencies }) => ({ id, dependencies }))).toEqual([
      { id: '0x1', dependencies: [] },
      { id: '0x2', dependencies: ['0x1'] },
    ]);
    for (const { id, modules: named } of built) {
      for (const [name, bytes] of Object.entries(named)) expect(moduleFacts(bytes).id).toBe(`${id}::${name}`);
    }
  });

  it('put each module behind those it needs', () => {
    const seen = new Set<string>();
    for (const module of modules) {
      for (const used of module.uses) if (used !== module.id) expect(seen, module.id).toContain(used);
      seen.add(module.id);
    }
  });

  // Binary format 7 with flavour 5, without the metadata table: what an IOTA network accepts beside format 6.
  it('are in a format that networks accept', () => {
    for (const module of modules) expect(module).toMatchObject({ version: 7, metadata: 0 });
  });

  // The names, order and types of fields are part of every object's bytes, and abilities are checked when a package
  // links. These are IOTA's, from its framework documentation.
  it.each([
    ['0x1::option', 'Option', 'copy drop store | T0:  | vec: vector<T0>'],
    ['0x1::ascii', 'String', 'copy drop store |  | bytes: vector<u8>'],
    ['0x1::string', 'String', 'copy drop store |  | bytes: vector<u8>'],
    ['0x1::type_name', 'TypeName', 'copy drop store |  | name: 0x1::ascii::String'],
    ['0x2::object', 'ID', 'copy drop store |  | bytes: address'],
    ['0x2::object', 'UID', 'store |  | id: 0x2::object::ID'],
    [
      '0x2::tx_context',
      'TxContext',
      'drop |  | sender: address, tx_hash: vector<u8>, epoch: u64, epoch_timestamp_ms: u64, ids_created: u64',
    ],
    ['0x2::transfer', 'Receiving', 'drop | phantom T0: key | id: 0x2::object::ID, version: u64'],
    [
      '0x2::dynamic_field',
      'Field',
      'key | T0: copy drop store, T1: store | id: 0x2::object::UID, name: T0, value: T1',
    ],
    ['0x2::dynamic_object_field', 'Wrapper', 'copy drop store | T0:  | name: T0'],
    ['0x2::clock', 'Clock', 'key |  | id: 0x2::object::UID, timestamp_ms: u64'],
    ['0x2::balance', 'Balance', 'store | phantom T0:  | value: u64'],
    ['0x2::balance', 'Supply', 'store | phantom T0:  | value: u64'],
    [
      '0x2::coin',
      'Coin',
      'store key | phantom T0:  | id: 0x2::object::UID, balance: 0x2::balance::Balance<T0>',
    ],
    [
      '0x2::coin',
      'TreasuryCap',
      'store key | phantom T0:  | id: 0x2::object::UID, total_supply: 0x2::balance::Supply<T0>',
    ],
    [
      '0x2::coin',
      'CoinMetadata',
      'store key | phantom T0:  | id: 0x2::object::UID, decimals: u8, name: 0x1::string::String, ' +
        'symbol: 0x1::ascii::String, description: 0x1::string::String, ' +
        'icon_url: 0x1::option::Option<0x2::url::Url>',
    ],
    ['0x2::iota', 'IOTA', 'drop |  | dummy_field: bool'],
    ['0x2::iota', 'IotaTreasuryCap', 'store |  | inner: 0x2::coin::TreasuryCap<0x2::iota::IOTA>'],
    [
      '0x2::package',
      'UpgradeCap',
      'store key |  | id: 0x2::object::UID, package: 0x2::object::ID, version: u64, policy: u8',
    ],
    [
      '0x2::package',
      'UpgradeTicket',
      ' |  | cap: 0x2::object::ID, package: 0x2::object::ID, policy: u8, digest: vector<u8>',
    ],
    ['0x2::package', 'UpgradeReceipt', ' |  | cap: 0x2::object::ID, package: 0x2::object::ID'],
    [
      '0x2::package',
      'Publisher',
      'store key |  | id: 0x2::object::UID, package: 0x1::ascii::String, module_name: 0x1::ascii::String',
    ],
    [
      '0x2::table',
      'Table',
      'store key | phantom T0: copy drop store, phantom T1: store | id: 0x2::object::UID, size: u64',
    ],
    ['0x2::bag', 'Bag', 'store key |  | id: 0x2::object::UID, size: u64'],
  ])('%s::%s has the layout of a network', (id, struct, expected) => {
    expect(modules.find((module) => module.id === id)?.structs[struct]).toBe(expected);
  });

  it('keep what only tests need out of genesis', () => {
    const ids = modules.map((module) => module.id);
    for (const absent of ['0x1::unit_test', '0x2::test_scenario', '0x2::test_utils']) {
      expect(ids).not.toContain(absent);
    }
    const functions = modules.flatMap((module) => module.functions);
    expect(functions.filter((name) => name.endsWith('_for_testing'))).toEqual([]);
  });

  it('pass their own unit tests', async () => {
    const reports = await testFramework();
    expect(reports.map((report) => report.package)).toEqual(['MoveStdlib', 'Iota']);
    for (const report of reports) {
      expect(report.tests.filter((test) => !test.ok)).toEqual([]);
      expect(report.passed).toBeGreaterThan(30);
    }
  });
});

describe('frameworkDirectory', () => {
  it('refuses a folder without the framework', () => {
    expect(() => frameworkDirectory(import.meta.dirname)).toThrow(
      expect.objectContaining({ constructor: MoveBuildError, code: 'FRAMEWORK_NOT_FOUND' }),
    );
  });
});
