import { WotError } from '@wotid/core';

/** Codes of {@link HomeError}. Whenever one of them is thrown, nothing on disk was lost or overwritten. */
export type HomeErrorCode =
  /** The directory has no vault. */
  | 'NOT_A_HOME'
  /** A new home cannot be made here: the directory holds something already. */
  | 'HOME_EXISTS'
  /** Another process, or this one, has the home open. */
  | 'HOME_LOCKED'
  | 'WRONG_PASSPHRASE'
  /** A file of the home is damaged, truncated, missing or of another home. */
  | 'HOME_CORRUPT'
  /** The home was written by a later version of wot.id. */
  | 'HOME_TOO_NEW'
  /** The database is older than what this home has already committed: using its sessions would reuse keys. */
  | 'ROLLED_BACK'
  /** The disk is full, read-only or failing, or the files belong to somebody else. */
  | 'HOME_IO'
  /** The home was closed. */
  | 'HOME_CLOSED'
  /** A bound of the home is reached; `data.limit` names it. */
  | 'LIMIT_REACHED'
  /** A session record is not newer than the stored one. */
  | 'STALE_RECORD'
  /** A value that no home can hold: too long, out of range, or of the wrong form. */
  | 'BAD_VALUE';

/** A failure of the home directory. */
export class HomeError extends WotError<HomeErrorCode> {}

/** The error for damage; `what` names the file or the row. */
export function corrupt(what: string, cause?: unknown): HomeError {
  return new HomeError('HOME_CORRUPT', `${what} is damaged`, {
    hint: 'restore the home from a backup; its files were left as they are',
    data: { what },
    cause,
  });
}

/** The error for a value that does not fit. */
export function badValue(what: string, why: string): HomeError {
  return new HomeError('BAD_VALUE', `${what} ${why}`, { data: { what } });
}

/** @throws HomeError `BAD_VALUE` when `bytes` is longer than `maxBytes` */
export function assertMaxBytes(what: string, bytes: { readonly length: number }, maxBytes: number): void {
  if (bytes.length > maxBytes) throw badValue(what, `has ${bytes.length} bytes, the limit is ${maxBytes}`);
}
