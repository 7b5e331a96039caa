/**
 * The folder of an identity service: sealed keys, an embedded database unless another is named, the first operator's
 * token, and, while it runs, its URL for the commands of operators on the same machine.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DidResolver } from '@wotid/credential';
import type { Database, DirectoryServiceInit, IssuerServiceInit } from '@wotid/identity';
import type { Output } from './output.ts';
import { hasPassphraseSource, readPassphrase } from './passphrase.ts';

/** A service's folder. */
export interface ServiceHome {
  readonly keyFile: string;
  readonly databaseFolder: string;
  /** Bearer token of the operator who was made first. */
  readonly tokenFile: string;
  /** URL of the service that runs here, if one does. */
  url(): string | undefined;
  noteUrl(url: string): void;
  forgetUrl(): void;
}

/** Opens the folder, which is made when it is missing. */
export function openServiceHome(dir: string): ServiceHome {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const urlFile = join(dir, 'url');
  return {
    keyFile: join(dir, 'keys.sealed'),
    databaseFolder: join(dir, 'database'),
    tokenFile: join(dir, 'operator.token'),
    url: () => {
      try {
        return readFileSync(urlFile, 'utf8').trim();
      } catch {
        return undefined;
      }
    },
    noteUrl: (url) => writeFileSync(urlFile, `${url}\n`, { mode: 0o600 }),
    forgetUrl: () => rmSync(urlFile, { force: true }),
  };
}

/**
 * The service's keys, made at its first start, together with its first operator. Where no passphrase can be had the
 * service runs without an issuer.
 */
export async function prepareIssuer(init: {
  readonly home: ServiceHome;
  readonly database: Database;
  readonly output: Output;
  readonly passphraseFile: string | undefined;
}): Promise<Pick<IssuerServiceInit, 'signer' | 'secret'> | undefined> {
  const { home, database, output, passphraseFile } = init;
  const { createKeyFile, createLocalOperator, hasKeyFile, hasNoOperator, openKeyFile } =
    await import('@wotid/identity');
  const exists = hasKeyFile(home.keyFile);
  if (!exists && !hasPassphraseSource(passphraseFile)) {
    output.progress(
      'No issuer: give --passphrase-file FILE once to make its keys. Resolution and description run without.',
    );
    return undefined;
  }
  const passphrase = await readPassphrase({ file: passphraseFile, confirm: !exists });
  const { NodeProvider } = await import('@wotid/crypto');
  const provider = new NodeProvider();
  const keys = exists
    ? await openKeyFile(provider, home.keyFile, passphrase)
    : await createKeyFile(provider, home.keyFile, passphrase);
  if (await hasNoOperator(database)) {
    const token = await createLocalOperator(database, 'first');
    writeFileSync(home.tokenFile, `${token}\n`, { mode: 0o600 });
  }
  return keys;
}

/**
 * What the service resolves: DIDs that are keys, and did:iota where a network is named. Not did:web: anybody could make
 * the service fetch what they like.
 */
export async function resolverOf(
  network: string | undefined,
  identityPackage: string | undefined,
): Promise<{ readonly resolver: DidResolver; readonly didMethods: readonly string[] }> {
  const { didJwkMethod, didKeyMethod, Resolver } = await import('@wotid/credential');
  const keyMethods = { ...didJwkMethod, ...didKeyMethod };
  const didMethods = ['did:jwk', 'did:key'];
  if (network === undefined) return { resolver: new Resolver(keyMethods), didMethods };
  const [{ createIotaClient, resolveNetwork }, { DidReader, didIotaMethod, didNetworkOf }] =
    await Promise.all([import('@wotid/mailbox'), import('@wotid/did-iota')]);
  const { rpcUrl } = resolveNetwork(network);
  const chainId = await createIotaClient(rpcUrl).getChainIdentifier();
  const reader = new DidReader({ rpcUrl, network: didNetworkOf(chainId, identityPackage ?? null) });
  return {
    resolver: new Resolver({ ...keyMethods, ...didIotaMethod(reader) }),
    didMethods: [...didMethods, 'did:iota'],
  };
}

/** The mailboxes that the directory reads prekeys from: those of one contract on one network. */
export async function directoryOf(network: string, packageId: string): Promise<DirectoryServiceInit> {
  const { createIotaClient, MailboxReader, resolveNetwork } = await import('@wotid/mailbox');
  const client = createIotaClient(resolveNetwork(network).rpcUrl);
  const chainId = await client.getChainIdentifier();
  const reader = new MailboxReader({ client, packageId });
  return { anchor: { chainId, readPrekeys: (mailboxId) => reader.readPrekeys(mailboxId) } };
}
