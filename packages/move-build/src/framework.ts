import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize } from '@mysten/move-bytecode-template';
import { compile, SnapshotFetcher } from './compiler.ts';
import { MoveBuildError } from './errors.ts';
import { type PackageFiles, readPackageFiles } from './package-files.ts';

/** A framework package as a network's genesis takes it. */
export interface FrameworkPackage {
  /** Short address: `0x1` or `0x2`. */
  readonly id: string;
  /** Name in its `Move.toml`. */
  readonly name: string;
  /** Module name to base64 bytecode; each module stands behind those it needs. */
  readonly modules: Readonly<Record<string, string>>;
  /** Ids of the packages it links to. */
  readonly dependencies: readonly string[];
}

/** Sources of the two framework packages. */
export interface FrameworkSources {
  readonly std: PackageFiles;
  readonly iota: PackageFiles;
  /** Unit tests of each, which only they themselves are compiled with. */
  readonly tests: { readonly std: PackageFiles; readonly iota: PackageFiles };
}

/** Where the sources of the framework are: in the published package, or beside `packages/` in the workspace. */
const candidates = ['../framework', '../../../move/framework'];

/**
 * Returns the folder with the framework's sources: `override` when given, else the one that came with this package.
 *
 * @throws {MoveBuildError} `FRAMEWORK_NOT_FOUND`.
 */
export function frameworkDirectory(override?: string): string {
  const tried =
    override === undefined ? candidates.map((path) => join(import.meta.dirname, path)) : [override];
  const found = tried.find((path) => existsSync(join(path, 'iota-framework', 'Move.toml')));
  if (found !== undefined) return found;
  throw new MoveBuildError('FRAMEWORK_NOT_FOUND', `no framework sources in ${tried.join(' or ')}`, {
    hint: 'Pass frameworkDir: a folder with move-stdlib and iota-framework.',
    data: { tried },
  });
}

/**
 * Reads the sources of `0x1` and `0x2`.
 *
 * @throws {MoveBuildError} `FRAMEWORK_NOT_FOUND` and those of {@link readPackageFiles}.
 */
export async function readFramework(override?: string): Promise<FrameworkSources> {
  const directory = frameworkDirectory(override);
  const [std, iota] = await Promise.all([
    readPackageFiles(join(directory, 'move-stdlib')),
    readPackageFiles(join(directory, 'iota-framework')),
  ]);
  return {
    std: { 'Move.toml': stdManifest, ...std.sources },
    iota: { 'Move.toml': iotaManifest, ...iota.sources },
    tests: { std: std.tests, iota: iota.tests },
  };
}

// The compiler knows the framework under its own names. `sui` is bound to 0x2 because the modules it imports into
// every file (object, transfer, tx_context) are looked up there.
const stdManifest = `[package]
name = "MoveStdlib"
edition = "2024.beta"
published-at = "0x1"
[addresses]
std = "0x1"
`;
const iotaManifest = `[package]
name = "Sui"
edition = "2024.beta"
published-at = "0x2"
[dependencies]
MoveStdlib = { local = "../move-stdlib" }
[addresses]
sui = "0x2"
iota = "0x2"
`;

// The compiler moves the addresses of the root package to 0x0, unless it has another name and an address of its own.
const stdRootManifest = `[package]
name = "framework"
edition = "2024.beta"
implicit-dependencies = false
[addresses]
framework = "0x0"
std = "0x1"
`;
const iotaRootManifest = `[package]
name = "framework"
edition = "2024.beta"
[dependencies]
MoveStdlib = { local = "../move-stdlib" }
[addresses]
framework = "0x0"
sui = "0x2"
iota = "0x2"
`;

/** The framework packages, ready to be the root of a compilation or a test run. */
export function frameworkRoots(sources: FrameworkSources): {
  readonly id: string;
  readonly name: string;
  readonly files: PackageFiles;
  readonly tests: PackageFiles;
}[] {
  return [
    {
      id: '0x1',
      name: 'MoveStdlib',
      files: { ...sources.std, 'Move.toml': stdRootManifest },
      tests: sources.tests.std,
    },
    {
      id: '0x2',
      name: 'Iota',
      files: { ...sources.iota, 'Move.toml': iotaRootManifest },
      tests: sources.tests.iota,
    },
  ];
}

/**
 * Compiles our framework packages into what the embedded network's genesis installs. The same sources give the same
 * bytes on every machine.
 *
 * @param directory Folder with `move-stdlib` and `iota-framework`; by default the one that came with this package.
 * @throws {MoveBuildError} `FRAMEWORK_NOT_FOUND`, `COMPILE_FAILED`, and those of reading a package.
 */
export async function buildFramework(directory?: string): Promise<FrameworkPackage[]> {
  const sources = await readFramework(directory);
  const fetcher = new SnapshotFetcher({ framework: sources, local: {} });
  const built: FrameworkPackage[] = [];
  for (const { id, name, files } of frameworkRoots(sources)) {
    const { modules } = await compile(name, { files: { ...files }, fetcher });
    built.push({
      id,
      name,
      modules: Object.fromEntries(modules.map((module) => [moduleName(module), module])),
      dependencies: built.map((earlier) => earlier.id),
    });
  }
  return built;
}

interface ModuleTables {
  readonly self_module_handle_idx: number;
  readonly module_handles: readonly { readonly name: number }[];
  readonly identifiers: readonly string[];
}

function moduleName(base64: string): string {
  const tables = deserialize(Uint8Array.fromBase64(base64)) as ModuleTables;
  return tables.identifiers[tables.module_handles[tables.self_module_handle_idx]?.name ?? -1] ?? '';
}
