import type { Command } from 'commander';
import { readInput, writeOutput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';

/** A card carries identity keys, a credential with two signatures and its own signature: about 30 KB as text. */
const maxCardBytes = 131_072;

export function addCardCommands(program: Command): void {
  const card = program
    .command('card')
    .description('contact cards: who someone is, where their agent listens, where their mailbox is');

  addHomeOptions(card.command('export').description('write your own card, to give to others'))
    .option('--out <file>', 'write it to this file instead of the terminal')
    .action(async (options: HomeOptions & { readonly out?: string }) => {
      const facts = asFacts(await onAgent(options, 'card.export'));
      const text = String(facts['card']);
      const output = outputOf(options);
      if (Array.isArray(facts['addresses']) && facts['addresses'].length === 0) {
        output.progress(
          'This card names no address, only the mailbox: export it while your agent runs to be reachable directly.',
        );
      }
      if (options.out === undefined) output.raw(text);
      else {
        writeOutput(options.out, text);
        output.result({ written: options.out, bytes: text.length });
      }
    });

  addHomeOptions(card.command('add').description('check someone’s card and keep it as a contact'))
    .argument('<file>', 'the card; - reads standard input')
    .option('--as <name>', 'what you call them')
    .action(async (file: string, options: HomeOptions & { readonly as?: string }) => {
      const params = { card: readInput(file, maxCardBytes), alias: options.as };
      outputOf(options).result(asFacts(await onAgent(options, 'card.add', params)));
    });

  addHomeOptions(card.command('list').description('show your contacts')).action(
    async (options: HomeOptions) =>
      outputOf(options).table(
        asRows(await onAgent(options, 'card.list')),
        'No contact yet: wotid card add FILE.',
      ),
  );
}
