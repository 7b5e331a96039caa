import { resolve } from 'node:path';
import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { networkOf, addNetworkOptions, type NetworkOptions } from '../network-options.ts';
import { asFacts } from '../operations.ts';
import { readPassphrase } from '../passphrase.ts';

interface InitOptions {
  readonly package?: string;
  readonly falcon?: boolean;
}

export function addSetupCommands(program: Command): void {
  addNetworkOptions(
    addHomeOptions(
      program
        .command('init')
        .description('create a home: keys sealed with a passphrase, a DID, two IOTA accounts'),
    ),
  )
    .option(
      '--package <id>',
      'the mailbox package on that network (default: where wotid deploy has published it, if it has)',
    )
    .option(
      '--falcon',
      'also make a Falcon-1024 key for shorter signatures (round 3 of the competition: not FIPS 206, not constant-time)',
    )
    .action(async (options: HomeOptions & NetworkOptions & InitOptions) => {
      const network = await networkOf(options);
      const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: true });
      const { createHome } = await import('@wotid/agent');
      const facts = await createHome({
        dir: resolve(options.home),
        passphrase,
        network: { ...network, packageId: options.package ?? (await recordedPackage(network.name)) },
        falcon: options.falcon === true,
      });
      outputOf(options).result({ home: resolve(options.home), ...facts });
    });

  addHomeOptions(program.command('status').description('show who and where you are')).action(
    async (options: HomeOptions) => outputOf(options).result(asFacts(await onAgent(options, 'status'))),
  );
}

/** Where this release's contract was published on a named network; `null` when that is not known. */
async function recordedPackage(network: string): Promise<string | null> {
  if (URL.canParse(network)) return null;
  const { contractDirectory, readDeployRecord } = await import('@wotid/mailbox');
  return (await readDeployRecord(contractDirectory(), network))?.latestPackageId ?? null;
}
