/** Times and sizes of the directory that both of its sides keep to, each with its reason. */
import { MAX_ONE_TIME_PAIR_BYTES, ONE_TIME_PAIRS_PER_REQUESTER_PER_DAY } from '@wotid/session';

/** Listening addresses of one agent: TCP and WebSocket, on a few interfaces. */
export const maxAddresses = 8;
/** Block with a Falcon key 4.7 KB, eight addresses 2 KB, signature 4692 bytes. */
export const maxContactRecordBytes = 12_288;
/** Somebody whose agent has not run for so long is not where the record says. */
export const maxContactRecordLifetimeMs: number = 90 * 86_400_000;
/** A signed statement is good for this long before and after our clock: people's clocks, as in the gate. */
export const statementSkewMs = 300_000;
/** A token serves one round of publishing and looking up. */
export const tokenLifetimeMs = 600_000;
/** Pairs of one upload: 16 of 1,863 bytes as base64 stay below the service's 64 KiB for a body. */
export const maxUploadedPairs = 16;
/** A pair as text (base64url). */
export const maxPairChars: number = Math.ceil((MAX_ONE_TIME_PAIR_BYTES * 4) / 3);
/** One holder of a credential, for one recipient in 24 hours: one pair for each session that may start. */
export const maxClaimsPerTarget: number = ONE_TIME_PAIRS_PER_REQUESTER_PER_DAY;
/** One holder of a credential, for all recipients in 24 hours: nobody meets more new people a day. */
export const maxClaimsPerRequester = 100;
/** Credentials of other people that one holder of a credential may read in 24 hours; the same person's again is free. */
export const maxCredentialsPerRequester = 100;
/** The longest honest answer: a contact record, a publication or a credential as text, and a pair. */
export const maxAnswerBytes = 65_536;
/** One call of the directory; whoever waits for a person to answer gives up earlier. */
export const callTimeoutMs = 10_000;
