import { Option, type Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

interface PublishCommandOptions extends HomeOptions {
  readonly leaveCredential?: boolean;
  readonly takeBackCredential?: boolean;
}

const leaveCredential = (): Option =>
  new Option(
    '--leave-credential',
    'leave your credential there too: verified humans can write to you first without your card',
  );

export function addDirectoryCommands(program: Command): void {
  const directory = program
    .command('directory')
    .description('the identity service where you publish how to reach you and look up others');

  addHomeOptions(directory.command('set').description('use a directory, and publish there'))
    .argument('<url>', 'its origin, such as https://id.example; none to use none')
    .addOption(leaveCredential())
    .action(async (url: string, options: PublishCommandOptions) =>
      outputOf(options).result(
        asFacts(
          await onAgent(options, 'directory.set', {
            url: url === 'none' ? null : url,
            ...publishParams(options),
          }),
        ),
      ),
    );

  addHomeOptions(directory.command('publish').description('publish now what it should have of you'))
    .addOption(leaveCredential().conflicts('takeBackCredential'))
    .option('--take-back-credential', 'have it forget your credential')
    .action(async (options: PublishCommandOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'directory.publish', publishParams(options)))),
    );

  addHomeOptions(
    directory
      .command('status')
      .description('show which one is used, what it has of you, and why the last publication failed'),
  ).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'directory.status'))),
  );
}

/** Neither option leaves it as it was. */
function publishParams(options: PublishCommandOptions): { readonly leaveCredential?: boolean } {
  if (options.leaveCredential === true) return { leaveCredential: true };
  return options.takeBackCredential === true ? { leaveCredential: false } : {};
}
