/** Times and sizes of issuing, each with its reason. */

/** An offer waits for its human to find the wallet: a week's errands. */
export const defaultOfferLifetimeMs: number = 7 * 86_400_000;
/** A year: after it a human is verified again. */
export const defaultCredentialLifetimeMs: number = 365 * 86_400_000;
/** The longest that a policy may ask for. */
export const maxCredentialLifetimeMs: number = 10 * 365 * 86_400_000;
/** The wallet asks for its credential right after it got the token; a person confirms something in between. */
export const accessTokenLifetimeMs = 600_000;
/** From nonce to proof it is one round trip and one signature. */
export const nonceLifetimeMs = 300_000;
/** Digits of a transaction code, typed by a person. */
export const txCodeDigits = 6;
/** Tries of a transaction code: a guesser has a chance of 5 in 1,000,000, then the offer is void. */
export const maxTxCodeAttempts = 5;
/** Wallets' clocks: the same 300 s as for credentials. */
export const proofClockSkewMs = 300_000;
/** What identifies a human: a name with a birthday, a document's number, an account. */
export const maxHumanChars = 500;
/** How to reach an applicant. */
export const maxContactChars = 500;
/** Applications that wait; more would never be read. */
export const maxPendingApplications = 10_000;
/** An application that nobody decides on is forgotten. */
export const applicationLifetimeMs: number = 30 * 86_400_000;
/** Applications of one client address at once, and how long until the next one. */
export const applicationBurst = 5;
export const applicationIntervalMs = 600_000;
/** How long a verifier may go without asking for the status list again: what a revocation waits for. */
export const defaultStatusTtlMs = 60_000;
/** A status list is believed for a day without its service; it is signed anew long before. */
export const statusListLifetimeMs = 86_400_000;
/** A list this full gets a successor: random indexes stay easy to find, and the crowd to hide in stays large. */
export const maxStatusListFill = 0.5;
/** Evidence of one credential. */
export const maxEvidence = 8;
/** Characters of a text in evidence, below the 1024 bytes that a credential takes. */
export const maxEvidenceChars = 250;
/** How long the record of an offer outlives its expiry, for questions. */
export const offerRetentionMs: number = 30 * 86_400_000;
