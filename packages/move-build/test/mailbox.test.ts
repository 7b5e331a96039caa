import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildMovePackage, type MoveTestReport, testMovePackage } from '../src/index.ts';
import { type ModuleFacts, moduleFacts } from './bytecode.ts';

const directory = join(import.meta.dirname, '../../../move/mailbox');
const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
const source = read('sources/mailbox.move');
const refusals = read('tests/refusal_tests.move');

/** Function name to what stands between its name and its body. */
const publicFunctions = new Map(
  [...source.matchAll(/^public fun (\w+)(?:<[^>]*>)?\(([^)]*)\)/gm)].map((match) => [match[1]!, match[2]!]),
);

describe('the mailbox package', () => {
  let report: MoveTestReport;
  let module: ModuleFacts;
  beforeAll(async () => {
    report = await testMovePackage(directory);
    const built = await buildMovePackage(directory);
    module = moduleFacts(built.modules[0]!);
  });

  it('passes its unit tests', () => {
    expect(report.tests.filter((test) => !test.ok)).toEqual([]);
    const written = [...`${refusals}${read('tests/mailbox_tests.move')}`.matchAll(/^#\[test\b/gm)];
    expect(report.passed).toBe(written.length);
  });

  const codes = [...source.matchAll(/^const (E\w+): u64 = (\d+);/gm)];

  it('has abort codes that differ', () => {
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes.map((code) => code[2])).size).toBe(codes.length);
  });

  it.each(codes.map((code) => code[1]!))('has a test that expects %s', (code) => {
    const names = [
      ...refusals.matchAll(
        new RegExp(String.raw`expected_failure\(abort_code = mailbox::${code}\)\]\nfun (\w+)`, 'g'),
      ),
    ].map((match) => match[1]!);
    expect(names).not.toEqual([]);
    const passed = report.tests.filter((test) => test.ok).map((test) => test.name.split('::').at(-1));
    for (const name of names) expect(passed).toContain(name);
  });

  const guarded = [...publicFunctions].filter(([, parameters]) => /\bmailbox: .*\bcap: /s.test(parameters));

  it('guards what changes a mailbox, and nothing else changes one', () => {
    const names = guarded.map(([name]) => name).sort();
    expect(names).toEqual([
      'claim_and_delete',
      'claim_and_store',
      'claim_message',
      'close',
      'delete_stored',
      'publish_prekeys',
      'receive_other',
      'retire',
      'store_message',
      'take_message',
    ]);
    for (const [name, parameters] of publicFunctions) {
      if (/: (&mut )?MailboxObject/.test(parameters)) expect(names).toContain(name);
    }
  });

  it.each(guarded.map(([name]) => name))('tests %s with the cap of another mailbox', (name) => {
    const test = new RegExp(
      String.raw`abort_code = mailbox::EWrongCap\)\]\nfun ${name}_refuses_the_cap_of_another_mailbox\(\) \{(.*?)^\}`,
      'ms',
    ).exec(refusals);
    expect(test?.[1]).toContain(`mailbox.${name}(`);
  });

  it('has the structs that clients read', () => {
    expect(module.structs).toMatchObject({
      MailboxObject:
        'key |  | id: 0x2::object::UID, next_index: u64, stored: u64, prekeys_number: u64, ' +
        'retired_epoch: 0x1::option::Option<u64>',
      MailboxOwnerCap: 'store key |  | id: 0x2::object::UID, mailbox_id: 0x2::object::ID',
      MessageObject: 'store key |  | id: 0x2::object::UID, payload: vector<u8>',
      PrekeysKey: 'copy drop store |  | dummy_field: bool',
      Prekeys: 'drop store |  | number: u64, bytes: vector<u8>',
    });
    const events = Object.entries(module.structs).filter(([, facts]) => facts.startsWith('copy drop |'));
    expect(events.map(([name]) => name).sort()).toEqual([
      'MailboxClosed',
      'MailboxCreated',
      'MailboxRetired',
      'MessageClaimed',
      'MessageDeleted',
      'MessageSent',
      'MessageStored',
      'MessageTaken',
      'ObjectReceived',
      'PrekeysPublished',
    ]);
    for (const [, facts] of events) expect(facts).not.toMatch(/vector|address/);
  });

  it('links only to the framework', () => {
    expect(module.uses.filter((id) => !/^0x[12]::/.test(id))).toEqual(['0x0::mailbox']);
  });
});
