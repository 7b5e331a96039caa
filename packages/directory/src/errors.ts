import { WotError } from '@wotid/core';

/** Codes of {@link DirectoryError}. */
export type DirectoryErrorCode =
  /** A contact record does not decode, is not signed by its identity, or is out of its dates. */
  | 'BAD_CONTACT_RECORD'
  /** What the directory serves is older than what was seen before. */
  | 'ROLLED_BACK'
  /** The directory serves other prekeys than those that are anchored on chain, or two records of one number. */
  | 'EQUIVOCATION'
  /** The directory serves another credential than the one that its owner's record names. */
  | 'CREDENTIAL_SWAPPED'
  /** The directory does not answer, or not in time. */
  | 'DIRECTORY_UNREACHABLE'
  /** The directory's answer is not what its description says. */
  | 'BAD_ANSWER'
  /** The directory refused; `data.code` has its own code. */
  | 'DIRECTORY_REFUSED'
  /** The directory's URL cannot be used. */
  | 'BAD_DIRECTORY_URL';

export class DirectoryError extends WotError<DirectoryErrorCode> {}
