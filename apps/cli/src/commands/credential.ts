import type { Command } from 'commander';
import { readInput, writeOutput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';
import { addPresentationCommands } from './presentation.ts';

/** A credential is at most 24 KiB, a third more as text. */
export const maxCredentialFileBytes = 65_536;

export function addCredentialCommands(program: Command): void {
  const credential = program.command('credential').description('your Verified Human credential');

  addPresentationCommands(credential);

  addHomeOptions(credential.command('request').description('write a request that an issuer can answer'))
    .requiredOption('--out <file>', 'write it to this file')
    .action(async (options: HomeOptions & { readonly out: string }) => {
      const facts = asFacts(await onAgent(options, 'credential.request'));
      writeOutput(options.out, String(facts['request']));
      outputOf(options).result({ written: options.out });
    });

  addHomeOptions(credential.command('import').description('check and keep a credential issued to you'))
    .argument('<file>', 'the credential; - reads standard input')
    .action(async (file: string, options: HomeOptions) => {
      const params = { credential: readInput(file, maxCredentialFileBytes) };
      outputOf(options).result(asFacts(await onAgent(options, 'credential.import', params)));
    });

  addHomeOptions(credential.command('show').description('show what it says')).action(
    async (options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'credential.show'))),
  );
}
