import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { addOutputOptions, outputOf } from '../home-command.ts';
import { createServiceLogger } from '../line-logger.ts';
import { parsePort } from '../options.ts';
import { untilStopped } from '../stop-signal.ts';
import { UsageError } from '../usage-error.ts';

interface ServeOptions {
  readonly home: string;
  readonly port: number;
  readonly host: string;
  readonly db?: string;
  readonly publicUrl?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustedProxy?: readonly string[];
  readonly json?: boolean;
}

export function addIdentityCommands(program: Command): void {
  addOutputOptions(
    program
      .command('identity')
      .description('run the identity service: issuer, status lists, DID resolution, directory')
      .addOption(
        new Option('--home <dir>', 'the service’s folder')
          .default(join(homedir(), '.wotid-identity'))
          .env('WOTID_IDENTITY_HOME'),
      )
      .option('--port <n>', 'port; 0 picks a free one', parsePort, 8443)
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .addOption(
        new Option(
          '--db <url>',
          'postgres://… for a server, memory:, or a folder (default: in the service’s folder)',
        ).env('WOTID_IDENTITY_DB'),
      )
      .option('--public-url <url>', 'the URL by which clients reach the service (default: where it listens)')
      .option('--tls-cert <file>', 'serve TLS with this certificate and its chain (PEM)')
      .option('--tls-key <file>', 'the certificate’s private key (PEM)')
      .option('--trusted-proxy <range...>', 'addresses of proxies whose X-Forwarded-For is believed'),
  ).action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { tlsCert, tlsKey, publicUrl, trustedProxy } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together');
  }
  const { createIdentityService, openDatabase } = await import('@wotid/identity');
  const output = outputOf(options);
  await using database = await openDatabase(options.db ?? join(resolve(options.home), 'database'));
  await using service = createIdentityService({
    database,
    host: options.host,
    port: options.port,
    logger: createServiceLogger(),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(trustedProxy !== undefined && { trustedProxies: trustedProxy }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && { tls: { certificateFile: tlsCert, keyFile: tlsKey } }),
  });
  const stopped = untilStopped();
  const url = await service.start();
  output.result({ url });
  output.progress(`Running; its description is at ${url}/docs. Ctrl-C ends it.`);
  await stopped;
}
