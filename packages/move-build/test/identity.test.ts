import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildMovePackage, type MoveTestReport, testMovePackage } from '../src/index.ts';
import { type ModuleFacts, moduleFacts } from './bytecode.ts';

const directory = join(import.meta.dirname, '../../../move/identity');
const sources = globSync('sources/*.move', { cwd: directory }).map((path) => ({
  module: path.slice('sources/'.length, -'.move'.length),
  text: readFileSync(join(directory, path), 'utf8'),
}));
const tests = ['refusal_tests', 'identity_tests']
  .map((name) => readFileSync(join(directory, `tests/${name}.move`), 'utf8'))
  .join('\n');

describe('the identity package', () => {
  let report: MoveTestReport;
  let modules: ReadonlyMap<string, ModuleFacts>;
  beforeAll(async () => {
    report = await testMovePackage(directory);
    const built = await buildMovePackage(directory);
    modules = new Map(
      built.modules.map((module) => {
        const facts = moduleFacts(module);
        return [facts.id.replace('0x0::', ''), facts];
      }),
    );
  });

  it('passes its unit tests', () => {
    expect(report.tests.filter((test) => !test.ok)).toEqual([]);
    expect(report.passed).toBe([...tests.matchAll(/^#\[test\b/gm)].length);
  });

  const codes = sources.flatMap(({ module, text }) =>
    [...text.matchAll(/^const (E\w+): u64 = (\d+);/gm)].map((match) => `${module}::${match[1]}`),
  );

  it.each(codes)('has a test that expects %s', (code) => {
    const names = [
      ...tests.matchAll(new RegExp(String.raw`expected_failure\(abort_code = ${code}\)\]\nfun (\w+)`, 'g')),
    ].map((match) => match[1]!);
    expect(names).not.toEqual([]);
    const passed = report.tests.filter((test) => test.ok).map((test) => test.name.split('::').at(-1));
    for (const name of names) expect(passed).toContain(name);
  });

  // Names, order of fields and abort codes as in IOTA's package: clients read them (iotaledger/identity, July 2026).
  it('has the objects and events that clients read', () => {
    const structs = (module: string): ModuleFacts['structs'] => modules.get(module)!.structs;
    expect(structs('identity')).toMatchObject({
      Identity:
        'key |  | id: 0x2::object::UID, ' +
        'did_doc: 0x0::multicontroller::Multicontroller<0x1::option::Option<vector<u8>>>, ' +
        'legacy_id: 0x1::option::Option<0x2::object::ID>, created: u64, updated: u64, version: u64, ' +
        'deleted: bool, deleted_did: bool',
      ProposalEvent:
        'copy drop |  | identity: 0x2::object::ID, controller: 0x2::object::ID, proposal: 0x2::object::ID, ' +
        'executed: bool',
      ProposalApproved: 'copy drop |  | identity: 0x2::object::ID, proposal: 0x2::object::ID',
    });
    expect(structs('controller')).toMatchObject({
      ControllerCap:
        'key |  | id: 0x2::object::UID, controller_of: 0x2::object::ID, can_delegate: bool, ' +
        'access_token: 0x2::borrow::Referent<0x0::controller::DelegationToken>',
      DelegationToken:
        'store key |  | id: 0x2::object::UID, permissions: u32, controller: 0x2::object::ID, ' +
        'controller_of: 0x2::object::ID',
    });
    expect(structs('multicontroller')).toMatchObject({
      Multicontroller:
        'store | T0:  | threshold: u64, owner: 0x2::object::ID, ' +
        'controllers: 0x2::vec_map::VecMap<0x2::object::ID, u64>, controlled_value: T0, ' +
        'active_proposals: vector<0x2::object::ID>, proposals: 0x2::object_bag::ObjectBag, ' +
        'revoked_tokens: 0x2::vec_set::VecSet<0x2::object::ID>',
      Proposal:
        'store key | T0: store | id: 0x2::object::UID, votes: u64, voters: 0x2::vec_set::VecSet<0x2::object::ID>, ' +
        'expiration_epoch: 0x1::option::Option<u64>, action: T0',
    });
    expect(structs('update_value_proposal')).toMatchObject({
      UpdateValue: 'drop store | T0: store | new_value: T0',
    });
    expect(structs('config_proposal')).toMatchObject({
      Modify:
        'drop store |  | threshold: 0x1::option::Option<u64>, ' +
        'controllers_to_add: 0x2::vec_map::VecMap<address, u64>, controllers_to_remove: vector<0x2::object::ID>, ' +
        'controllers_to_update: 0x2::vec_map::VecMap<0x2::object::ID, u64>',
    });
    expect(Object.keys(structs('migration_registry'))).toEqual(['MigrationRegistryCreated']);
  });

  it('has the abort codes of IOTA’s package', () => {
    const valueOf = (module: string): Record<string, number> =>
      Object.fromEntries(
        [
          ...sources
            .find((source) => source.module === module)!
            .text.matchAll(/^const (E\w+): u64 = (\d+);/gm),
        ].map((match) => [match[1]!, Number(match[2])]),
      );
    expect(valueOf('identity')).toEqual({
      ENotADidDocument: 0,
      EInvalidThreshold: 2,
      EInvalidControllersList: 3,
      ECannotDelete: 5,
      EDeletedIdentity: 6,
    });
    expect(valueOf('controller')).toEqual({ ECannotDelegate: 0, EInvalidPermissions: 1 });
    expect(valueOf('multicontroller')).toEqual({
      EInvalidController: 0,
      EControllerAlreadyVoted: 1,
      EThresholdNotReached: 2,
      EInvalidThreshold: 3,
      EExpiredProposal: 4,
      EProposalNotFound: 6,
      ECannotDelete: 7,
    });
    expect(valueOf('config_proposal')).toEqual({ ENotMember: 0, EInvalidThreshold: 1 });
  });

  it('links only to the framework', () => {
    for (const { uses } of modules.values()) {
      for (const used of uses) expect(used).toMatch(/^0x[0-2]::/);
    }
  });
});
