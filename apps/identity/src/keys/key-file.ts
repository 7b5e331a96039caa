/**
 * The service's keys at rest: one file, sealed with a passphrase. Sealed content, 97 bytes: version u8 = 1, Ed25519 seed
 * 32, ML-DSA-87 seed 32, service secret 32. Instances on one database have copies of the same file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { concatBytes, utf8, WotError } from '@wotid/core';
import { createLocalSigner, type CredentialSigner } from '@wotid/credential';
import { openWithPassphrase, sealWithPassphrase, wipe, type CryptoProvider } from '@wotid/crypto';
import { serviceSecretBytes } from './service-secret.ts';

const sealingPurpose = utf8('wot.id/v1/identity-service-keys');
const contentVersion = 1;
const seedBytes = 32;
const contentBytes: number = 1 + 2 * seedBytes + serviceSecretBytes;

/** Codes of {@link KeyFileError}. */
export type KeyFileErrorCode = 'NO_KEYS' | 'KEYS_EXIST' | 'BAD_KEYS';
/** The key file cannot be used; a wrong passphrase is a CryptoError. */
export class KeyFileError extends WotError<KeyFileErrorCode> {}

/** What the file holds, ready for use. */
export interface ServiceKeys {
  readonly signer: CredentialSigner;
  /** 32 bytes, the caller's to wipe. */
  readonly secret: Uint8Array;
}

/** True when there is a key file. */
export function hasKeyFile(file: string): boolean {
  return existsSync(file);
}

/**
 * Makes new keys and writes them.
 * @throws KeyFileError `KEYS_EXIST`: keys are never written over
 */
export async function createKeyFile(
  provider: CryptoProvider,
  file: string,
  passphrase: string,
): Promise<ServiceKeys> {
  if (existsSync(file)) throw new KeyFileError('KEYS_EXIST', `${file} holds keys already`);
  const content = concatBytes(Uint8Array.of(contentVersion), provider.random.bytes(contentBytes - 1));
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
  if (content.length !== contentBytes || content[0] !== contentVersion) {
    wipe(content);
    throw new KeyFileError('BAD_KEYS', `the keys in ${file} have a form that this version does not know`, {
      hint: 'update wot.id, or restore the file from a backup',
    });
  }
  return keysOf(provider, content);
}

/** Takes the content over and wipes it. */
function keysOf(provider: CryptoProvider, content: Uint8Array): ServiceKeys {
  const part = (index: number): Uint8Array =>
    content.subarray(1 + index * seedBytes, 1 + (index + 1) * seedBytes);
  const signer = createLocalSigner({
    provider,
    ed25519: provider.signFromSecret('ed25519', part(0)),
    mlDsa87: provider.signFromSecret('ml-dsa-87', part(1)),
  });
  const secret = Uint8Array.from(part(2));
  wipe(content);
  return { signer, secret };
}
