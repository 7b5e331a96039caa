import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MailboxError } from './errors.ts';

/** Beside the build of a published package; in the workspace, the Move package itself. */
const candidates = ['../contract', '../../../move/mailbox'];

/**
 * The folder of the Move package `wotid`, to compile and publish it, and with the records of where it was published.
 * @throws MailboxError `NOT_FOUND` when it was not installed with this package
 */
export function contractDirectory(): string {
  const found = candidates
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(join(path, 'Move.toml')));
  if (found !== undefined) return found;
  throw new MailboxError('NOT_FOUND', 'the sources of the mailbox contract are not here', {
    hint: 'reinstall the package, or name their folder with --dir',
  });
}
