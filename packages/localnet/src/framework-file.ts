import { readFile } from 'node:fs/promises';
import { errorText } from '@wotid/core';
import { LedgerError } from './ledger/errors.ts';
import type { FrameworkFile } from './ledger/genesis.ts';

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
