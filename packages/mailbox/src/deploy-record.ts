/**
 * Where a package was published, as the IOTA CLI records it: in `Move.lock` beside `Move.toml`, one table
 * `[env.<name>]` a network with `chain-id`, `original-published-id`, `latest-published-id` and `published-version`.
 * Everything else in the file is the compiler's and is left as it is.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { errorText } from '@wotid/core';
import { MailboxError } from './errors.ts';

/** One publication. */
export interface DeployRecord {
  /** Chain identifier: 8 hexadecimal digits. */
  readonly chainId: string;
  /** 0x and 64 hexadecimal digits. */
  readonly originalPackageId: string;
  /** The same as `originalPackageId` for a package that is never upgraded. */
  readonly latestPackageId: string;
  /** 1, and one more for each upgrade. */
  readonly version: number;
}

const namePattern = /^[A-Za-z0-9_-]{1,64}$/;
const idPattern = /^0x[0-9a-f]{64}$/;
const chainIdPattern = /^[0-9a-f]{8}$/;
/** A lock file lists dependencies; 1 MiB of it is not one. */
const maxLockBytes = 1_048_576;

/**
 * Reads the record of network `name` from the text of a `Move.lock`.
 * @returns `null` when there is none
 * @throws MailboxError `BAD_DEPLOY_RECORD` when the file or the record is unusable
 */
export function parseDeployRecord(lock: string, name: string): DeployRecord | null {
  assertName(name);
  const environments = tomlTable(parseLock(lock)['env']);
  const table = Object.hasOwn(environments, name) ? tomlTable(environments[name]) : null;
  if (table === null) return null;
  const version = Number(table['published-version']);
  const record: DeployRecord = {
    chainId: String(table['chain-id']),
    originalPackageId: String(table['original-published-id']),
    latestPackageId: String(table['latest-published-id']),
    version,
  };
  assertRecord(record);
  return record;
}

/**
 * The text of a `Move.lock` with the record of network `name` put in place of an earlier one, or at the end.
 * @throws MailboxError `BAD_DEPLOY_RECORD`
 */
export function withDeployRecord(lock: string, name: string, record: DeployRecord): string {
  assertName(name);
  assertRecord(record);
  parseLock(lock);
  const lines = lock === '' ? [] : lock.replace(/\n+$/, '').split('\n');
  const start = lines.findIndex((line) => line.trim() === `[env.${name}]`);
  const table = [
    `[env.${name}]`,
    `chain-id = "${record.chainId}"`,
    `original-published-id = "${record.originalPackageId}"`,
    `latest-published-id = "${record.latestPackageId}"`,
    `published-version = "${record.version}"`,
  ];
  if (start < 0) {
    if (!lines.some((line) => /^\[env[.\]]/.test(line.trim()))) lines.push('', '[env]');
    lines.push('', ...table);
  } else {
    const next = lines.findIndex((line, index) => index > start && line.trimStart().startsWith('['));
    const rest = next < 0 ? [] : ['', ...lines.slice(next)];
    lines.splice(start, lines.length, ...table, ...rest);
  }
  const text = `${lines.join('\n')}\n`;
  parseLock(text);
  return text;
}

/** Reads the record of network `name` of the Move package in folder `packageDir`; `null` when there is none. */
export async function readDeployRecord(packageDir: string, name: string): Promise<DeployRecord | null> {
  return parseDeployRecord(await readLock(packageDir), name);
}

/** Records a publication in the `Move.lock` of the Move package in folder `packageDir`, atomically. */
export async function writeDeployRecord(
  packageDir: string,
  name: string,
  record: DeployRecord,
): Promise<void> {
  const file = join(packageDir, 'Move.lock');
  const text = withDeployRecord(await readLock(packageDir), name, record);
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

async function readLock(packageDir: string): Promise<string> {
  try {
    return await readFile(join(packageDir, 'Move.lock'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw badRecord(`Move.lock cannot be read: ${errorText(error)}`, error);
  }
}

function parseLock(lock: string): Record<string, unknown> {
  if (lock.length > maxLockBytes) throw badRecord('Move.lock is larger than 1 MiB');
  try {
    return parse(lock);
  } catch (error) {
    throw badRecord(`Move.lock is not TOML: ${errorText(error).split('\n')[0]}`, error);
  }
}

function tomlTable(value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRecord('env is not a table in Move.lock');
  }
  return value as Record<string, unknown>;
}

function assertName(name: string): void {
  if (!namePattern.test(name)) {
    throw new MailboxError(
      'BAD_ARGUMENT',
      `${JSON.stringify(name.slice(0, 80))} is no name of an environment`,
      {
        hint: 'use letters, digits, - and _',
      },
    );
  }
}

function assertRecord(record: DeployRecord): void {
  if (!chainIdPattern.test(record.chainId)) throw badRecord('chain-id is not 8 hexadecimal digits');
  if (!idPattern.test(record.originalPackageId)) throw badRecord('original-published-id is no object id');
  if (!idPattern.test(record.latestPackageId)) throw badRecord('latest-published-id is no object id');
  if (!Number.isSafeInteger(record.version) || record.version < 1) {
    throw badRecord('published-version is not a positive number');
  }
}

function badRecord(reason: string, cause?: unknown): MailboxError {
  return new MailboxError('BAD_DEPLOY_RECORD', reason, {
    hint: 'publish again, or restore Move.lock from version control',
    cause,
  });
}
