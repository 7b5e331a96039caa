import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DidIotaError } from './errors.ts';

/** Beside the build of a published package; in the workspace, the Move package itself. */
const candidates = ['../contract', '../../../move/identity'];

/**
 * The folder of our Move package `identity`, to compile and publish it on a network that has none of IOTA's.
 * @throws DidIotaError `NO_PACKAGE` when it was not installed with this package
 */
export function identityContractDirectory(): string {
  const found = candidates
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(join(path, 'Move.toml')));
  if (found !== undefined) return found;
  throw new DidIotaError('NO_PACKAGE', 'the sources of the identity package are not here', {
    hint: 'Reinstall the package.',
  });
}
