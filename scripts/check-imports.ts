/**
 * Checks that each workspace imports only what its own package.json declares, and that the arrows between wot.id
 * packages point the way ARCHITECTURE.md says. `tsc` accepts an undeclared dependency of a hoisted install; this does not.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';

/** What each package may import of wot.id; tests and benches may import anything they declare. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  '@wotid/core': [],
  '@wotid/crypto': ['core'],
  '@wotid/session': ['core', 'crypto'],
  '@wotid/credential': ['core', 'crypto'],
  '@wotid/transport': ['core'],
  '@wotid/move-build': ['core'],
  '@wotid/mailbox': ['core'],
  '@wotid/did-iota': ['core', 'credential'],
  '@wotid/directory': ['core', 'crypto', 'credential', 'session'],
  '@wotid/move-vm': ['core', 'crypto'],
  '@wotid/listener': ['core'],
  '@wotid/localnet': ['core', 'crypto', 'listener', 'move-vm'],
  '@wotid/agent': [
    'core',
    'crypto',
    'session',
    'credential',
    'transport',
    'mailbox',
    'did-iota',
    'directory',
  ],
  '@wotid/testkit': ['core'],
  '@wotid/identity': ['core', 'credential', 'crypto', 'session', 'did-iota', 'directory', 'listener'],
  wotid: [
    'agent',
    'core',
    'credential',
    'crypto',
    'did-iota',
    'identity',
    'localnet',
    'mailbox',
    'move-build',
  ],
};

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** `import … from`, `export … from`, `import '…'` at the start of a line, and `import('…')` anywhere. */
const importPatterns = [
  /^\s*(?:import|export)\s[\w*{}\s,$]*?from\s+'([^']+)'/gm,
  /^\s*import\s+'([^']+)'/gm,
  /(?<![\w.'"])import\(\s*'([^']+)'\s*\)/g,
];
const specifiersIn = (text: string): string[] =>
  importPatterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;
const rootManifest = readManifest('package.json');
const problems: string[] = [];

for (const manifestFile of globSync([
  'packages/*/package.json',
  'apps/*/package.json',
  'test/package.json',
])) {
  const folder = dirname(manifestFile);
  const manifest = readManifest(manifestFile);
  const runtime = new Set(Object.keys(manifest.dependencies ?? {}));
  const development = new Set([
    ...runtime,
    ...Object.keys(manifest.devDependencies ?? {}),
    ...Object.keys(rootManifest.devDependencies ?? {}),
  ]);
  const used = new Set<string>();
  for (const file of globSync(join(folder, '**/*.{ts,js}'))) {
    if (file.includes('node_modules') || file.includes('/dist/')) continue;
    const isTest = /\.test\.ts$|\/(test|tests|bench|testing)\//.test(`/${file}`);
    for (const specifier of specifiersIn(readFileSync(file, 'utf8'))) {
      if (specifier.startsWith('.')) {
        const target = join(dirname(file), specifier);
        if (!existsSync(target)) problems.push(`${file}: ${specifier} does not exist`);
        else if (!isTest && !target.startsWith(folder))
          problems.push(`${file}: ${specifier} leaves its package`);
        continue;
      }
      if (isBuiltin(specifier)) continue;
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      used.add(name);
      if (name === manifest.name) continue;
      if (!(isTest ? development : runtime).has(name))
        problems.push(`${file}: ${name} is not declared in ${manifestFile}`);
      const own = name.startsWith('@wotid/') ? name.slice('@wotid/'.length) : undefined;
      const rule = allowed[manifest.name];
      if (!isTest && own !== undefined && rule !== undefined && !rule.includes(own)) {
        problems.push(`${file}: ${manifest.name} must not import ${name}`);
      }
    }
  }
  for (const name of runtime)
    if (!used.has(name)) problems.push(`${manifestFile}: ${name} is declared but never imported`);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log('imports: every import is declared and points the right way');
