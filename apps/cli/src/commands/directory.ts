import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

export function addDirectoryCommands(program: Command): void {
  const directory = program
    .command('directory')
    .description('the identity service where you publish how to reach you and look up others');

  addHomeOptions(directory.command('set').description('use a directory, and publish there'))
    .argument('<url>', 'its origin, such as https://id.example; none to use none')
    .action(async (url: string, options: HomeOptions) =>
      outputOf(options).result(
        asFacts(await onAgent(options, 'directory.set', { url: url === 'none' ? null : url })),
      ),
    );

  addHomeOptions(
    directory
      .command('show')
      .description('show which one is used, and how many one-time prekeys it has left'),
  ).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'directory.show'))),
  );
}
