import { join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { addHomeOptions, addOutputOptions, openHome, outputOf, type HomeOptions } from '../home-command.ts';
import { parsePort } from '../options.ts';
import { untilStopped } from '../stop-signal.ts';

interface LocalnetOptions {
  readonly port: number;
  readonly faucetPort: number;
  readonly json?: boolean;
  readonly dir?: string;
  readonly framework?: string;
  readonly seed?: string;
  /** Milliseconds since the Unix epoch. */
  readonly clock?: number;
  readonly lockConflicts?: boolean;
}

export function addNetworkCommands(program: Command): void {
  addOutputOptions(
    program
      .command('localnet')
      .description('run an IOTA network in this process, on loopback, until interrupted')
      .option('--port <n>', 'JSON-RPC port; 0 picks a free one', parsePort, 9000)
      .option('--faucet-port <n>', 'faucet port; 0 picks a free one', parsePort, 9123)
      .option('--dir <dir>', 'keep the network in this directory; default: in memory')
      .option(
        '--framework <path|url>',
        'run these framework packages: a folder of compiled ones, or the JSON-RPC URL of a network',
      )
      .option('--seed <text>', 'the same genesis for the same text; whoever knows it owns the faucet')
      .option('--clock <time>', 'make time stand still at this moment, ISO 8601', parseTime)
      .option(
        '--lock-conflicts',
        'lock owned objects that two transactions race for, as a real network does',
      ),
  ).action(async (options: LocalnetOptions) => {
    const { startLocalnet } = await import('@wotid/localnet');
    const { port, faucetPort, dir, framework, seed, clock, lockConflicts } = options;
    const network = await startLocalnet({
      port,
      faucetPort,
      ...(dir !== undefined && { directory: resolve(dir) }),
      ...(framework !== undefined && { framework }),
      ...(seed !== undefined && { seed }),
      ...(clock !== undefined && { startTimeMs: clock }),
      ...(lockConflicts !== undefined && { lockConflicts }),
    });
    const output = outputOf(options);
    const stopped = untilStopped();
    output.result({ rpc: network.rpcUrl, faucet: network.faucetUrl, chainId: network.chainId });
    const kept = dir === undefined ? 'in memory and gone when it ends' : `kept in ${resolve(dir)}`;
    output.progress(`Running. Everything is ${kept}. Ctrl-C ends it.`);
    await stopped;
    await network.stop();
  });

  addHomeOptions(
    program
      .command('deploy')
      .description('publish the mailbox contract, and identities where IOTA has none, paid by a home'),
  )
    .option('--dir <dir>', 'the Move package (default: the one this release brings)')
    .option('--upgradeable', 'keep the right to upgrade: whoever holds it could empty every mailbox')
    .action(async (options: HomeOptions & { readonly dir?: string; readonly upgradeable?: boolean }) => {
      const output = outputOf(options);
      if (options.upgradeable === true) {
        output.progress(
          'Warning: an upgradeable mailbox package is one that its publisher can replace under everyone.',
        );
      }
      const [agent, { buildMovePackage }, { contractDirectory }, { identityContractDirectory }] =
        await Promise.all([
          import('@wotid/agent'),
          import('@wotid/move-build'),
          import('@wotid/mailbox'),
          import('@wotid/did-iota'),
        ]);
      const dir = options.dir === undefined ? contractDirectory() : resolve(options.dir);
      const compiled = await buildMovePackage(dir);
      const home = await openHome(options);
      try {
        const deployed = await agent.deployMailbox({
          home,
          compiled,
          upgradeable: options.upgradeable === true,
        });
        const identityDir = identityContractDirectory();
        const identity = await agent.deployIdentity({ home, compiled: () => buildMovePackage(identityDir) });
        if (identity !== null) await recordDeployment(identityDir, identity);
        output.result({
          ...deployed,
          recorded: await recordDeployment(dir, deployed),
          identityPackageId: identity?.packageId ?? null,
          identityGas: identity?.gas ?? null,
        });
      } finally {
        home.close();
      }
    });
}

function parseTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!(time >= 0)) throw new InvalidArgumentError('A time is like 2026-01-01T00:00:00Z, from 1970 on.');
  return time;
}

/**
 * Notes in `Move.lock` where the package now is, as the IOTA CLI does, so that `wotid init` finds it. Networks given by
 * URL have no name to note it under.
 */
async function recordDeployment(
  dir: string,
  deployed: { readonly network: string; readonly chainId: string; readonly packageId: string },
): Promise<string | null> {
  const { network, chainId, packageId } = deployed;
  if (URL.canParse(network)) return null;
  const { writeDeployRecord } = await import('@wotid/mailbox');
  await writeDeployRecord(dir, network, {
    chainId,
    originalPackageId: packageId,
    latestPackageId: packageId,
    version: 1,
  });
  return join(dir, 'Move.lock');
}
