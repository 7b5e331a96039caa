import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

export function addDidCommands(program: Command): void {
  const did = program.command('did').description('your DID: a document on chain that names your keys');

  addHomeOptions(
    did.command('create').description('publish it; again: put its document right, or bring it back'),
  ).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'did.create'))),
  );

  addHomeOptions(did.command('show').description('show it, and what the chain says of it')).action(
    async (options: HomeOptions) => outputOf(options).result(asFacts(await onAgent(options, 'did.show'))),
  );

  addHomeOptions(did.command('rotate').description('replace keys; you need a new credential afterwards'))
    .option('--key <name...>', 'x25519, ed25519, ml-dsa-87, falcon-1024 (default: all that you have)')
    .action(async (options: HomeOptions & { readonly key?: readonly string[] }) => {
      const output = outputOf(options);
      const params = options.key === undefined ? {} : { keys: options.key };
      output.result(asFacts(await onAgent(options, 'did.rotate', params)));
      output.progress('Your credential was for the old keys. Get another: wotid credential request.');
    });

  addHomeOptions(
    did.command('deactivate').description('take its document away: nobody lets you in until did create'),
  )
    .option('--forever', 'for good: this DID never comes back')
    .action(async (options: HomeOptions & { readonly forever?: boolean }) =>
      outputOf(options).result(
        asFacts(await onAgent(options, 'did.deactivate', { forever: options.forever === true })),
      ),
    );
}
