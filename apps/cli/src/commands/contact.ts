import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

export function addContactCommands(program: Command): void {
  const contact = program.command('contact').description('people that the directory knows');

  addHomeOptions(
    contact.command('lookup').description('look a DID up in the directory and keep it as a contact'),
  )
    .argument('<did>', 'the whole DID')
    .option('--as <name>', 'what you call them')
    .action(async (did: string, options: HomeOptions & { readonly as?: string }) =>
      outputOf(options).result(asFacts(await onAgent(options, 'contact.lookup', { did, alias: options.as }))),
    );
}
