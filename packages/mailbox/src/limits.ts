/** Bounds of the client, each with its reason. Those of the contract are in `contract.ts`, those of gas in `gas.ts`. */

/** One RPC call: a slow node answers in seconds; a hung one must not hang an agent. Milliseconds. */
export const defaultCallTimeoutMs = 15_000;
/** A transaction until its effects are readable: public networks take a few seconds. Milliseconds. */
export const defaultEffectsTimeoutMs = 60_000;
/** Pause between two looks for a transaction's effects. Milliseconds. */
export const effectsPollMs = 200;
/** Rebuilding a transaction whose objects changed: two agents on one address lose at most so many races in a row. */
export const maxAttempts = 4;
/**
 * Tries when validators say that an input is locked by another transaction. The second pays with other coins, which
 * helps when it was a coin; when it was not, each further try would lock more coins until the epoch ends.
 */
export const maxLockedAttempts = 2;
/** Least pause before that second try, at random up to twice as long, so that two rivals part. Milliseconds. */
export const lockPauseMs = 100;
/** Looks for, and resubmissions of, a transaction whose submission was not answered. */
export const maxSettleAttempts = 4;
/** First pause between those, doubled each time. Milliseconds. */
export const defaultSettlePauseMs = 250;
/** Objects that a node returns at once (its QUERY_MAX_RESULT_LIMIT). */
export const pageSize = 50;
/** Pages of coins looked at to pay for a transaction: 1,000 coins. An address full of dust has to merge them first. */
export const maxCoinPages = 20;
/** Coins remembered as possibly locked; more than that many lost races and the memory starts afresh. */
export const maxSuspectCoins = 1_000;
/** Gas coins of one transaction, 73 bytes each. The protocol wants fewer than 256; this many fit beside a full payload. */
export const maxGasCoins = 128;
/**
 * Pages of a mailbox's objects listed in one go: 50,000 objects. Filling it costs a flooder at least 67 IOTA of deposits
 * (177 bytes for an empty message), which come to the owner with the claim.
 */
export const maxListPages = 1_000;
/** Pages of a mailbox's objects of any type looked at for what is no message: nothing depends on these. */
export const maxOtherPages = 20;
/**
 * Messages claimed by one transaction. The protocol allows 1,024 commands, 2,048 inputs, 2,048 deleted ids and 1,000
 * child objects; at 50 one page of a listing is one transaction, and one bad object spoils little.
 */
export const maxClaimsPerTransaction = 50;
/**
 * Bytes of messages, each with its overhead, in one sending transaction. A transaction has at most 131,072 bytes; the
 * rest is for gas coins and signatures.
 */
export const maxPayloadPerTransaction = 116_000;
/** Messages sent by one transaction: well below the 1,024 commands, also when each needs several arguments. */
export const maxMessagesPerTransaction = 100;
