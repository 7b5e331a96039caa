import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Snapshot } from './compiler.ts';
import { MoveBuildError } from './errors.ts';
import { frameworkDirectory, readFramework } from './framework.ts';
import { compilerManifest, type DependencySource, type Manifest, parseManifest } from './manifest.ts';
import { type PackageFiles, type PackageSources, readPackageFiles, resolveInside } from './package-files.ts';

/** Packages of one build, the dependencies of dependencies included. */
export const maxPackages = 64;

/** Where the sources of a build come from. */
export interface ResolveOptions {
  /** Folder with `move-stdlib` and `iota-framework`; by default the one that came with this package. */
  readonly frameworkDir?: string;
  /** Folder that local dependencies must be in; by default the one that holds the package's folder. */
  readonly localRoot?: string;
}

/** A package with all that compiling it takes. */
export interface PackageGraph {
  readonly name: string;
  /** The root package as the compiler gets it, without tests. */
  readonly files: PackageFiles;
  /** The tests of the root package. */
  readonly tests: PackageFiles;
  readonly snapshot: Snapshot;
  /** Names of dependencies whose manifest has no `published-at`. */
  readonly unpublished: readonly string[];
}

/**
 * Reads a package and, through its `Move.toml`, the local packages that it needs.
 *
 * @param directory Folder with `Move.toml`.
 * @param withTests Whether the root's `[dev-dependencies]` and `[dev-addresses]` count, as in a test run.
 * @throws {MoveBuildError} Those of reading files and manifests; `TOO_LARGE` for more than {@link maxPackages}.
 */
export async function resolvePackage(
  directory: string,
  options: ResolveOptions,
  withTests: boolean,
): Promise<PackageGraph> {
  const root = options.localRoot ?? dirname(join(directory, '.'));
  const framework = await readFramework(options.frameworkDir);
  const frameworkRoot = await realpath(frameworkDirectory(options.frameworkDir));
  const local: Record<string, PackageFiles> = {};
  const keys = new Map<string, string>();
  const unpublished: string[] = [];

  const visit = async (of: string, sources: PackageSources, manifest: Manifest, asRoot: boolean) => {
    const sections: ReadonlyMap<string, DependencySource>[] = [manifest.dependencies];
    if (asRoot && withTests) sections.push(manifest.devDependencies);
    const dependencies: Record<string, string> = {};
    for (const [name, source] of sections.flatMap((section) => [...section])) {
      if (source.kind === 'framework') continue;
      const real = await resolveInside(root, of, source.path).catch(async (cause: unknown) => {
        // Our own framework may lie outside the root: a local path to it is as good as the git dependency.
        const target = await realpath(join(of, source.path)).catch(() => undefined);
        if (target !== undefined && dirname(target) === frameworkRoot) return target;
        throw cause;
      });
      if (dirname(real) === frameworkRoot) continue;
      dependencies[name] = keys.get(real) ?? (await add(real));
    }
    return {
      'Move.toml': compilerManifest({
        name: manifest.name,
        edition: manifest.edition,
        publishedAt: asRoot ? undefined : manifest.publishedAt,
        dependencies,
        addresses: { ...manifest.addresses, ...(asRoot && withTests ? manifest.devAddresses : {}) },
      }),
      ...sources.sources,
    };
  };
  const add = async (real: string): Promise<string> => {
    if (keys.size === maxPackages) {
      throw new MoveBuildError('TOO_LARGE', `${directory} needs more than ${maxPackages} packages`, {
        hint: 'Depend on fewer packages.',
        data: { directory },
      });
    }
    const key = `dependency-${keys.size}`;
    keys.set(real, key);
    const sources = await readPackageFiles(real);
    const manifest = parseManifest(sources.manifest, join(basename(real), 'Move.toml'));
    if (manifest.publishedAt === undefined) unpublished.push(manifest.name);
    local[key] = await visit(real, sources, manifest, false);
    return key;
  };

  const sources = await readPackageFiles(directory);
  const manifest = parseManifest(sources.manifest, join(directory, 'Move.toml'));
  const files = await visit(directory, sources, manifest, true);
  return { name: manifest.name, files, tests: sources.tests, snapshot: { framework, local }, unpublished };
}
