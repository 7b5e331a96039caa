import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { errorText } from '@wotid/core';
import { MoveBuildError } from './errors.ts';

/** A chain takes fewer than 64 modules in one package; sources with tests stay well below this many files. */
export const maxPackageFiles = 512;
/** Longest source file; published bytecode is at most 102,400 bytes, and source is a few times that. */
export const maxFileBytes: number = 1024 * 1024;
/** All files of one package together, so that a folder full of data is not read into memory. */
export const maxPackageBytes: number = 8 * 1024 * 1024;
/** Folders inside folders of sources. */
export const maxFolderDepth = 8;

/** The sources of a Move package: path inside it with `/` between folders, to text. */
export type PackageFiles = Readonly<Record<string, string>>;

/** What {@link readPackageFiles} found. */
export interface PackageSources {
  /** Text of `Move.toml`. */
  readonly manifest: string;
  /** The Move files under `sources/`, in any folder. */
  readonly sources: PackageFiles;
  /** The Move files under `tests/`, in any folder. */
  readonly tests: PackageFiles;
}

/**
 * Reads `Move.toml`, `sources/` and `tests/` of a package folder, as the IOTA CLI lays them out; nothing else in it.
 * Symbolic links are refused, because a package from a stranger could read files beside it through them.
 *
 * @throws {MoveBuildError} `NO_MANIFEST`, `NO_SOURCES`, `UNSAFE_PATH`, `TOO_LARGE`, `UNREADABLE_PACKAGE`.
 */
export async function readPackageFiles(directory: string): Promise<PackageSources> {
  const budget = { files: 0, bytes: 0, directory };
  const manifest = await readManifest(directory, budget);
  const sources = await readFolder(directory, 'sources', budget);
  const tests = await readFolder(directory, 'tests', budget);
  if (Object.keys(sources).length === 0) {
    throw new MoveBuildError('NO_SOURCES', `${directory} has no Move source in sources/`, {
      hint: 'Put the modules of the package into sources/*.move.',
      data: { directory },
    });
  }
  return { manifest, sources, tests };
}

/**
 * Resolves a path that a manifest names, and makes sure that neither it nor a link on the way leads out of `root`.
 *
 * @throws {MoveBuildError} `UNSAFE_PATH` when it does, `DEPENDENCY_NOT_FOUND` when nothing is there.
 */
export async function resolveInside(root: string, directory: string, path: string): Promise<string> {
  const wanted = join(directory, path);
  const escapes = new MoveBuildError('UNSAFE_PATH', `${path} leads out of ${root}`, {
    hint: 'Keep local dependencies inside the root given, or pass a wider localRoot.',
    data: { path, root },
  });
  if (isAbsolute(path)) throw escapes;
  let real: string;
  let realRoot: string;
  try {
    [real, realRoot] = await Promise.all([realpath(wanted), realpath(root)]);
  } catch (cause) {
    throw new MoveBuildError('DEPENDENCY_NOT_FOUND', `no package at ${wanted}`, {
      hint: 'Correct the local path of the dependency in Move.toml.',
      data: { path },
      cause,
    });
  }
  const inside = relative(realRoot, real);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw escapes;
  return real;
}

interface Budget {
  files: number;
  bytes: number;
  readonly directory: string;
}

async function readManifest(directory: string, budget: Budget): Promise<string> {
  try {
    return await readBounded(join(directory, 'Move.toml'), budget);
  } catch (cause) {
    if (cause instanceof MoveBuildError && cause.code !== 'UNREADABLE_PACKAGE') throw cause;
    throw new MoveBuildError('NO_MANIFEST', `${directory} has no readable Move.toml`, {
      hint: 'Name the folder of a Move package: the one that holds Move.toml.',
      data: { directory },
      cause,
    });
  }
}

async function readFolder(
  directory: string,
  folder: string,
  budget: Budget,
  depth = 0,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  if (depth > maxFolderDepth) throw tooLarge(budget, `folders more than ${maxFolderDepth} deep`);
  const path = join(directory, folder);
  let entries: Dirent[];
  try {
    if ((await lstat(path)).isSymbolicLink()) throw unsafeLink(path);
    entries = await readdir(path, { withFileTypes: true });
  } catch (cause) {
    if (cause instanceof MoveBuildError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && depth === 0) return found;
    throw unreadable(path, cause);
  }
  // By code unit, as every machine sorts alike: the order of files is the order of modules without dependencies.
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    const name = `${folder}/${entry.name}`;
    if (entry.isSymbolicLink()) throw unsafeLink(join(directory, name));
    if (entry.isDirectory()) Object.assign(found, await readFolder(directory, name, budget, depth + 1));
    else if (entry.isFile() && name.endsWith('.move')) {
      found[name] = await readBounded(join(directory, name), budget);
    }
  }
  return found;
}

async function readBounded(path: string, budget: Budget): Promise<string> {
  try {
    const status = await lstat(path);
    if (status.isSymbolicLink()) throw unsafeLink(path);
    budget.files += 1;
    budget.bytes += status.size;
    if (budget.files > maxPackageFiles) throw tooLarge(budget, `more than ${maxPackageFiles} files`);
    if (status.size > maxFileBytes) throw tooLarge(budget, `${path} has more than ${maxFileBytes} bytes`);
    if (budget.bytes > maxPackageBytes) throw tooLarge(budget, `more than ${maxPackageBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof MoveBuildError) throw cause;
    throw unreadable(path, cause);
  }
}

function unsafeLink(path: string): MoveBuildError {
  return new MoveBuildError('UNSAFE_PATH', `${path} is a symbolic link`, {
    hint: 'Copy the file into the package instead of linking to it.',
    data: { path },
  });
}

function unreadable(path: string, cause: unknown): MoveBuildError {
  return new MoveBuildError('UNREADABLE_PACKAGE', `cannot read ${path}: ${errorText(cause)}`, {
    hint: 'Check that the file exists, is UTF-8 text and may be read.',
    data: { path },
    cause,
  });
}

function tooLarge(budget: Budget, what: string): MoveBuildError {
  return new MoveBuildError('TOO_LARGE', `the Move package ${budget.directory} has ${what}`, {
    hint: 'Name the folder of one package, with only its own sources and tests.',
    data: { directory: budget.directory },
  });
}
