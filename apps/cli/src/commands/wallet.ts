import { Option, type Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';
import { UsageError } from '../usage-error.ts';

const nanosPerIota = 1_000_000_000n;

interface AccountOptions extends HomeOptions {
  readonly account: string;
}

function accountOption(): Option {
  return new Option(
    '--account <name>',
    'owner (mailbox and claims) or postage (messages left for others)',
  ).choices(['owner', 'postage']);
}

export function addWalletCommands(program: Command): void {
  const wallet = program.command('wallet').description('the IOTA accounts that pay for mailbox and postage');

  addHomeOptions(wallet.command('address').description('show the addresses')).action(
    async (options: HomeOptions) => {
      const status = asFacts(await onAgent(options, 'status'));
      outputOf(options).result(asFacts(status['accounts']));
    },
  );

  addHomeOptions(wallet.command('balance').description('show what they hold, in NANOS')).action(
    async (options: HomeOptions) => outputOf(options).result(asFacts(await onAgent(options, 'balances'))),
  );

  addHomeOptions(wallet.command('faucet').description('ask the test network for coins'))
    .addOption(accountOption())
    .action(async (options: HomeOptions & Partial<AccountOptions>) => {
      const output = outputOf(options);
      for (const account of options.account === undefined ? ['owner', 'postage'] : [options.account]) {
        output.result(asFacts(await onAgent(options, 'faucet', { account })));
      }
    });

  addHomeOptions(wallet.command('withdraw').description('send IOTA to another address'))
    .addOption(accountOption().default('owner'))
    .requiredOption('--to <address>', 'the receiving address')
    .requiredOption('--amount <iota>', 'how much, in IOTA with up to 9 decimals, or "all"')
    .action(async (options: AccountOptions & { readonly to: string; readonly amount: string }) => {
      const amount = options.amount === 'all' ? 'all' : parseIota(options.amount).toString();
      outputOf(options).result(
        asFacts(await onAgent(options, 'withdraw', { account: options.account, to: options.to, amount })),
      );
    });
}

/** NANOS of an amount written in IOTA. @throws UsageError when it is not a decimal number with at most 9 places */
export function parseIota(text: string): bigint {
  const match = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) throw new UsageError(`${text} is not an amount of IOTA such as 1.5`);
  return BigInt(match[1] ?? '0') * nanosPerIota + BigInt((match[2] ?? '').padEnd(9, '0'));
}
