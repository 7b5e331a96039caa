/**
 * The embedded network as a stranger to this repository uses it: packed as for the registry, installed into an empty
 * project, started by Vitest's global setup, with a Move package of the project's own published and called.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closure, type LockedPackage, type Lockfile } from './closure.ts';

const workspace = fileURLToPath(new URL('../..', import.meta.url));
/** What somebody who tests Move packages installs of ours; npm takes along what these need. */
const wanted = ['@wotid/localnet', '@wotid/move-build'];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wotid-outside-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = promisify(execFile);
/** The Node that runs this test, for npm's scripts too; nothing of the workspace's settings. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(npm_|VITEST|NODE_OPTIONS|NODE_ENV)/.test(key),
  );
  return { ...Object.fromEntries(inherited), PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
}

const readJson = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

interface Manifest extends LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** A copy of the workspace to build in, so that no build output appears in the workspace itself. */
function copyWorkspace(): string {
  const copy = join(directory, 'workspace');
  mkdirSync(copy);
  for (const entry of [
    'package.json',
    'tsconfig.base.json',
    'tsconfig.json',
    'packages',
    'scripts',
    'move',
  ]) {
    cpSync(join(workspace, entry), join(copy, entry), {
      recursive: true,
      filter: (path) => !['node_modules', 'dist', 'test', 'bench'].includes(basename(path)),
    });
  }
  // Installed packages are those of the workspace, its own packages are those of the copy.
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@wotid'), { recursive: true });
  for (const name of readdirSync(join(workspace, 'node_modules'))) {
    if (name !== '@wotid') symlinkSync(join(workspace, 'node_modules', name), join(modules, name));
  }
  for (const manifest of globSync('packages/*/package.json', { cwd: copy })) {
    const { name } = readJson<Manifest>(copy, manifest);
    symlinkSync(join(copy, dirname(manifest)), join(modules, name));
  }
  return copy;
}

/** Ours among the dependencies, at any depth, with their folders. */
function ours(copy: string): Map<string, { readonly folder: string; readonly manifest: Manifest }> {
  const all = new Map(
    globSync('packages/*/package.json', { cwd: copy }).map((file) => {
      const manifest = readJson<Manifest>(copy, file);
      return [manifest.name, { folder: dirname(file), manifest }] as const;
    }),
  );
  const needed = new Map<string, { readonly folder: string; readonly manifest: Manifest }>();
  const queue = [...wanted];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const entry = all.get(name);
    if (entry === undefined || needed.has(name)) continue;
    needed.set(name, entry);
    queue.push(...Object.keys(entry.manifest.dependencies ?? {}));
  }
  return needed;
}

it('is packed, installed, and runs the project’s own Move package', { timeout: 240_000 }, async () => {
  const env = environment();
  const copy = copyWorkspace();
  const packages = ours(copy);
  const tarballs = join(directory, 'tarballs');
  mkdirSync(tarballs);
  // Packing builds.
  const folders = [...packages.values()].map(({ folder }) => `./${folder}`);
  await run('npm', ['pack', ...folders, '--pack-destination', tarballs], { cwd: copy, env });

  const project = join(directory, 'project');
  cpSync(fileURLToPath(new URL('project', import.meta.url)), project, { recursive: true });
  const lock = readJson<Lockfile>(workspace, 'package-lock.json');
  const installed: Record<string, LockedPackage> = {};
  const dependencies: Record<string, string> = {};
  for (const [name, { manifest }] of packages) {
    const file = `file:../tarballs/${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
    dependencies[name] = file;
    const { version, dependencies: needs = {} } = manifest;
    installed[`node_modules/${name}`] = { version, resolved: file, dependencies: needs };
  }
  // The versions of the workspace's own lockfile: what the machine has cached, and nothing untested.
  // (Vite is a peer of Vitest; the workspace's lockfile has a TypeScript that one peer range does not know yet.)
  for (const name of ['@iota/iota-sdk', 'vitest', 'vite']) {
    dependencies[name] = lock.packages[`node_modules/${name}`]?.version as string;
  }
  const foreign = [...packages.values()].flatMap(({ manifest }) => Object.keys(manifest.dependencies ?? {}));
  Object.assign(installed, closure(lock, [...Object.keys(dependencies), ...foreign]));
  const manifest = { name: 'project', version: '1.0.0', private: true, type: 'module', dependencies };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(
    join(project, 'package-lock.json'),
    JSON.stringify({
      ...manifest,
      lockfileVersion: 3,
      requires: true,
      packages: { '': manifest, ...installed },
    }),
  );
  await run(
    'npm',
    ['ci', '--prefer-offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'],
    {
      cwd: project,
      env,
    },
  );

  const { stdout } = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--no-color'], {
    cwd: project,
    env,
  });
  expect(stdout).toMatch(/Tests\s+1 passed/);
  expect(globSync('node_modules/@wotid/*/src', { cwd: project })).toEqual([]);
});
