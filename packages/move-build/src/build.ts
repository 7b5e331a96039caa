import { compile, SnapshotFetcher } from './compiler.ts';
import { MoveBuildError } from './errors.ts';
import { type ResolveOptions, resolvePackage } from './package-graph.ts';

/** A compiled package, as `Transaction.publish` of `@iota/iota-sdk` takes it. */
export interface BuiltPackage {
  /** Name in `Move.toml`. */
  readonly name: string;
  /** Base64 bytecode; each module stands behind those it needs. */
  readonly modules: string[];
  /** Ids of all packages that it links to, directly or not: `0x` and 64 hexadecimal digits. */
  readonly dependencies: string[];
  /** The 32 bytes that authorise an upgrade: BLAKE2b-256 over the sorted digests of modules and dependency ids. */
  readonly digest: number[];
  /** What the compiler warns of; empty when nothing. */
  readonly warnings: string;
}

/**
 * Compiles a Move package for publication. Nothing is downloaded: the IOTA framework, however `Move.toml` names its
 * revision, is our own sources of it, whose public functions, types and layouts are those of the network's.
 *
 * @param directory Folder with `Move.toml` and `sources/`.
 * @throws {MoveBuildError} `COMPILE_FAILED` with file, line and column in `data`; `NO_MANIFEST`, `BAD_MANIFEST`,
 * `NO_SOURCES`, `UNSUPPORTED_DEPENDENCY`, `UNPUBLISHED_DEPENDENCY`, `DEPENDENCY_NOT_FOUND`, `UNSAFE_PATH`, `TOO_LARGE`, `UNREADABLE_PACKAGE`,
 * `FRAMEWORK_NOT_FOUND`, `COMPILER_FAILED`.
 */
export async function buildMovePackage(
  directory: string,
  options: ResolveOptions = {},
): Promise<BuiltPackage> {
  const graph = await resolvePackage(directory, options, false);
  if (graph.unpublished.length > 0) {
    throw new MoveBuildError(
      'UNPUBLISHED_DEPENDENCY',
      `${graph.name} needs packages that are not published: ${graph.unpublished.join(', ')}`,
      {
        hint: 'Publish them first and write published-at into their Move.toml, or copy their modules into this package.',
        data: { package: graph.name, unpublished: graph.unpublished },
      },
    );
  }
  const compiled = await compile(graph.name, {
    files: { ...graph.files },
    fetcher: new SnapshotFetcher(graph.snapshot),
  });
  return { name: graph.name, ...compiled, digest: [...compiled.digest] };
}
