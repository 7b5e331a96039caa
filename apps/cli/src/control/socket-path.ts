import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WotError } from '@wotid/core';

/** `sockaddr_un` holds 104 bytes on macOS and 108 on Linux, with the closing zero. */
const maxSocketPathBytes = 100;

/**
 * Path of the Unix socket on which the agent of `home` answers. It lies in the home, or, where that path is too long
 * for a socket, in a folder of the temporary directory that only this user can enter.
 * @throws WotError `UNSAFE_SOCKET_FOLDER` when that folder belongs to someone else or others may enter it.
 */
export function controlSocketPath(home: string): string {
  const real = realpathSync(home);
  const inside = join(real, 'agent.sock');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  const folder = join(tmpdir(), `wotid-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const facts = lstatSync(folder);
  // A link planted there by somebody else could be turned to another folder later.
  if (!facts.isDirectory() || facts.uid !== process.getuid?.() || (facts.mode & 0o077) !== 0) {
    throw new WotError('UNSAFE_SOCKET_FOLDER', `${folder} is open to other users`, {
      hint: 'Remove that folder, or use a shorter path for the home.',
    });
  }
  return join(folder, 'agent.sock');
}
