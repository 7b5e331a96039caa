import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';
import { formatTime, type Facts } from '../output.ts';

const toArgument = 'a contact: your name for them, their DID, or a part of it that fits nobody else';

export function addSessionCommands(program: Command): void {
  const session = program.command('session').description('sessions with your contacts: keys and signatures');

  addHomeOptions(session.command('list').description('show them, the last used first')).action(
    async (options: HomeOptions) => {
      const output = outputOf(options);
      const rows = asRows(await onAgent(options, 'session.list'));
      output.table(output.json ? rows : rows.map(forPeople), 'No session.');
    },
  );

  addHomeOptions(
    session
      .command('rekey')
      .description('renew the post-quantum keys, signed by both; the contact must be online'),
  )
    .argument('<to>', toArgument)
    .action(async (to: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'session.rekey', { to }))),
    );

  addHomeOptions(
    session
      .command('checkpoint')
      .description('sign what both have written since the last checkpoint, and send it'),
  )
    .argument('<to>', toArgument)
    .action(async (to: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'session.checkpoint', { to }))),
    );

  addHomeOptions(
    session.command('verify').description('compare a checkpoint that a contact has sent with what you have'),
  )
    .argument('<message>', 'id of the checkpoint, 32 hex digits')
    .action(async (messageId: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'session.verify', { messageId }))),
    );

  addHomeOptions(
    session
      .command('signing')
      .description(
        'show or set when messages are signed: ratchet (on request), checkpoint (one signature for many), always',
      ),
  )
    .argument('[mode]', 'ratchet, checkpoint or always')
    .action(async (mode: string | undefined, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'session.signing', { mode }))),
    );
}

/** A session as a row that a person reads; `--json` has the rest. */
function forPeople(row: Facts): Facts {
  return {
    with: row['alias'] === '' ? row['peer'] : row['alias'],
    state: row['isOverdue'] === true ? 'overdue' : row['state'],
    level: row['level'],
    suite: row['suite'],
    used: formatTime(row['lastUsedMs']),
    messages: row['messageCount'],
    rekeys: row['rekeySequence'],
    proven: formatTime(row['authenticatedAtMs']),
  };
}
