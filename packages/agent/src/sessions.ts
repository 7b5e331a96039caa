/** Sessions for their user: what there is, renewing keys, signing what was written. */
import type { Clock } from '@wotid/core';
import { rekeyNeed } from '@wotid/session';
import type { Home } from './home/home.ts';
import type { MessageLog } from './message-log.ts';
import type { Rekeying } from './rekeying.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { loadSigningMode, saveSigningMode } from './signing-mode.ts';
import type {
  CheckpointReport,
  InboxMessage,
  RekeyReport,
  SentCheckpoints,
  SessionReport,
  SigningMode,
} from './types.ts';

export interface SessionsInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly keeper: SessionKeeper;
  readonly rekeying: Rekeying;
  readonly log: MessageLog;
}

export class Sessions {
  readonly #init: SessionsInit;

  constructor(init: SessionsInit) {
    this.#init = init;
  }

  /** All sessions, most recently used first. */
  list(): SessionReport[] {
    const { clock, keeper } = this.#init;
    return keeper.facts().map((facts) => ({
      peer: facts.peerDid,
      sessionId: facts.sid.toHex(),
      state:
        facts.replacedAtMs !== null ? 'receive-only' : keeper.isAbandoned(facts) ? 'abandoned' : 'active',
      level: facts.level,
      suite: facts.suite,
      createdAtMs: facts.createdAtMs,
      lastUsedMs: facts.lastUsedMs,
      messageCount: facts.messageCount,
      rekeySequence: facts.rekeySequence,
      isRekeying: facts.isRekeying,
      authenticatedAtMs: facts.authenticatedAtMs,
      isOverdue: rekeyNeed(facts, 'online', clock.nowMs()).isOverdue,
    }));
  }

  /** See {@link Rekeying.rekey}. */
  rekey(to: string): Promise<RekeyReport> {
    return this.#init.rekeying.rekey(to);
  }

  /** See {@link MessageLog.checkpoint}. */
  checkpoint(to: string): Promise<SentCheckpoints> {
    return this.#init.log.checkpoint(to);
  }

  /** Compares a checkpoint that a contact has sent with what we have. @throws AgentError `BAD_REQUEST` */
  verify(message: Pick<InboxMessage, 'from' | 'messageId' | 'type' | 'payload'>): Promise<CheckpointReport> {
    return this.#init.log.verify(message);
  }

  /** When messages are signed. */
  get signing(): SigningMode {
    return loadSigningMode(this.#init.home);
  }

  /** @throws AgentError `BAD_REQUEST` */
  setSigning(mode: unknown): SigningMode {
    return saveSigningMode(this.#init.home, mode);
  }
}
