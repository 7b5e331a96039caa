/**
 * When a session renews its post-quantum keys, when both ends sign that, and when a session has gone on for too long
 * without. Pure: facts and a time in, a verdict out.
 *
 * | | online | mailbox |
 * |---|---|---|
 * | new epoch | 32 messages or 10 minutes | 64 messages or 7 days |
 * | signed by both | 1,000 messages or 24 hours | 1,000 messages or 14 days |
 * | overdue | 10,000 messages or 30 days since the handshake or the last signed rekey, by either way | |
 */
import { levelFacts } from './levels.ts';
import {
  MAX_EPOCH,
  OVERDUE_AGE_MS,
  OVERDUE_MESSAGES,
  REKEY_AGE_MS,
  REKEY_MESSAGES,
  SIGNED_REKEY_AGE_MS,
  SIGNED_REKEY_MESSAGES,
} from './limits.ts';
import { NEVER_ATTACHED } from './ratchet/pq-epochs.ts';
import { revealRatchet } from './ratchet/state.ts';
import type { Session, SessionFacts } from './session.ts';
import type { Route } from './wire/padding.ts';

/** What a session needs. */
export interface RekeyNeed {
  /** `epoch`: fresh post-quantum keys; `signed`: fresh ones under both signatures. */
  readonly due: 'nothing' | 'epoch' | 'signed';
  /**
   * For too long nobody has proven an identity in this session: a thief of its keys may be sitting between its ends.
   * Nothing is sent online in it any more, and its user should know; a new handshake takes over.
   */
  readonly isOverdue: boolean;
}

/**
 * What `session` needs at `nowMs`, for a message that goes by `route`. While a rekey is under way none other is due.
 * @param canSign false for who has no identity keys at hand: only unsigned epochs are due then
 */
export function rekeyNeed(session: SessionFacts, route: Route, nowMs: number, canSign = true): RekeyNeed {
  const sinceSigned = session.messageCount - session.authenticatedCount;
  const signedAgeMs = nowMs - session.authenticatedAtMs;
  const isOverdue = sinceSigned >= OVERDUE_MESSAGES || signedAgeMs >= OVERDUE_AGE_MS;
  const canRekey = levelFacts(session.level).isPostQuantum && session.rekeySequence < MAX_EPOCH;
  if (!canRekey || session.isRekeying) return { due: 'nothing', isOverdue };
  if (canSign && (sinceSigned >= SIGNED_REKEY_MESSAGES || signedAgeMs >= SIGNED_REKEY_AGE_MS[route])) {
    return { due: 'signed', isOverdue };
  }
  const isFirstReply = session.isLastResort && session.role === 'responder' && session.rekeySequence === 0;
  const isDue =
    isFirstReply ||
    session.messageCount - session.rekeyedCount >= REKEY_MESSAGES[route] ||
    nowMs - session.rekeyedAtMs >= REKEY_AGE_MS[route];
  return { due: isDue ? 'epoch' : 'nothing', isOverdue };
}

/** True when an Offer or Answer waits to go with the next message: who has just opened one should send soon. */
export function hasRekeyToSend({ ratchet }: Session): boolean {
  const { pq } = revealRatchet(ratchet);
  return pq !== null && pq.slot.kind !== 'idle' && pq.slot.sentSince === NEVER_ATTACHED;
}
