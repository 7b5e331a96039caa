import { describe, expect, it } from 'vitest';
import { MoveBuildError, parseDiagnostics, testMovePackage } from '../src/index.ts';
import { folderOf, manifestOf } from './packages.ts';

const source = 'module probe::a;\npublic fun one(): u64 { 1 }\n';
const probe = (tests: string): string =>
  folderOf({
    'Move.toml': manifestOf('probe'),
    'sources/a.move': source,
    'tests/t.move': `#[test_only]\nmodule probe::t;\n${tests}`,
  });

describe('testMovePackage', () => {
  it('tells what passed from what failed, and why', async () => {
    const report = await testMovePackage(
      probe(
        '#[test] fun good() { assert!(probe::a::one() == 1) }\n' +
          '#[test] fun bad() { assert!(probe::a::one() == 2) }\n' +
          '#[test] fun underflow() { probe::a::one() - 2; }\n' +
          '#[test, expected_failure(abort_code = 3)] fun silent() {}\n',
      ),
    );
    expect(report).toMatchObject({ package: 'probe', passed: 1, failed: 3 });
    const outcomes = Object.fromEntries(report.tests.map((test) => [test.name, test.ok]));
    expect(outcomes).toEqual({
      'probe::t::good': true,
      'probe::t::bad': false,
      'probe::t::underflow': false,
      'probe::t::silent': false,
    });
    const output = (name: string): string | undefined =>
      report.tests.find((test) => test.name === `probe::t::${name}`)?.output;
    expect(output('good')).toBeUndefined();
    expect(output('bad')).toContain('tests/t.move:4:');
    expect(output('underflow')).toContain('arithmetic error');
    expect(output('silent')).toContain('did not error as expected');
  });

  it('reports only the tests asked for', async () => {
    const directory = probe('#[test] fun good() {}\n#[test] fun bad() { abort }\n');
    expect(await testMovePackage(directory, { filter: '::good' })).toMatchObject({ passed: 1, failed: 0 });
  });

  it('stops tests that do not end', async () => {
    const directory = probe('#[test] fun spin() { loop {} }\n');
    await expect(testMovePackage(directory, { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });

  it('refuses a package without tests', async () => {
    const directory = folderOf({ 'Move.toml': manifestOf('probe'), 'sources/a.move': source });
    await expect(testMovePackage(directory)).rejects.toMatchObject({ code: 'NO_TESTS' });
  });

  it('says where a test does not compile', async () => {
    const failed = await testMovePackage(probe('#[test] fun wrong() { let x: u8 = true; }\n')).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(MoveBuildError);
    expect(failed).toMatchObject({ code: 'COMPILE_FAILED', data: { file: 'tests/t.move', line: 3 } });
  });
});

describe('parseDiagnostics', () => {
  it('reads severity, code, the first place and what is said of it', () => {
    const text = [
      '\u001b[1merror[E04007]\u001b[0m: incompatible types',
      '   ┌─ sources/a.move:12:34',
      '   │',
      '12 │ x',
      '   │ ^ expected u64',
      '   ┌─ sources/b.move:1:1',
      '   │ ^ another place',
      '',
      'warning: no place',
    ].join('\n');
    expect(parseDiagnostics(text)).toEqual([
      {
        severity: 'error',
        code: 'E04007',
        message: 'incompatible types',
        file: 'sources/a.move',
        line: 12,
        column: 34,
        label: 'expected u64',
      },
      { severity: 'warning', code: '', message: 'no place', file: '', line: 0, column: 0, label: '' },
    ]);
  });

  it('keeps to a bound', () => {
    expect(parseDiagnostics('error: x\n'.repeat(1_000))).toHaveLength(200);
  });
});
