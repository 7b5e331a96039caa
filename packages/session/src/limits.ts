/** Sizes, counts and times of the session layer. Whatever a stranger can influence is bounded by one of these. */

const SECOND_MS = 1_000;
const DAY_MS = 86_400 * SECOND_MS;

/** Public X25519 key, shared secret, chain key, message key, header key, root key. */
export const KEY_BYTES = 32;
/** ML-KEM-1024 encapsulation key and, by coincidence of FIPS 203, ciphertext. */
export const KEM_BYTES = 1_568;
/** ML-KEM-1024 decapsulation key as its seed d + z. */
export const KEM_SEED_BYTES = 64;
/** Tag of every AEAD used here. */
export const TAG_BYTES = 16;
/** H512 of the associated data. */
export const SESSION_AD_BYTES = 64;
/** Session id: names a session in logs and signatures without saying whose it is. */
export const SESSION_ID_BYTES = 16;

/** Plaintext ratchet header: dh 32, pn 2, n 2, epoch 2, pi 2, i 2. */
export const HEADER_BYTES = 42;
/** The header under its AEAD. */
export const SEALED_HEADER_BYTES: number = HEADER_BYTES + TAG_BYTES;
/** kind 1, sealed header 58, tag 16: what the ratchet adds to a padded frame. */
export const ENVELOPE_OVERHEAD_BYTES: number = 1 + SEALED_HEADER_BYTES + TAG_BYTES;

/**
 * Payload of one application message. 64 KiB holds long texts and credentials; a padded and signed message of this size
 * with a signed rekey beside it is below 77 KiB and, even with a first message's seal, below the 128 KiB of an IOTA transaction. Files go in chunks.
 */
export const MAX_PAYLOAD_BYTES = 65_536;
/**
 * The sealed part of an initial message, 128 padding units of 256 bytes and a tag: signature (4.7 KB), identity block
 * (2.9 KB) and a credential with two signatures (about 8 KB), with room for one three times that size.
 */
export const MAX_INIT_SEALED_BYTES: number = 128 * 256 + 16;
/** Credential bytes inside an initial message or a credential message. */
export const MAX_CREDENTIAL_BYTES = 24_576;
/** Credential types that a request or an offer names. */
export const MAX_CREDENTIAL_TYPES = 8;
/** Issuers that a request names. */
export const MAX_CREDENTIAL_ISSUERS = 16;
/** Messages of both directions after which a checkpoint is due: 18 bytes of signature a message. */
export const CHECKPOINT_MESSAGES = 256;
/** Messages of one direction that a checkpoint covers at the most: as many as may be under way at once. */
export const MAX_CHECKPOINT_MESSAGES = 1_024;
/** Plaintext of one ratchet message: largest frame with a signature and a signed control item, padded. */
export const MAX_PLAINTEXT_BYTES = 77_824;
/** One ratchet envelope (kind 01). */
export const MAX_RATCHET_ENVELOPE_BYTES: number = MAX_PLAINTEXT_BYTES + ENVELOPE_OVERHEAD_BYTES;
/** One envelope of any kind. Transports and mailboxes may refuse longer ones unread. */
export const MAX_ENVELOPE_BYTES: number = 1_617 + MAX_INIT_SEALED_BYTES + MAX_RATCHET_ENVELOPE_BYTES;

/**
 * Messages one message may be ahead of the last one received, in its EC chain, in the chain before it and in the PQ
 * chain. Every skipped one costs two HMACs (5 us natively); senders keep at most 512 messages on chain unclaimed.
 */
export const MAX_JUMP = 1_024;
/** Stored keys of skipped messages, separately for EC and PQ chains: 43 KB and 47 KB in a record. Oldest go first. */
export const MAX_SKIPPED_KEYS = 1_024;
/** Header keys of older receiving chains that still have skipped messages; each costs one trial (4 us) a message. */
export const MAX_OLD_HEADER_KEYS = 5;
/** A message that comes later than this after its successors is lost: its key would be a liability. */
export const SKIPPED_KEY_TTL_MS: number = 30 * DAY_MS;
/** Indexes n, pn, pi and i are u16; the last value is never used, so that none can wrap. */
export const MAX_CHAIN_INDEX = 65_534;
/** Epochs are u16 in the header; at one every 32 messages a session has two million of them. */
export const MAX_EPOCH = 65_535;

/** A new post-quantum epoch is due after this many messages of both ends: one costs 3.2 KB and 150 us at the two. */
export const REKEY_MESSAGES: Readonly<Record<'online' | 'mailbox', number>> = { online: 32, mailbox: 64 };
/** A new post-quantum epoch is due this long after the last one. In the mailbox its bytes have a deposit. */
export const REKEY_AGE_MS: Readonly<Record<'online' | 'mailbox', number>> = {
  online: 600 * SECOND_MS,
  mailbox: 7 * DAY_MS,
};
/** A rekey that both ends sign is due after this many messages since the last one or the handshake. */
export const SIGNED_REKEY_MESSAGES = 1_000;
/** A rekey that both ends sign is due this long after the last one or the handshake: 12.6 KB for the two. */
export const SIGNED_REKEY_AGE_MS: Readonly<Record<'online' | 'mailbox', number>> = {
  online: DAY_MS,
  mailbox: 14 * DAY_MS,
};
/** Without a signed rekey for this many messages a session is given up: an active thief gains no more than these. */
export const OVERDUE_MESSAGES = 10_000;
/** Without a signed rekey for this long a session is given up. */
export const OVERDUE_AGE_MS: number = 30 * DAY_MS;
/** An Offer or Answer under way goes again with one of this many own messages: what carried it may be lost. */
export const REATTACH_AFTER: Readonly<Record<'online' | 'mailbox', number>> = { online: 16, mailbox: 64 };
/** An Offer or Answer that was sent longer ago says nothing: as long as a message may wait. */
export const MAX_REKEY_AGE_MS: number = 30 * DAY_MS;

/** A new prekey publication is due this long after the last one. */
export const PREKEY_ROTATION_MS: number = 7 * DAY_MS;
/** Initiators refuse a publication this long after its start. */
export const PREKEY_LIFETIME_MS: number = 14 * DAY_MS;
/** Private keys are kept this long after `notAfter`: the longest time a message may wait in a mailbox. */
export const PREKEY_GRACE_MS: number = 30 * DAY_MS;
/** Generations of prekeys that are alive at once: 44 days at one a week, and forced rotations; then the oldest goes. */
export const MAX_PREKEY_GENERATIONS = 16;
/** One-time pairs of one publication; a peer may publish up to {@link MAX_ONE_TIME_PAIRS}. */
export const ONE_TIME_PAIRS = 64;
/** Keeps the path of a pair at 8 hashes, and the pair below 2 KiB. */
export const MAX_ONE_TIME_PAIRS = 256;
/** A pair as it is handed out: index 2, entry 1604, path of at most 8 hashes. */
export const MAX_ONE_TIME_PAIR_BYTES: number = 2 + 4 + KEY_BYTES + KEM_BYTES + 1 + 8 * 32;
/** With fewer pairs left in the hands of the directory, a new publication is due. */
export const ONE_TIME_REFILL_BELOW = 16;
/** A publication costs a transaction: those who drain pairs cannot force more than four a day. */
export const ONE_TIME_REFILL_INTERVAL_MS: number = DAY_MS / 4;
/** Pairs that a directory gives one requester for one recipient in 24 hours: one for each session that may start. */
export const ONE_TIME_PAIRS_PER_REQUESTER_PER_DAY = 4;
/** The published form must fit one argument of a transaction. */
export const MAX_PUBLISHED_PREKEYS_BYTES = 16_384;

/** The last time that a JavaScript date can hold: a peer that names a later one must not stop who shows it. */
export const MAX_TIME_MS = 8_640_000_000_000_000;
/** A peer's clock may be ahead of ours by this much. */
export const MAX_CLOCK_SKEW_MS: number = 300 * SECOND_MS;
/** Two offline initiations whose signed times differ by more are not simultaneous: the later one wins. */
export const GLARE_WINDOW_MS: number = 2 * MAX_CLOCK_SKEW_MS;
/** A replaced session still receives for this long; longer would let a thief of old state go on using it. */
export const RECEIVE_ONLY_MS: number = 7 * DAY_MS;
/** An unused session leaves memory (its record stays) after this long. */
export const SESSION_IDLE_MS: number = 30 * 60 * SECOND_MS;
/** An unused session is erased after this long. */
export const SESSION_UNUSED_MS: number = 90 * DAY_MS;
/** Sessions of one book. Replacing needs a verified handshake, so only real acquaintances fill it. */
export const MAX_SESSIONS = 10_000;
/** Sessions with one peer, the active one included; the oldest replaced one goes first. */
export const MAX_SESSIONS_PER_PEER = 5;
