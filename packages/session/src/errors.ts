/** Errors of the session layer. Bad bytes of a peer, bad calls of an application and exhausted limits, never a secret. */
import { WotError } from '@wotid/core';

/**
 * Codes of {@link SessionError}.
 *
 * | code | who is at fault | meaning |
 * |---|---|---|
 * | `DECRYPT_FAILED` | peer or network | an envelope is not the next, or a still expected, message of this session |
 * | `INIT_REJECTED` | peer or network | an initial message does not open, or its sender is not who it says |
 * | `INIT_REPLAYED` | network | an initial message that was accepted before |
 * | `PREKEY_UNKNOWN` | peer or time | an initial message for prekeys that we do not have (any more) |
 * | `CLOCK_SKEW` | peer | an initial message from the future |
 * | `UNSUPPORTED` | peer | a level, suite or version that we do not speak or accept |
 * | `LEVEL_REFUSED` | peer or caller | a security level below the minimum, or below the one reached with this peer before |
 * | `BAD_POLICY` | caller | a security policy that contradicts itself |
 * | `SELF_SESSION` | caller or peer | both ends are the same identity |
 * | `PREKEYS_INVALID` | peer | a prekey publication does not verify |
 * | `PREKEYS_EXPIRED` | peer | a prekey publication is not yet or no longer valid |
 * | `PREKEYS_OUTDATED` | network | an older prekey publication than one seen before |
 * | `PREKEYS_MISMATCH` | network | a prekey publication of another DID, identity, chain or mailbox |
 * | `PAIR_INVALID` | directory | a one-time pair that the publication has not signed |
 * | `SESSION_EXHAUSTED` | nobody | 65,535 messages were sent in one chain, or 65,535 epochs made: a new handshake is needed |
 * | `PQ_CONFLICT` | peer | an Offer or Answer that contradicts what the session has: a new handshake is needed |
 * | `REKEY_OVERDUE` | nobody | no rekey signed by both ends for too long: a new handshake is needed before more is sent online |
 * | `SESSION_NOT_READY` | caller | the responder has not opened the first message yet |
 * | `SESSION_RECEIVE_ONLY` | caller | the session was replaced by a newer one |
 * | `SESSION_UNKNOWN` | caller | no such session in the book |
 * | `BAD_MESSAGE` | caller | a message that cannot be encoded |
 * | `PAYLOAD_TOO_LARGE` | caller | a payload above the limit |
 * | `RECORD_INVALID` | storage | a stored record does not decode or breaks an invariant |
 */
export type SessionErrorCode =
  | 'DECRYPT_FAILED'
  | 'INIT_REJECTED'
  | 'INIT_REPLAYED'
  | 'PREKEY_UNKNOWN'
  | 'CLOCK_SKEW'
  | 'UNSUPPORTED'
  | 'LEVEL_REFUSED'
  | 'BAD_POLICY'
  | 'SELF_SESSION'
  | 'PREKEYS_INVALID'
  | 'PREKEYS_EXPIRED'
  | 'PREKEYS_OUTDATED'
  | 'PREKEYS_MISMATCH'
  | 'PAIR_INVALID'
  | 'SESSION_EXHAUSTED'
  | 'PQ_CONFLICT'
  | 'REKEY_OVERDUE'
  | 'SESSION_NOT_READY'
  | 'SESSION_RECEIVE_ONLY'
  | 'SESSION_UNKNOWN'
  | 'BAD_MESSAGE'
  | 'PAYLOAD_TOO_LARGE'
  | 'RECORD_INVALID';

/** Something in a session, a prekey publication or a message was refused; no state has changed. */
export class SessionError extends WotError<SessionErrorCode> {}

/**
 * The one error for every envelope that does not decrypt: forged, damaged, duplicate, too far ahead, evicted, expired,
 * for another session, or with a frame that does not decode. It says no more, so that nothing can be probed with it.
 */
export function decryptFailed(): SessionError {
  return new SessionError('DECRYPT_FAILED', 'the envelope does not decrypt in this session', {
    hint: 'it may be a duplicate, damaged, or ahead of messages that have not arrived: retry after the others',
  });
}

/** The one error for every initial message whose seal, signature, identity or first envelope is wrong. */
export function initRejected(): SessionError {
  return new SessionError(
    'INIT_REJECTED',
    'the initial message is damaged, forged or not for this identity',
    {
      hint: 'nothing was used up; drop it',
    },
  );
}
