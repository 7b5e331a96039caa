import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';

export function addMailboxCommands(program: Command): void {
  const mailbox = program
    .command('mailbox')
    .description('your mailbox on chain: where messages wait while you are away');

  addHomeOptions(mailbox.command('create').description('create the mailbox and publish prekeys')).action(
    async (options: HomeOptions) => {
      const output = outputOf(options);
      output.result({ step: 'mailbox', ...asFacts(await onAgent(options, 'mailbox.create')) });
      output.result({ step: 'prekeys', ...asFacts(await onAgent(options, 'mailbox.publish-prekeys')) });
    },
  );

  addHomeOptions(mailbox.command('publish-prekeys').description('replace the published prekeys now')).action(
    async (options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'mailbox.publish-prekeys'))),
  );

  addHomeOptions(mailbox.command('list').description('show what waits there')).action(
    async (options: HomeOptions) =>
      outputOf(options).table(asRows(await onAgent(options, 'mailbox.list')), 'Nothing waits.'),
  );

  addHomeOptions(
    mailbox
      .command('claim')
      .description('read what waits, then claim and delete it: the deposits come to you'),
  ).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'mailbox.claim'))),
  );

  addHomeOptions(mailbox.command('discard').description('delete objects that cannot be read'))
    .argument('<objectId...>', 'as wotid mailbox list shows them')
    .action(async (objectIds: readonly string[], options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'mailbox.discard', { objectIds }))),
    );

  addHomeOptions(
    mailbox.command('retire').description('tell senders to stop using this mailbox, for good'),
  ).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'mailbox.retire'))),
  );
}
