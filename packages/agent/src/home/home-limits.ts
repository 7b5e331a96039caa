/** Bounds of a home, each with its reason. */

/** A vault: header, a few seeds. More would not be a vault of ours. */
export const MAX_VAULT_BYTES: number = 64 * 1024;
/** One secret in the vault. */
export const MAX_SECRET_BYTES = 4_096;
/** Named secrets in the vault. */
export const MAX_SECRETS = 32;

/** One session record: below 200 KB in the worst case of 2048 skipped keys (Double Ratchet rev. 4, section 2.6). */
export const MAX_SESSION_RECORD_BYTES: number = 256 * 1024;
/** Sessions of all peers; the agent erases those unused for 90 days. */
export const MAX_STORED_SESSIONS = 10_000;
/** First messages that wait to be posted, one a person at the most; about 100 MiB when all are as large as can be. */
export const MAX_UNPOSTED_FIRST_MESSAGES = 1_024;

/** Content of one message, in or out; the wire allows less. */
export const MAX_CONTENT_BYTES: number = 256 * 1024;
/** Messages waiting to be delivered, over all peers; a person types far fewer. */
export const MAX_PENDING_MESSAGES = 10_000;
/** Messages waiting for one peer: what a ratchet chain can skip (crypto limit 1024) leaves half for loss. */
export const MAX_PENDING_PER_PEER = 512;
/** Messages kept in the inbox; above it the application must delete some. 64 KiB each would be 64 GiB. */
export const MAX_INBOX_MESSAGES = 1_000_000;

/** De-duplication entries of one peer: four times the largest jump of a ratchet chain. */
export const MAX_SEEN_PER_PEER = 4_096;
/** De-duplication entries of all peers; about 6 MiB. */
export const MAX_SEEN = 65_536;
/** A copy by the other route comes within minutes; a day covers a phone that was off. */
export const SEEN_TTL_MS: number = 24 * 60 * 60 * 1_000;

/** Mailbox objects remembered until they are gone from the chain. */
export const MAX_REMEMBERED_OBJECTS = 65_536;
/** Accepted first messages remembered until their prekeys are erased. Never evicted early: eviction allows a replay. */
export const MAX_REPLAY_ENTRIES = 65_536;

/** Contacts of one person. */
export const MAX_CONTACTS = 10_000;
/** One contact with card, identity block and credential. */
export const MAX_CONTACT_BYTES: number = 256 * 1024;
/** Issuers whose credentials are accepted; they are pinned by hand. */
export const MAX_TRUSTED_ISSUERS = 256;
/** One issuer document: two public keys and a few names; an ML-DSA-87 key alone has 3.5 KB in base64. */
export const MAX_ISSUER_BYTES: number = 64 * 1024;
/** Status lists whose last answer is kept: one an issuer is usual. */
export const MAX_STATUS_LISTS = 64;
/** One answer; a list of 131,072 entries that do not compress has 36 KB. Larger ones are asked for again. */
export const MAX_STATUS_LIST_BYTES: number = 256 * 1024;
/** One setting; the largest is the own credential. */
export const MAX_SETTING_BYTES: number = 64 * 1024;
/** Settings of a home. */
export const MAX_SETTINGS = 256;
