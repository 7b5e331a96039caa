/**
 * Compiles `move/framework` into the bytecode that the embedded network installs at genesis.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildFramework } from '@wotid/move-build';

const root = dirname(import.meta.dirname);
const target = join(root, 'packages/localnet/genesis/framework.json');
const generated = 'by `npm run framework:build` from move/framework; do not edit';

const packages = await buildFramework(join(root, 'move/framework'));
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, `${JSON.stringify({ generated, packages }, null, 2)}\n`);
for (const built of packages) {
  console.log(`${built.id} ${built.name}: ${Object.keys(built.modules).length} modules`);
}
