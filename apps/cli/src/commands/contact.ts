import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

export function addContactCommands(program: Command): void {
  const contact = program.command('contact').description('people you know, and looking up others');

  addHomeOptions(
    contact.command('lookup').description('look a DID up in the directory and keep it as a contact'),
  )
    .argument('<did>', 'the whole DID')
    .option('--as <name>', 'what you call them')
    .action(async (did: string, options: HomeOptions & { readonly as?: string }) =>
      outputOf(options).result(asFacts(await onAgent(options, 'contact.lookup', { did, alias: options.as }))),
    );

  addHomeOptions(
    contact
      .command('show')
      .description('show what is known of a contact, and whether their keys are others than you know'),
  )
    .argument('<contact>', 'name, DID or a part of it')
    .action(async (who: string, options: HomeOptions) => {
      const output = outputOf(options);
      const facts = asFacts(await onAgent(options, 'contact.show', { who }));
      output.result(facts);
      if (facts['newKeys'] !== null) {
        output.progress(
          'They have other keys than before: ask them, by another way, whether that is so. Then: wotid contact acknowledge.',
        );
      }
    });

  addHomeOptions(
    contact.command('acknowledge').description('the other keys of a contact are no news to you any more'),
  )
    .argument('<contact>', 'name, DID or a part of it')
    .action(async (who: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'contact.acknowledge', { who }))),
    );
}
