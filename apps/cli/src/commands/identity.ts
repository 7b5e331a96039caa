import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { IdentityService } from '@wotid/identity';
import { Option, type Command } from 'commander';
import { addOutputOptions, outputOf } from '../home-command.ts';
import { createServiceLogger } from '../line-logger.ts';
import { parsePort } from '../options.ts';
import { untilStopped } from '../stop-signal.ts';
import { UsageError } from '../usage-error.ts';
import { addOperatorCommands } from './identity-operator.ts';

interface ServeOptions {
  readonly home: string;
  readonly passphraseFile?: string;
  readonly port: number;
  readonly host: string;
  readonly db?: string;
  readonly publicUrl?: string;
  readonly issuerDid: 'jwk' | 'web';
  readonly network?: string;
  readonly identityPackage?: string;
  readonly mailboxPackage?: string;
  readonly statusTtl: number;
  readonly drain?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustedProxy?: readonly string[];
  readonly json?: boolean;
}

export function addIdentityCommands(program: Command): void {
  const identity = program
    .command('identity')
    .description('run the identity service: issuer, status lists, DID resolution, directory')
    // What starts the service is of no use to the commands below it.
    .configureHelp({ showGlobalOptions: false })
    .hook('preAction', (_identity, acting) => handOn(acting));
  addServiceHomeOption(addOutputOptions(identity))
    .option(
      '--passphrase-file <file>',
      'read the passphrase of the service’s keys from this file (or WOTID_PASSPHRASE_FILE names it)',
    )
    .option('--port <n>', 'port; 0 picks a free one', parsePort, 8443)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option(
        '--db <url>',
        'postgres://… for a server (its password better in ~/.pgpass), memory:, or a folder',
      ).env('WOTID_IDENTITY_DB'),
    )
    .option('--public-url <url>', 'the URL by which clients reach the service (default: where it listens)')
    .addOption(
      new Option(
        '--issuer-did <method>',
        'web: the did:web of --public-url, whose keys can be rotated; jwk: a key that stays',
      )
        .choices(['jwk', 'web'])
        .default('jwk'),
    )
    .option('--network <name|url>', 'resolve did:iota on this network')
    .option('--identity-package <id>', 'the identity package there, where it is not IOTA’s own')
    .option('--mailbox-package <id>', 'be a directory for mailboxes of this contract on --network')
    .option('--status-ttl <seconds>', 'how long others may rely on a status list', parseSeconds, 60)
    .option(
      '--drain <seconds>',
      'when told to stop, go on serving this long while /readyz says no',
      parseSeconds,
    )
    .option('--tls-cert <file>', 'serve TLS with this certificate and its chain (PEM)')
    .option('--tls-key <file>', 'the certificate’s private key (PEM)')
    .option('--trusted-proxy <range...>', 'addresses of proxies whose X-Forwarded-For is believed')
    .action(serve);
  addOperatorCommands(identity);
}

/** The folder of a service: its keys, its embedded database, the first operator's token. */
export function addServiceHomeOption(command: Command): Command {
  return command.addOption(
    new Option('--home <dir>', 'the service’s folder')
      .default(join(homedir(), '.wotid-identity'))
      .env('WOTID_IDENTITY_HOME'),
  );
}

/**
 * Options that stand before the subcommand's name count for it, unless it has them itself: `identity --home DIR keys`.
 * @throws UsageError for one that the subcommand does not know
 */
function handOn(acting: Command): void {
  for (let from = acting.parent; from?.parent; from = from.parent) {
    for (const option of from.options) {
      const name = option.attributeName();
      if (from.getOptionValueSource(name) !== 'cli') continue;
      if (!acting.options.some((own) => own.attributeName() === name)) {
        throw new UsageError(`${String(option.long)} is no option of ${acting.name()}`);
      }
      if (acting.getOptionValueSource(name) !== 'cli') {
        acting.setOptionValueWithSource(name, from.getOptionValue(name), 'cli');
      }
    }
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const { tlsCert, tlsKey, publicUrl, trustedProxy } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together');
  }
  if (options.issuerDid === 'web' && publicUrl === undefined) {
    throw new UsageError(
      '--issuer-did web needs --public-url, such as https://id.example: it becomes the DID',
    );
  }
  const { network, mailboxPackage } = options;
  if (mailboxPackage !== undefined && network === undefined) {
    throw new UsageError('--mailbox-package needs --network');
  }
  const [
    { createIdentityService, migrate, openDatabase },
    { directoryOf, openServiceHome, prepareIssuer, resolverOf },
  ] = await Promise.all([import('@wotid/identity'), import('../identity-home.ts')]);
  const output = outputOf(options);
  const home = openServiceHome(resolve(options.home));
  await using database = await openDatabase(options.db ?? home.databaseFolder);
  const logger = createServiceLogger();
  const migrations = await migrate(database);
  if (migrations.length > 0) logger.info('database.migrated', { migrations });
  const issuer = await prepareIssuer({
    home,
    database,
    output,
    passphraseFile: options.passphraseFile,
    webOrigin: options.issuerDid === 'web' ? (publicUrl ?? null) : null,
  });
  using _keyring = issuer?.keyring;
  await using service = createIdentityService({
    database,
    host: options.host,
    port: options.port,
    logger,
    ...(await resolverOf(network, options.identityPackage)),
    ...(issuer !== undefined && { issuer: { ...issuer, statusTtlMs: options.statusTtl * 1_000 } }),
    ...(network !== undefined &&
      mailboxPackage !== undefined && { directory: await directoryOf(network, mailboxPackage) }),
    ...(options.drain !== undefined && { drainMs: options.drain * 1_000 }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(trustedProxy !== undefined && { trustedProxies: trustedProxy }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && { tls: { certificateFile: tlsCert, keyFile: tlsKey } }),
  });
  const stopped = untilStopped();
  const url = await service.start();
  home.noteUrl(url);
  output.result({
    url,
    ...(service.publicUrl !== url && { publicUrl: service.publicUrl }),
    ...(issuer !== undefined && {
      issuer: issuer.signer.did,
      fingerprint: await fingerprintOf(service),
      operatorTokenFile: home.tokenFile,
    }),
  });
  if (
    tlsCert === undefined &&
    trustedProxy === undefined &&
    !/^(?:127\.|::1$|localhost$)/.test(options.host)
  ) {
    output.progress(
      'Warning: plain HTTP that others can reach. Give --tls-cert and --tls-key, or put a proxy in front.',
    );
  }
  if (issuer !== undefined && publicUrl === undefined) {
    output.progress(`Credentials will name ${url}: give --public-url before the first one that is to last.`);
  }
  output.progress(`Running; its description is at ${url}/docs. Ctrl-C ends it.`);
  await stopped;
  home.forgetUrl();
}

/** What the operator tells people, for them to compare: over exactly what the service serves to be pinned. */
async function fingerprintOf({ app }: IdentityService): Promise<string> {
  const { issuerFingerprint, parseTrustedIssuer } = await import('@wotid/credential');
  const { NodeProvider } = await import('@wotid/crypto');
  const response = await app.request('/.well-known/wotid-issuer');
  return issuerFingerprint(new NodeProvider(), parseTrustedIssuer(await response.text()));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,5}$/.test(text) || seconds < 1) throw new UsageError('give 1 to 99999 seconds');
  return seconds;
}
