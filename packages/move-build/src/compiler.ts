import {
  dumpMovePackage,
  initMovePackageBuilder,
  MovePackageFetcher,
  type MovePackageInput,
} from '@zktx.io/sui-move-builder/full';
import { errorText } from '@wotid/core';
import { compileError } from './diagnostics.ts';
import { MoveBuildError } from './errors.ts';
import type { PackageFiles } from './package-files.ts';

let started: Promise<void> | undefined;

/**
 * Starts the compiler and the Move VM that runs unit tests, 9 MB of WASM, at the first call; later calls share it.
 *
 * @throws {MoveBuildError} `COMPILER_FAILED`; the next call tries again.
 */
export function startCompiler(): Promise<void> {
  started ??= initMovePackageBuilder().catch((cause: unknown) => {
    started = undefined;
    throw new MoveBuildError('COMPILER_FAILED', `the Move compiler did not start: ${errorText(cause)}`, {
      hint: 'Reinstall the dependencies with npm ci.',
      cause,
    });
  });
  return started;
}

/** Folders of the compiler's own framework repository; it asks for them by these names for each package. */
const frameworkFolders: Readonly<Record<string, 'std' | 'iota'>> = {
  'move-stdlib': 'std',
  'sui-framework': 'iota',
};

/** The sources that a compilation may draw on. Nothing is ever fetched from a network. */
export interface Snapshot {
  /** Packages `0x1` and `0x2`, each with its `Move.toml`. */
  readonly framework: { readonly std: PackageFiles; readonly iota: PackageFiles };
  /** Other packages, by the name that stands for their path in the manifests given to the compiler. */
  readonly local: Readonly<Record<string, PackageFiles>>;
}

/** Hands the compiler our own sources in place of what it would download. */
export class SnapshotFetcher extends MovePackageFetcher {
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    super();
    this.#snapshot = snapshot;
    this.fetchLocal = (path: string) => Promise.resolve(this.#local(path));
  }

  override fetch(_url: string, _revision: string, folder = ''): Promise<Record<string, string>> {
    const which = frameworkFolders[folder.split('/').at(-1) ?? ''];
    if (which === undefined) return Promise.reject(new Error(`no sources for ${folder}`));
    return Promise.resolve({ ...this.#snapshot.framework[which] });
  }

  override fetchFile(): Promise<string | null> {
    return Promise.resolve(null);
  }

  override getResolvedSha(): string {
    return '0'.repeat(40);
  }

  #local(path: string): Record<string, string> {
    const name = path.split('/').at(-1) ?? '';
    const found = name === 'move-stdlib' ? this.#snapshot.framework.std : this.#snapshot.local[name];
    if (found === undefined) throw new Error(`no sources for ${path}`);
    return { ...found };
  }
}

/** What the compiler makes of a package. */
export interface Compiled {
  readonly modules: string[];
  readonly dependencies: string[];
  readonly digest: Uint8Array;
  readonly warnings: string;
}

/**
 * Compiles one package.
 *
 * @throws {MoveBuildError} `COMPILE_FAILED` when the sources are wrong, `COMPILER_FAILED` when the compiler is.
 */
export async function compile(name: string, input: MovePackageInput): Promise<Compiled> {
  await startCompiler();
  const result = await dumpMovePackage({ ...input, ansiColor: false });
  if ('error' in result) throw failure(name, result.error, result.category);
  return {
    modules: result.modules,
    dependencies: result.dependencies,
    digest: Uint8Array.from(result.digest),
    warnings: result.warnings ?? '',
  };
}

/** Turns the compiler's refusal into a typed error: sources at fault have a place, or come from its compile stage. */
export function failure(name: string, text: string, category: string | undefined): MoveBuildError {
  if (category === 'compile') return compileError(name, text);
  return new MoveBuildError('COMPILER_FAILED', `the Move compiler refused ${name}: ${text}`, {
    hint: 'Check Move.toml and the dependencies; the message is the compiler\u2019s own.',
    data: { package: name, category: category ?? 'unknown' },
  });
}
