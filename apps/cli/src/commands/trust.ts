import type { Command } from 'commander';
import { readInput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';

/** A trusted-issuer file is 5 KB: a DID, two public keys and an origin. */
const maxIssuerFileBytes = 65_536;

export function addTrustCommands(program: Command): void {
  const trust = program.command('trust').description('whose Verified Human credentials this agent accepts');

  addHomeOptions(trust.command('add').description('trust an issuer'))
    .argument('<file>', 'the issuer’s public file, as wotid issue setup writes it')
    .action(async (file: string, options: HomeOptions) => {
      const issuer = readInput(file, maxIssuerFileBytes);
      outputOf(options).result(asFacts(await onAgent(options, 'trust.add', { issuer })));
    });

  addHomeOptions(trust.command('list').description('show the trusted issuers')).action(
    async (options: HomeOptions) =>
      outputOf(options).table(
        asRows(await onAgent(options, 'trust.list')),
        'No issuer is trusted: wotid trust add FILE.',
      ),
  );

  addHomeOptions(trust.command('remove').description('trust an issuer no longer'))
    .argument('<did>', 'the issuer’s DID')
    .action(async (did: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'trust.remove', { did }))),
    );
}
