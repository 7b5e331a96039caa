import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { addHomeOptions, addOutputOptions, openHome, outputOf, type HomeOptions } from '../home-command.ts';
import { untilStopped } from '../stop-signal.ts';

/** The contract's sources: beside the package when published, in the workspace otherwise. */
const mailboxSources = fileURLToPath(new URL('../../../../move/mailbox', import.meta.url));

export function addNetworkCommands(program: Command): void {
  addOutputOptions(
    program
      .command('localnet')
      .description('run an IOTA network in this process, on loopback, until interrupted')
      .option('--port <n>', 'JSON-RPC port; 0 picks a free one', parsePort, 9000)
      .option('--faucet-port <n>', 'faucet port; 0 picks a free one', parsePort, 9123),
  ).action(
    async (options: { readonly port: number; readonly faucetPort: number; readonly json?: boolean }) => {
      const { startLocalnet } = await import('@wotid/localnet');
      const network = await startLocalnet({ port: options.port, faucetPort: options.faucetPort });
      const output = outputOf(options);
      output.result({ rpc: network.rpcUrl, faucet: network.faucetUrl, chainId: network.chainId });
      output.progress('Running. Everything is in memory and gone when it ends. Ctrl-C ends it.');
      await untilStopped();
      await network.stop();
    },
  );

  addHomeOptions(
    program
      .command('deploy')
      .description('publish the mailbox contract, paid from the owner account of a home'),
  )
    .option('--dir <dir>', 'the Move package', mailboxSources)
    .option('--upgradeable', 'keep the right to upgrade: whoever holds it could empty every mailbox')
    .action(async (options: HomeOptions & { readonly dir: string; readonly upgradeable?: boolean }) => {
      const output = outputOf(options);
      if (options.upgradeable === true) {
        output.progress(
          'Warning: an upgradeable mailbox package is one that its publisher can replace under everyone.',
        );
      }
      const [{ deployMailbox }, { buildMovePackage }] = await Promise.all([
        import('@wotid/agent'),
        import('@wotid/move-build'),
      ]);
      const compiled = await buildMovePackage(resolve(options.dir));
      const home = await openHome(options);
      try {
        output.result({
          ...(await deployMailbox({ home, compiled, upgradeable: options.upgradeable === true })),
        });
      } finally {
        home.close();
      }
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
