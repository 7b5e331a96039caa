/**
 * The `wotid` command: reads arguments, runs one command, prints its result.
 *
 * Exit codes: 0 done, 1 failed (one line on stderr says what and what to do; `--verbose` adds the stack), 2 wrong usage.
 */
import { Command, CommanderError } from 'commander';
import { addAgentCommands } from './commands/agent.ts';
import { addCardCommands } from './commands/card.ts';
import { addContactCommands } from './commands/contact.ts';
import { addCredentialCommands } from './commands/credential.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDidCommands } from './commands/did.ts';
import { addDirectoryCommands } from './commands/directory.ts';
import { addIdentityCommands } from './commands/identity.ts';
import { addIssueCommands } from './commands/issue.ts';
import { addMailboxCommands } from './commands/mailbox.ts';
import { addMessageCommands } from './commands/message.ts';
import { addNetworkCommands } from './commands/network.ts';
import { addSecurityCommands } from './commands/security.ts';
import { addSessionCommands } from './commands/session.ts';
import { addSetupCommands } from './commands/setup.ts';
import { addTrustCommands } from './commands/trust.ts';
import { addWalletCommands } from './commands/wallet.ts';
import { formatError } from './output.ts';
import { UsageError } from './usage-error.ts';

const program = new Command('wotid')
  .description('Two verified humans talk directly; when one is away, the message waits on chain.')
  .version('0.1.0')
  .showHelpAfterError('(wotid --help shows every command)')
  .exitOverride()
  // `wotid identity` has options of its own and subcommands with options of the same names.
  .enablePositionalOptions()
  .configureHelp({ showGlobalOptions: true });

for (const add of [
  addDemoCommand,
  addNetworkCommands,
  addSetupCommands,
  addWalletCommands,
  addDidCommands,
  addIdentityCommands,
  addIssueCommands,
  addCredentialCommands,
  addTrustCommands,
  addDirectoryCommands,
  addSecurityCommands,
  addSessionCommands,
  addCardCommands,
  addContactCommands,
  addMailboxCommands,
  addAgentCommands,
  addMessageCommands,
]) {
  add(program);
}

// A reader that goes away (`| head`) is not a failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(formatError(error, process.argv.includes('--verbose'), process.argv.includes('--json')));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
