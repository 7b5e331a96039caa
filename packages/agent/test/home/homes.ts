import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Home, HomeError, type HomeOpenInit } from '../../src/home/index.ts';

/** The smallest cost that the sealing accepts: these tests are not about Argon2id. */
export const cheap = { memoryKiB: 8, passes: 1, lanes: 1 };
export const passphrase = 'correct horse battery staple';
export const nowMs: number = Date.UTC(2026, 5, 1);
export const alice = 'did:jwk:alice';
export const bob = 'did:jwk:bob';

/** A path in a fresh temporary directory that goes with the test. */
export function freshDir(name = 'home'): string {
  const dir = mkdtempSync(join(tmpdir(), 'wotid-home-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, name);
}

/** A new open home. */
export async function createHome(dir: string = freshDir()): Promise<Home> {
  const home = await Home.create({ dir, passphrase, cost: cheap });
  onTestFinished(() => home.close());
  return home;
}

/** An existing home, opened. */
export async function openHome(dir: string, init: Partial<HomeOpenInit> = {}): Promise<Home> {
  const home = await Home.open({ dir, passphrase, ...init });
  onTestFinished(() => home.close());
  return home;
}

/** The same home after a restart. */
export async function reopen(home: Home): Promise<Home> {
  home.close();
  return openHome(home.dir);
}

/** A copy of a home's files in another place. */
export function copyHome(dir: string): string {
  const copy = freshDir();
  cpSync(dir, copy, { recursive: true });
  return copy;
}

export const id16 = (): Uint8Array => new Uint8Array(randomBytes(16));
export const id32 = (): Uint8Array => new Uint8Array(randomBytes(32));

/** The code that `work` throws; fails when it throws something else than a HomeError. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof HomeError) return error.code;
    throw error;
  }
  return 'no error';
}

/** The code that `promise` is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof HomeError) return error.code;
    throw error;
  }
  return 'no error';
}
