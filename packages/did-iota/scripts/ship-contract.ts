/**
 * Puts the sources of the identity package where the published npm package looks for them; with `--remove`, takes them
 * away again, so that the workspace never compiles a stale copy.
 */
import { cpSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

const source = join(import.meta.dirname, '../../../move/identity');
const target = join(import.meta.dirname, '../contract');

rmSync(target, { recursive: true, force: true });
if (!process.argv.includes('--remove')) {
  cpSync(source, target, {
    recursive: true,
    filter: (path) => basename(path) !== 'tests' && basename(path) !== 'build',
  });
}
