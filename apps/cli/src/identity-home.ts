/**
 * The folder of an identity service: sealed keys, an embedded database unless another is named, the first operator's
 * token, and, while it runs, its URL for the commands of operators on the same machine.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@wotid/core';
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
 * service runs without an issuer. An issuer with a did:web has its keys in the database, where they can be rotated; that
 * of a did:jwk is its key, in the key file.
 * @throws KeyFileError `ISSUER_CHANGED` when the keys or the database are those of an issuer with another DID;
 *   CredentialError `BAD_DID` for an origin that gives no did:web
 */
export async function prepareIssuer(init: {
  readonly home: ServiceHome;
  readonly database: Database;
  readonly output: Output;
  readonly passphraseFile: string | undefined;
  /** Origin of the issuer's did:web; `null` for a did:jwk. */
  readonly webOrigin: string | null;
}): Promise<Pick<IssuerServiceInit, 'signer' | 'secret' | 'keyring'> | undefined> {
  const { home, database, output, passphraseFile, webOrigin } = init;
  const identity = await import('@wotid/identity');
  const { createKeyFile, createLocalOperator, hasKeyFile, hasNoOperator, openKeyFile } = identity;
  const did = webOrigin === null ? null : (await import('@wotid/credential')).didWebOf(webOrigin);
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
    : await createKeyFile(provider, home.keyFile, passphrase, did === null ? 'file' : 'database');
  if (await hasNoOperator(database)) {
    const token = await createLocalOperator(database, 'first');
    writeFileSync(home.tokenFile, `${token}\n`, { mode: 0o600 });
  }
  const { secret } = keys;
  if (did !== null) {
    const clock = systemClock;
    const keyring = await identity.IssuerKeyring.open({ provider, database, secret, did, clock });
    return { signer: keyring, keyring, secret };
  }
  if (keys.signer === null || (await identity.hasIssuerKeys(database))) {
    throw new identity.KeyFileError('ISSUER_CHANGED', 'the issuer here has a did:web', {
      hint: 'start the service with --issuer-did web and its --public-url, or with a new folder and database',
    });
  }
  return { signer: keys.signer, secret };
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
