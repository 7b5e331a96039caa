/**
 * `npm run build [-- NAME …]`: builds every package, or the named ones and what they need, to ESM with declarations in
 * `dist`, in dependency order. The workspace itself runs from its sources; `dist` is what gets published.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const packages = new Map<string, { readonly folder: string; readonly manifest: Manifest }>();
for (const file of globSync(['packages/*/package.json', 'apps/*/package.json'])) {
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  packages.set(manifest.name, { folder: dirname(file), manifest });
}

const built = new Set<string>();
function build(name: string): void {
  const entry = packages.get(name);
  if (entry === undefined || built.has(name)) return;
  built.add(name);
  for (const dependency of Object.keys(entry.manifest.dependencies ?? {})) build(dependency);
  rmSync(join(entry.folder, 'dist'), { recursive: true, force: true });
  const result = spawnSync(join('node_modules', '.bin', 'tsc'), ['-p', join(entry.folder, 'tsconfig.json')], {
    stdio: 'inherit',
  });
  if (result.status !== 0) {
    console.error(`build of ${name} failed`);
    process.exit(1);
  }
  console.log(`built ${name}`);
}

const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : packages.keys()) build(name);
