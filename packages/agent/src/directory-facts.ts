/** What an agent tells of its place in a directory. Plain data, no secrets. */
import { isWotError, type WotError } from '@wotid/core';
import type { ContactRecord } from '@wotid/directory';
import type { Home } from './home/home.ts';
import { settingNames } from './network-profile.ts';

/** Our contact record as a directory has it. */
export interface RecordFacts {
  readonly seq: bigint;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly addresses: readonly string[];
  readonly mailboxId: string | null;
  /** True when our credential lies beside it, for verified humans to read. */
  readonly hasCredential: boolean;
}

/** A publication that failed. */
export interface PublishFailure {
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Which directory is set, and what it has of us. */
export interface DirectoryFacts {
  /** `null` while none is set. */
  readonly url: string | null;
  /** `not set`; `published`; `behind` when it has less or other than we would say now; or why it could not be asked. */
  readonly state: string;
  /** `null` when it has none, or could not be asked. */
  readonly record: RecordFacts | null;
  /** Number of the prekey publication that it serves; `null` when it has none, or could not be asked. */
  readonly prekeysNumber: number | null;
  /** One-time pairs that nobody has got yet; `null` when it is not known. */
  readonly pairsLeft: number | null;
  /** Whether our credential is to lie beside our record. */
  readonly leavesCredential: boolean;
  /** When everything was last published. */
  readonly publishedAt: string | null;
  /** Why the latest try failed; `null` when it did not. The next maintenance tries again. */
  readonly lastError: PublishFailure | null;
}

/** How our latest publications went. */
export type PublishOutcome = Pick<DirectoryFacts, 'publishedAt' | 'lastError'>;

export function recordFacts(record: ContactRecord): RecordFacts {
  return {
    seq: record.seq,
    issuedAt: new Date(record.issuedAtMs).toISOString(),
    expiresAt: new Date(record.expiresAtMs).toISOString(),
    addresses: record.addresses,
    mailboxId: record.mailbox?.mailboxId ?? null,
    hasCredential: record.credentialHash !== null,
  };
}

/** As it was noted, also by an earlier process. */
export function loadOutcome(home: Home): PublishOutcome {
  const noted = home.settings.get(settingNames.directoryOutcome);
  return noted === undefined ? { publishedAt: null, lastError: null } : (JSON.parse(noted) as PublishOutcome);
}

/** Notes how a publication went. @param error `null` when it succeeded */
export function noteOutcome(home: Home, nowMs: number, error: unknown): void {
  const at = new Date(nowMs).toISOString();
  const outcome: PublishOutcome =
    error === null
      ? { publishedAt: at, lastError: null }
      : { publishedAt: loadOutcome(home).publishedAt, lastError: failureOf(error, at) };
  home.settings.set({ [settingNames.directoryOutcome]: JSON.stringify(outcome) });
}

function failureOf(error: unknown, at: string): PublishFailure {
  // What is no error of ours is a defect, and in the log.
  const { code, message, hint }: Pick<WotError, 'code' | 'message' | 'hint'> = isWotError(error)
    ? error
    : { code: 'UNEXPECTED', message: 'it failed for a reason of its own', hint: '' };
  return { at, code, message: message.slice(0, 500), hint };
}
