import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { DidMethod } from '@wotid/agent';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { networkOf, addNetworkOptions, type NetworkOptions } from '../network-options.ts';
import { asFacts } from '../operations.ts';
import { readPassphrase } from '../passphrase.ts';

interface InitOptions {
  readonly package?: string;
  readonly identityPackage?: string;
  readonly did: DidMethod;
  readonly falcon?: boolean;
  readonly loopbackIssuers?: boolean;
}

export function addSetupCommands(program: Command): void {
  addNetworkOptions(
    addHomeOptions(
      program.command('init').description('create a home: keys sealed with a passphrase, two IOTA accounts'),
    ),
  )
    .option(
      '--package <id>',
      'the mailbox package on that network (default: where wotid deploy has published it, if it has)',
    )
    .option(
      '--identity-package <id>',
      'the identity package on that network (default: IOTA’s, else where wotid deploy has published it)',
    )
    .addOption(
      new Option(
        '--did <method>',
        'iota: a document on chain, keys can change; jwk: the DID is the key itself',
      )
        .choices(['iota', 'jwk'])
        .default('iota'),
    )
    .option(
      '--falcon',
      'also make a Falcon-1024 key for shorter signatures (round 3 of the competition: not FIPS 206, not constant-time)',
    )
    .option(
      '--loopback-issuers',
      'ask issuers on this very machine without TLS, as is done anyway with a network on this machine',
    )
    .action(async (options: HomeOptions & NetworkOptions & InitOptions) => {
      const network = await networkOf(options);
      const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: true });
      const { createHome } = await import('@wotid/agent');
      const facts = await createHome({
        dir: resolve(options.home),
        passphrase,
        network: {
          ...network,
          ...(await packagesOf(network.name, options)),
          ...(options.loopbackIssuers === true && { allowLoopbackHttp: true }),
        },
        didMethod: options.did,
        falcon: options.falcon === true,
      });
      outputOf(options).result({ home: resolve(options.home), ...facts });
    });

  addHomeOptions(program.command('status').description('show who and where you are')).action(
    async (options: HomeOptions) => outputOf(options).result(asFacts(await onAgent(options, 'status'))),
  );
}

/** The packages that are named, or where this release's were published on a named network; `null` when that is not known. */
async function packagesOf(
  network: string,
  options: InitOptions,
): Promise<{ readonly packageId: string | null; readonly identityPackageId: string | null }> {
  const [{ contractDirectory, readDeployRecord }, { identityContractDirectory }] = await Promise.all([
    import('@wotid/mailbox'),
    import('@wotid/did-iota'),
  ]);
  const recorded = async (directory: string): Promise<string | null> =>
    URL.canParse(network) ? null : ((await readDeployRecord(directory, network))?.latestPackageId ?? null);
  return {
    packageId: options.package ?? (await recorded(contractDirectory())),
    identityPackageId: options.identityPackage ?? (await recorded(identityContractDirectory())),
  };
}
