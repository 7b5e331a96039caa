/**
 * An issuer's folder: its keys, sealed with a passphrase, and a register of what it issued. The register names
 * credential ids, subjects and dates, nothing about the person.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WotError, utf8 } from '@wotid/core';
import { createIssuer, createLocalSigner, parseCredential, type Issuer } from '@wotid/credential';
import { IdentityKeys, NodeProvider, openWithPassphrase, sealWithPassphrase, wipe } from '@wotid/crypto';

const keysFile = 'issuer.sealed';
const registerFile = 'issued.jsonl';
const sealingPurpose = utf8('wot.id/v1/issuer-keys');

export interface IssuerHome {
  readonly issuer: Issuer;
  readonly dir: string;
}

/** @throws WotError `ISSUER_EXISTS` */
export async function createIssuerHome(dir: string, passphrase: string): Promise<IssuerHome> {
  const file = join(dir, keysFile);
  if (existsSync(file)) {
    throw new WotError('ISSUER_EXISTS', `${dir} holds an issuer already`, { hint: 'Choose another --home.' });
  }
  const provider = new NodeProvider();
  const keys = IdentityKeys.generate(provider);
  const seeds = keys.exportSecrets();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(file, await sealWithPassphrase(passphrase, seeds, sealingPurpose), {
    flag: 'wx',
    mode: 0o600,
  });
  wipe(seeds);
  return { dir, issuer: issuerOf(provider, keys) };
}

/** @throws WotError `NO_ISSUER`; CryptoError `WRONG_PASSPHRASE` and `CORRUPT` */
export async function openIssuerHome(dir: string, passphrase: string): Promise<IssuerHome> {
  const file = join(dir, keysFile);
  if (!existsSync(file)) {
    throw new WotError('NO_ISSUER', `${dir} holds no issuer`, { hint: 'Create one with wotid issue setup.' });
  }
  const provider = new NodeProvider();
  const seeds = await openWithPassphrase(passphrase, readFileSync(file), sealingPurpose);
  const keys = IdentityKeys.fromSecrets(provider, seeds);
  wipe(seeds);
  return { dir, issuer: issuerOf(provider, keys) };
}

function issuerOf(provider: NodeProvider, { ed25519, mlDsa87 }: IdentityKeys): Issuer {
  return createIssuer({ provider, signer: createLocalSigner({ provider, ed25519, mlDsa87 }) });
}

/** Writes down that a credential was issued. */
export function registerIssued(home: IssuerHome, credential: Uint8Array): void {
  const { claims } = parseCredential(credential);
  const entry = {
    credentialId: claims.credentialId,
    subject: claims.subject,
    issuedAtSec: claims.issuedAtSec,
    expiresAtSec: claims.expiresAtSec,
  };
  appendFileSync(join(home.dir, registerFile), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
}
