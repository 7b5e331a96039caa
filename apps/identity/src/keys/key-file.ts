/**
 * The service's keys at rest: one file, sealed with a passphrase. Instances on one database have copies of the same file.
 * Sealed content by its first byte:
 *
 * | version u8 | bytes | what follows |
 * |---|---|---|
 * | 1 | 97 | Ed25519 seed 32, ML-DSA-87 seed 32, service secret 32: an issuer whose did:jwk is its key |
 * | 2 | 33 | service secret 32: the issuer's keys are in the database, sealed with a key of the secret |
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { concatBytes, utf8, WotError } from '@wotid/core';
import { createLocalSigner, type CredentialSigner } from '@wotid/credential';
import { openWithPassphrase, sealWithPassphrase, wipe, type CryptoProvider } from '@wotid/crypto';
import { serviceSecretBytes } from './service-secret.ts';

const sealingPurpose = utf8('wot.id/v1/identity-service-keys');
const seedBytes = 32;
/** Bytes after the version. */
const bodyBytes: Readonly<Record<number, number>> = {
  1: 2 * seedBytes + serviceSecretBytes,
  2: serviceSecretBytes,
};

/** Codes of {@link KeyFileError}. */
export type KeyFileErrorCode =
  | 'NO_KEYS'
  | 'KEYS_EXIST'
  | 'BAD_KEYS'
  /** The database's credentials are of another issuer than the one that is to be opened. */
  | 'ISSUER_CHANGED';
/** The service's keys cannot be used; a wrong passphrase is a CryptoError. */
export class KeyFileError extends WotError<KeyFileErrorCode> {}

/** What the file holds, ready for use. */
export interface ServiceKeys {
  /** `null` when the issuer's keys are in the database. */
  readonly signer: CredentialSigner | null;
  /** 32 bytes, the caller's to wipe. */
  readonly secret: Uint8Array;
}

/** True when there is a key file. */
export function hasKeyFile(file: string): boolean {
  return existsSync(file);
}

/**
 * Makes new keys and writes them.
 * @param issuerKeys whether the issuer's keys are in the file too, or in the database
 * @throws KeyFileError `KEYS_EXIST`: keys are never written over
 */
export async function createKeyFile(
  provider: CryptoProvider,
  file: string,
  passphrase: string,
  issuerKeys: 'file' | 'database' = 'file',
): Promise<ServiceKeys> {
  if (existsSync(file)) throw new KeyFileError('KEYS_EXIST', `${file} holds keys already`);
  const version = issuerKeys === 'file' ? 1 : 2;
  const body = provider.random.bytes(bodyBytes[version] as number);
  const content = concatBytes(Uint8Array.of(version), body);
  wipe(body);
  const sealed = await sealWithPassphrase(passphrase, content, sealingPurpose, { provider });
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, sealed, { flag: 'wx', mode: 0o600, flush: true });
  return keysOf(provider, content);
}

/** @throws KeyFileError `NO_KEYS`, `BAD_KEYS`; CryptoError `WRONG_PASSPHRASE`, `CORRUPT` */
export async function openKeyFile(
  provider: CryptoProvider,
  file: string,
  passphrase: string,
): Promise<ServiceKeys> {
  if (!existsSync(file)) throw new KeyFileError('NO_KEYS', `there are no keys in ${file}`);
  const content = await openWithPassphrase(passphrase, readFileSync(file), sealingPurpose, { provider });
  if (content.length - 1 !== bodyBytes[content[0] ?? 0]) {
    wipe(content);
    throw new KeyFileError('BAD_KEYS', `the keys in ${file} have a form that this version does not know`, {
      hint: 'update wot.id, or restore the file from a backup',
    });
  }
  return keysOf(provider, content);
}

/** Takes the content over and wipes it. */
function keysOf(provider: CryptoProvider, content: Uint8Array): ServiceKeys {
  const seed = (index: number): Uint8Array =>
    content.subarray(1 + index * seedBytes, 1 + (index + 1) * seedBytes);
  const signer =
    content[0] === 1
      ? createLocalSigner({
          provider,
          ed25519: provider.signFromSecret('ed25519', seed(0)),
          mlDsa87: provider.signFromSecret('ml-dsa-87', seed(1)),
        })
      : null;
  const secret = Uint8Array.from(content.subarray(-serviceSecretBytes));
  wipe(content);
  return { signer, secret };
}
