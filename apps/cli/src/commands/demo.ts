import type { Command } from 'commander';
import { addOutputOptions, outputOf } from '../home-command.ts';
import { UsageError } from '../usage-error.ts';

interface DemoCommandOptions {
  readonly rpc?: string;
  readonly faucet?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export function addDemoCommand(program: Command): void {
  addOutputOptions(
    program
      .command('demo')
      .description(
        'two verified humans talk; one is away; the message waits on chain: everything for real, with evidence',
      )
      .option('--rpc <url>', 'use this IOTA network instead of an embedded one')
      .option('--faucet <url>', 'the faucet of that network')
      .option('--keep', 'leave the homes and the network running, and say how to look at them'),
  ).action(async (options: DemoCommandOptions) => {
    if ((options.rpc === undefined) !== (options.faucet === undefined)) {
      throw new UsageError('--rpc and --faucet go together');
    }
    const { runDemo } = await import('../demo/play.ts');
    const given =
      options.rpc === undefined || options.faucet === undefined
        ? null
        : { rpcUrl: options.rpc, faucetUrl: options.faucet };
    await runDemo({ network: given, keep: options.keep === true, output: outputOf(options) });
  });
}
