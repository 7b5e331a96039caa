import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { controlSocketPath } from './control/socket-path.ts';
import { readInput, readInputBytes, writeOutput } from './files.ts';
import { readPassphrase } from './passphrase.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-files-'));
afterAll(() => rmSync(dir, { recursive: true }));
const usage = expect.objectContaining({ code: 'USAGE' });

describe('input files', () => {
  it('are read up to their bound, and not beyond', () => {
    const file = join(dir, 'input');
    writeFileSync(file, 'x'.repeat(100));
    expect(readInput(file, 100)).toBe('x'.repeat(100));
    expect(() => readInputBytes(file, 99)).toThrow(usage);
    expect(() => readInput(join(dir, 'missing'), 100)).toThrow(usage);
    expect(() => readInput('/dev/zero', 1_000)).toThrow(usage);
  });
});

describe('output files', () => {
  it('are never overwritten', () => {
    const file = join(dir, 'output');
    writeOutput(file, 'first', 0o600);
    expect(() => writeOutput(file, 'second')).toThrow(usage);
    expect(readFileSync(file, 'utf8')).toBe('first\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('a passphrase file', () => {
  it('loses its line end and nothing else', async () => {
    const file = join(dir, 'passphrase');
    writeFileSync(file, ' two words \r\n');
    expect(await readPassphrase({ file, confirm: true })).toBe(' two words ');
  });

  it.each(['', '\n', 'x'.repeat(1_025)])('with %j is refused', async (text) => {
    const file = join(dir, 'bad-passphrase');
    writeFileSync(file, text);
    await expect(readPassphrase({ file, confirm: false })).rejects.toThrow(usage);
  });
});

describe('controlSocketPath', () => {
  it('lies in the home, or in a private folder when the home is too deep for a socket', () => {
    expect(controlSocketPath(dir)).toContain(join('wotid-files-', '').slice(0, -1));
    const deep = mkdtempSync(join(dir, 'd'.repeat(100)));
    const path = controlSocketPath(deep);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(controlSocketPath(deep)).toBe(path);
    rmSync(join(path, '..'), { recursive: true });
  });
});
