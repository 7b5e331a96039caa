/** Where genesis takes its packages from: those that came with this package, compiled files, or a running network. */
import { open, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { errorText } from '@wotid/core';
import { bcs } from '@iota/iota-sdk/bcs';
import { fetchPackages } from './framework-node.ts';
import { frameworkOf, type CompiledPackage } from './framework-packages.ts';
import { LedgerError } from './ledger/errors.ts';
import type { FrameworkFile } from './ledger/genesis.ts';

/**
 * Files of a folder of compiled packages, named as IOTA's `crates/iota-framework/packages_compiled` names them; the
 * first two are needed.
 */
export const compiledPackageFiles: readonly string[] = [
  'move-stdlib',
  'iota-framework',
  'iota-system',
  'bridge',
  'stardust',
];
const neededFiles = 2;
/** A compiled package file is not larger: forty times the largest of IOTA's. */
const MAX_PACKAGE_FILE_BYTES = 4 * 1024 * 1024;

const modulesType = bcs.vector(bcs.vector(bcs.u8()));

/**
 * Reads the framework packages that come with this package: compiled from the repository's own Move sources.
 * @throws LedgerError `GENESIS_INVALID` when the file is missing or not JSON; its content is checked by the ledger
 */
export async function bundledFramework(): Promise<FrameworkFile> {
  try {
    const text = await readFile(new URL('../genesis/framework.json', import.meta.url), 'utf8');
    return JSON.parse(text) as FrameworkFile;
  } catch (cause) {
    throw new LedgerError('GENESIS_INVALID', `genesis/framework.json cannot be read: ${errorText(cause)}`, {
      hint: 'Reinstall the package, or rebuild the file with `npm run framework:build`.',
      cause,
    });
  }
}

/**
 * Reads other framework packages than the bundled ones.
 * @param source an http or https URL: the JSON-RPC of a network, whose packages 0x1, 0x2 and, where they exist, 0x3,
 *   0xb and 0x107a are taken. Anything else: a folder with files named as {@link compiledPackageFiles}, each of them BCS
 *   of `vector<vector<u8>>`, the modules of one package.
 * @param signal gives up reading
 * @throws LedgerError `GENESIS_INVALID` when it cannot be read or is not that; the ledger checks the rest
 */
export async function loadFramework(source: string | URL, signal?: AbortSignal): Promise<FrameworkFile> {
  const url = asUrl(source);
  if (url === undefined) return frameworkOf(await readPackages(String(source)), String(source));
  if (url.protocol === 'file:') return frameworkOf(await readPackages(fileURLToPath(url)), url.href);
  return frameworkOf(await fetchPackages(url, signal), url.origin);
}

/** A URL that says how to read it; a Windows path like `C:\x` says nothing. */
function asUrl(source: string | URL): URL | undefined {
  if (source instanceof URL) return source;
  return /^(https?|file):\/\//i.test(source) && URL.canParse(source) ? new URL(source) : undefined;
}

async function readPackages(folder: string): Promise<CompiledPackage[]> {
  const packages: CompiledPackage[] = [];
  for (const [index, name] of compiledPackageFiles.entries()) {
    const path = join(folder, name);
    const bytes = await readPackageFile(path, index < neededFiles);
    if (bytes !== undefined) packages.push({ name, modules: parseModules(path, bytes) });
  }
  return packages;
}

async function readPackageFile(path: string, isNeeded: boolean): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_PACKAGE_FILE_BYTES) {
      throw new RangeError(`it has ${size} bytes, the limit is ${MAX_PACKAGE_FILE_BYTES}`);
    }
    return new Uint8Array(await file.readFile());
  } catch (cause) {
    if (!isNeeded && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw notAFramework(`${path} cannot be read: ${errorText(cause)}`, cause);
  }
}

function parseModules(path: string, bytes: Uint8Array): Uint8Array[] {
  try {
    const modules = modulesType.parse(bytes);
    if (modulesType.serialize(modules).toBytes().length !== bytes.length) {
      throw new RangeError('there are bytes behind the last module');
    }
    return modules.map((module) => Uint8Array.from(module));
  } catch (cause) {
    throw notAFramework(`${path} is not BCS of vector<vector<u8>>: ${errorText(cause)}`, cause);
  }
}

function notAFramework(message: string, cause: unknown): LedgerError {
  return new LedgerError('GENESIS_INVALID', message, {
    hint: `Name a folder of compiled packages (${compiledPackageFiles.join(', ')}) or the URL of a network's JSON-RPC.`,
    cause,
  });
}
