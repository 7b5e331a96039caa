/**
 * Whether people whose credential passed once are still believed: it may have expired or been revoked since, or its
 * issuer is trusted no longer. The answer is kept until it can have changed — the status list's time to live, the
 * credential's end, five minutes for everything else — and then asked for again; peers with a live link are asked about
 * as soon as that time comes, so that a revoked human is cut off without having to say anything.
 */
import { equalBytes, errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CachingStatusChecker, CredentialFailureCode } from '@wotid/credential';
import type { AdmissionVerdict } from './admission.ts';
import type { Contacts } from './contacts.ts';

/** Why somebody is not believed any more. */
export interface Distrust {
  /** Name of the check that failed, such as `REVOKED`; `NO_CREDENTIAL` where none is known. */
  readonly name: CredentialFailureCode | 'NO_CREDENTIAL';
  /** In words, for our own user. */
  readonly reason: string;
  /** False when it can pass by itself: a status list or a DID document that could not be had. */
  readonly isFinal: boolean;
}

export interface StandingInit {
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly contacts: Contacts;
  readonly status: CachingStatusChecker;
  /** Whom to look at as time goes by: peers with a live link. */
  readonly watched: () => readonly string[];
  /** A watched peer is believed no longer. */
  readonly onDistrust: (did: string, distrust: Distrust) => void;
}

/** A DID document or a list of trusted issuers is looked at again after this time. */
const maxKeepMs = 300_000;
/** What could not be established is tried again after this time. */
const retryMs = 2_000;
/** The watch never sleeps longer, so that a clock that was set forward is noticed. */
const maxSleepMs = 60_000;
/** People remembered at once; who falls out is asked about again. */
const maxKept = 4_096;

interface Kept {
  readonly distrust: Distrust | null;
  /** Fingerprint that the answer is about, 32 bytes. */
  readonly idFp: Uint8Array;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export class Standing {
  readonly #init: StandingInit;
  readonly #log: Logger;
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Kept>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(init: StandingInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /**
   * Why a peer is not believed now, or `null`. Asks the network only when the last answer is too old.
   * @param idFp identity fingerprint, 32 bytes: another identity of the same DID is another matter
   */
  async distrust(did: string, idFp: Uint8Array): Promise<Distrust | null> {
    const kept = await this.#now(did);
    if (kept.distrust === null && !equalBytes(kept.idFp, idFp)) {
      return { name: 'DID_KEY_MISMATCH', reason: 'other keys of this DID are known now', isFinal: true };
    }
    return kept.distrust;
  }

  /** True when the peer is known to be believed without asking anybody. */
  isBelieved(did: string, idFp: Uint8Array): boolean {
    const kept = this.#current(did);
    return kept?.distrust === null && equalBytes(kept.idFp, idFp);
  }

  /** The last known reason not to believe a peer, however old; `null` when there is none. */
  lastDistrust(did: string): Distrust | null {
    return this.#kept.get(did)?.distrust ?? null;
  }

  /** What is known of a peer, or of everybody, has changed: asks anew, those with a live link at once. */
  refresh(did?: string): void {
    for (const known of [this.#kept, this.#underWay]) {
      if (did === undefined) known.clear();
      else known.delete(did);
    }
    this.#schedule(0);
  }

  /** Begins to look at those with a live link. */
  start(): void {
    this.#schedule(0);
  }

  /** Looks at nobody any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #current(did: string): Kept | undefined {
    const kept = this.#kept.get(did);
    const nowMs = this.#init.clock.nowMs();
    return kept !== undefined && nowMs >= kept.sinceMs && nowMs < kept.untilMs ? kept : undefined;
  }

  /** An answer as of now: one that was being looked up already may be about a time that is past. */
  async #now(did: string): Promise<Kept> {
    return this.#current(did) ?? (await this.#checkOnce(did), this.#current(did)) ?? this.#checkOnce(did);
  }

  #checkOnce(did: string): Promise<Kept> {
    let check = this.#underWay.get(did);
    if (check === undefined) {
      const mine = this.#check(did)
        .then((kept) => {
          // What was refreshed meanwhile is not known any more: this answer may be about a time before it.
          if (this.#underWay.get(did) === mine) this.#keep(did, kept);
          return kept;
        })
        .finally(() => {
          if (this.#underWay.get(did) === mine) this.#underWay.delete(did);
        });
      check = mine;
      this.#underWay.set(did, check);
    }
    return check;
  }

  async #check(did: string): Promise<Kept> {
    const { clock, contacts } = this.#init;
    // As of now, however long the answer takes.
    const sinceMs = clock.nowMs();
    const { peer, verdict } = await contacts.check(did);
    const distrust = distrustOf(verdict);
    return { distrust, idFp: peer.idFp, sinceMs, untilMs: sinceMs + this.#keepMs(verdict, sinceMs) };
  }

  #keep(did: string, kept: Kept): void {
    this.#kept.delete(did);
    this.#kept.set(did, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
    }
  }

  #keepMs(verdict: AdmissionVerdict | null, nowMs: number): number {
    if (verdict === null) return maxKeepMs;
    if (!verdict.ok) return verdict.isFinal ? maxKeepMs : retryMs;
    const { claims } = verdict.accepted;
    const expiresInMs = claims.expiresAtSec * 1_000 - nowMs;
    const list = claims.status?.statusListCredential;
    const freshMs = list === undefined ? maxKeepMs : this.#init.status.freshUntilMs(list) - nowMs;
    // A list in its grace is stale already; a credential within the tolerance after its end has expired already.
    const waits = [maxKeepMs, freshMs > 0 ? freshMs : retryMs, expiresInMs > 0 ? expiresInMs : retryMs];
    return Math.min(...waits);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), Math.min(delayMs, maxSleepMs)).unref();
  }

  async #look(): Promise<void> {
    await Promise.all(this.#init.watched().map((did) => this.#lookAt(did)));
    const nowMs = this.#init.clock.nowMs();
    const waits = this.#init.watched().map((did) => (this.#current(did)?.untilMs ?? nowMs + retryMs) - nowMs);
    this.#schedule(Math.min(maxSleepMs, ...waits));
  }

  async #lookAt(did: string): Promise<void> {
    try {
      const { distrust } = await this.#now(did);
      if (distrust !== null && !this.#isStopped) this.#init.onDistrust(did, distrust);
    } catch (error) {
      this.#log.error('standing.failed', { reason: errorText(error) });
    }
  }
}

/** Why a verdict on somebody's credential is a reason not to believe them; `null` when it is none. */
export function distrustOf(verdict: AdmissionVerdict | null): Distrust | null {
  if (verdict === null)
    return { name: 'NO_CREDENTIAL', reason: 'no credential of theirs is known', isFinal: true };
  if (verdict.ok) return null;
  return { name: verdict.name, reason: verdict.reason, isFinal: verdict.isFinal };
}
