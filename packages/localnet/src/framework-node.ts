/** Reads the system packages of a running network over its JSON-RPC. */
import { errorText } from '@wotid/core';
import type { CompiledPackage } from './framework-packages.ts';
import { LedgerError } from './ledger/errors.ts';

/** Packages every IOTA network has; the first two are needed. */
const systemPackages = ['0x1', '0x2', '0x3', '0xb', '0x107a'] as const;
const neededPackages = 2;
/** An answer is not larger: the framework takes about 100 KB of it. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** How long a node may take for one answer. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Reads the packages that a network runs now.
 * @param url of its JSON-RPC; http or https
 * @throws LedgerError `GENESIS_INVALID` when it does not answer, or not with packages
 */
export async function fetchPackages(url: URL, signal?: AbortSignal): Promise<CompiledPackage[]> {
  if (url.username !== '' || url.password !== '') {
    throw unusable(url, 'a URL with a user name or a password is not used');
  }
  const packages: CompiledPackage[] = [];
  for (const [index, id] of systemPackages.entries()) {
    const modules = readModuleMap(await call(url, id, signal), url, id);
    if (modules !== undefined) packages.push({ name: id, modules });
    else if (index < neededPackages) throw unusable(url, `it has no package ${id}`);
  }
  return packages;
}

async function call(url: URL, id: string, signal: AbortSignal | undefined): Promise<unknown> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'iota_getObject',
        params: [id, { showBcs: true }],
      }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const text = await readText(response);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return JSON.parse(text);
  } catch (cause) {
    signal?.throwIfAborted();
    throw unusable(url, `iota_getObject(${id}) failed: ${errorText(cause)}`, cause);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new RangeError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface PackageBcs {
  readonly dataType?: unknown;
  readonly moduleMap?: unknown;
  readonly typeOriginTable?: unknown;
}

/** What of an answer is read; it comes from outside, so that nothing in it is sure. */
interface Answer {
  readonly error?: { readonly message?: unknown };
  readonly result?: {
    readonly data?: { readonly bcs?: PackageBcs };
    readonly error?: { readonly code?: unknown };
  };
}

/** The modules, or undefined when the network has no such object. */
function readModuleMap(json: unknown, url: URL, id: string): Uint8Array[] | undefined {
  const answer = (json ?? {}) as Answer;
  if (answer.error !== undefined) {
    throw unusable(url, `iota_getObject(${id}): ${String(answer.error?.message)}`);
  }
  const { data, error } = answer.result ?? {};
  if (error?.code === 'notExists') return undefined;
  const { dataType, moduleMap, typeOriginTable } = data?.bcs ?? {};
  if (dataType !== 'package' || typeof moduleMap !== 'object' || moduleMap === null) {
    throw unusable(url, `${id} is no package there`);
  }
  const modules = Object.entries(moduleMap).map(([name, text]): readonly [number, Uint8Array] => {
    try {
      return [rank(name, typeOriginTable), Uint8Array.fromBase64(text as string)];
    } catch (cause) {
      throw unusable(url, `module ${id}::${name} is not base64`, cause);
    }
  });
  return modules.sort(([left], [right]) => left - right).map(([, bytes]) => bytes);
}

/**
 * Where a module stood when its package was built: the map has lost the order, which the table of types, a part of the
 * object, still has. Modules without types left no trace, and make no difference.
 */
function rank(name: string, table: unknown): number {
  const at = Array.isArray(table)
    ? table.findIndex((origin: { readonly module_name?: unknown } | null) => origin?.module_name === name)
    : -1;
  return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

function unusable(url: URL, message: string, cause?: unknown): LedgerError {
  // A URL may hold credentials or a key in its path: name no more of it than the origin.
  return new LedgerError('GENESIS_INVALID', `no framework from ${url.origin}: ${message}`, {
    hint: 'Name the URL of an IOTA JSON-RPC, for example https://indexer.testnet.iota.cafe',
    cause,
  });
}
