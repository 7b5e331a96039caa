import { resolve } from 'node:path';
import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { networkOf, addNetworkOptions, type NetworkOptions } from '../network-options.ts';
import { asFacts } from '../operations.ts';
import { readPassphrase } from '../passphrase.ts';

export function addSetupCommands(program: Command): void {
  addNetworkOptions(
    addHomeOptions(
      program
        .command('init')
        .description('create a home: keys sealed with a passphrase, a DID, two IOTA accounts'),
    ),
  )
    .option('--package <id>', 'the mailbox package on that network (default: the one this release knows)')
    .action(async (options: HomeOptions & NetworkOptions & { readonly package?: string }) => {
      const network = await networkOf(options);
      const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: true });
      const { createHome } = await import('@wotid/agent');
      const facts = await createHome({
        dir: resolve(options.home),
        passphrase,
        network: { ...network, packageId: options.package ?? null },
      });
      outputOf(options).result({ home: resolve(options.home), ...facts });
    });

  addHomeOptions(program.command('status').description('show who and where you are')).action(
    async (options: HomeOptions) => outputOf(options).result(asFacts(await onAgent(options, 'status'))),
  );
}
