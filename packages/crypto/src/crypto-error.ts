import { WotError } from '@wotid/core';

/**
 * Codes of {@link CryptoError}.
 *
 * - `BAD_PUBLIC_KEY`, `BAD_CIPHERTEXT`, `BAD_SEED`: bytes that are not what they claim to be.
 * - `HANDLE_DISPOSED`, `FOREIGN_HANDLE`: a key was used after it was dropped, or with another provider.
 * - `NO_SIGNING_KEY`: a signature was asked for that takes a key which the identity does not have.
 * - `BAD_IDENTITY`: an identity block decodes, but one of its fields is not acceptable.
 * - `EMPTY_PASSPHRASE`, `BAD_KDF`: parameters that must not be used for sealing.
 * - `WRONG_PASSPHRASE`: the sealed bytes are intact and the passphrase is another one.
 * - `CORRUPT`: sealed bytes were damaged, moved, or sealed under another key.
 * - `PROVIDERS_DISAGREE`: two implementations gave different answers (`CheckedProvider`): a bug in one of them.
 */
export type CryptoErrorCode =
  | 'BAD_PUBLIC_KEY'
  | 'BAD_CIPHERTEXT'
  | 'BAD_SEED'
  | 'HANDLE_DISPOSED'
  | 'FOREIGN_HANDLE'
  | 'NO_SIGNING_KEY'
  | 'BAD_IDENTITY'
  | 'EMPTY_PASSPHRASE'
  | 'BAD_KDF'
  | 'WRONG_PASSPHRASE'
  | 'CORRUPT'
  | 'PROVIDERS_DISAGREE';

/** A failure of this package. Messages and data name sizes and algorithms, never key bytes. */
export class CryptoError extends WotError<CryptoErrorCode> {}
