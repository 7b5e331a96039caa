import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('a process that has used the library ends when it has nothing else to do, and has said nothing', async () => {
  const args = ['--conditions=wot:source', join(import.meta.dirname, 'process-child.ts')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  expect({ stdout, stderr }).toEqual({ stdout: 'RPC_UNREACHABLE\n', stderr: '' });
});
