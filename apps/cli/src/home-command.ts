/**
 * The common frame of commands that work on a home: options, passphrase, and the choice between the agent that already
 * runs there and one opened just for this command.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Home } from '@wotid/agent';
import { Option, type Command } from 'commander';
import { callAgent } from './control/client.ts';
import { controlSocketPath } from './control/socket-path.ts';
import { runOperation } from './operations.ts';
import { createOutput, type Output } from './output.ts';
import { readPassphrase } from './passphrase.ts';

/** Options that every command on a home has. */
export interface HomeOptions {
  readonly home: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly passphraseFile?: string;
  readonly acceptRollback?: boolean;
}

export const defaultHome: string = join(homedir(), '.wotid');

export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON, one object a line')
    .option('--verbose', 'add the stack to an error');
}

export function addHomeOptions(command: Command): Command {
  return addOutputOptions(command)
    .addOption(new Option('--home <dir>', 'the home directory').default(defaultHome).env('WOTID_HOME'))
    .option(
      '--passphrase-file <file>',
      'read the passphrase from this file (or WOTID_PASSPHRASE_FILE names it)',
    )
    .option(
      '--accept-rollback',
      'open a home that was restored from an older copy: its sessions are dropped',
    );
}

export function outputOf(options: { readonly json?: boolean }): Output {
  return createOutput(options.json === true);
}

/** Opens a home exclusively. */
export async function openHome(options: HomeOptions): Promise<Home> {
  const { Home } = await import('@wotid/agent');
  const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: false });
  const acceptRollback = options.acceptRollback === true;
  return Home.open({ dir: resolve(options.home), passphrase, acceptRollback });
}

/**
 * Runs an operation on the agent of a home: through its control socket when one runs, else by opening it here for the
 * time of the operation, without listening for peers.
 * @returns the result in JSON form
 */
export async function onAgent(
  options: HomeOptions,
  name: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const dir = resolve(options.home);
  if (existsSync(dir)) {
    const answer = await callAgent(controlSocketPath(dir), name, params);
    if (answer !== undefined) return answer.result;
  }
  // Loading the whole agent takes longer than asking a running one.
  const { Agent } = await import('@wotid/agent');
  const home = await openHome(options);
  try {
    const agent = await Agent.open({ home, listen: [], syncIntervalMs: 0 });
    try {
      return await runOperation(agent, name, params);
    } finally {
      await agent.close();
    }
  } finally {
    home.close();
  }
}
