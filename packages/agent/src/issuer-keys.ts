/**
 * Keys of trusted issuers as time goes by. An issuer that rotates its keys signs each change with those before it
 * (`followKeySuccession`), and serves it under its pinned origin. They are asked for when something comes up that the
 * pinned keys have not signed, and taken over as far as the chain holds; where it breaks, what is pinned stays.
 */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import {
  followKeySuccession,
  maxKeySuccessionBytes,
  verifyCredential,
  type CredentialVerdict,
  type TrustedIssuer,
  type VerifyCredentialInit,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { AgentDidResolver } from './did-resolver.ts';
import { AgentError } from './errors.ts';
import type { Trust } from './trust.ts';

/** Strangers decide when an issuer is asked; no oftener than this. Milliseconds. */
const askIntervalMs = 5_000;
/** Changes followed at a time; an issuer makes a few a year. The rest is followed the next time. */
const maxSteps = 64;
/** And no more of them after this time: who waits for the answer is at the gate, which has 30 s. Milliseconds. */
const maxWalkMs = 10_000;
const successionsPath = '/.well-known/wotid-issuer/successions';
/** These DIDs are a key: another key is another DID. */
const fixedDid = /^did:(?:jwk|key):/;

/** What asking an issuer has given. */
export interface Following {
  /** Other keys are pinned now. */
  readonly changed: boolean;
  /** Why it is not known whether the keys have changed, in words; asking later may tell more. `null` when it is. */
  readonly problem: string | null;
}

/** What {@link verifyFollowing} needs beside a verifier's usual. */
export interface FollowingInit {
  readonly resolver: AgentDidResolver;
  readonly trustedIssuers: () => readonly TrustedIssuer[];
  /** Default: keys do not change. */
  readonly follow?: ((issuer: TrustedIssuer) => Promise<Following>) | undefined;
}

const unchanged: Following = { changed: false, problem: null };

/** What {@link IssuerKeys} needs. */
export interface IssuerKeysInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly trust: Trust;
  /** Bounded in time and size. */
  readonly fetch: typeof fetch;
}

/** Follows the issuers of one home. */
export class IssuerKeys {
  readonly #init: IssuerKeysInit;
  readonly #asking = new Map<string, Promise<boolean>>();
  readonly #askedMs = new Map<string, number>();

  constructor(init: IssuerKeysInit) {
    this.#init = init;
  }

  /**
   * Asks an issuer, unless that was done a moment ago, whether its keys have changed since `issuer` was pinned. Never
   * throws: what is pinned stays when nothing can be learnt.
   */
  async follow(issuer: TrustedIssuer): Promise<Following> {
    const { clock, logger = silentLogger } = this.#init;
    const { did } = issuer;
    const pinned = this.#pinned(did);
    if (pinned === undefined || fixedDid.test(did) || issuer.statusOrigin === null) return unchanged;
    if (pinned.succession > issuer.succession) return { ...unchanged, changed: true };
    const waitMs = (this.#askedMs.get(did) ?? -Infinity) + askIntervalMs - clock.nowMs();
    // A clock that was set back must not keep us from asking.
    if (!this.#asking.has(did) && waitMs > 0 && waitMs <= askIntervalMs) {
      return { changed: false, problem: 'its issuer was asked for new keys a moment ago' };
    }
    try {
      return { ...unchanged, changed: await this.update(did) };
    } catch (error) {
      logger.warn('issuer.keys', { did, reason: errorText(error) });
      // Also a chain that breaks: who stands between may have answered, and the issuer's own answer comes later.
      return { changed: false, problem: errorText(error) };
    }
  }

  /**
   * Asks an issuer now.
   * @returns true when other keys are pinned since
   * @throws AgentError `UNTRUSTED_ISSUER`, `ISSUER_UNREACHABLE`; CredentialError `KEY_SUCCESSION` when the chain breaks:
   *   what it led to up to there is pinned
   */
  update(did: string): Promise<boolean> {
    let asking = this.#asking.get(did);
    if (asking === undefined) {
      this.#askedMs.set(did, this.#init.clock.nowMs());
      asking = this.#walk(did).finally(() => this.#asking.delete(did));
      this.#asking.set(did, asking);
    }
    return asking;
  }

  async #walk(did: string): Promise<boolean> {
    const { provider, clock, trust, logger = silentLogger } = this.#init;
    const startMs = clock.nowMs();
    const pinned = this.#pinned(did);
    if (pinned === undefined) {
      throw new AgentError('UNTRUSTED_ISSUER', `${did} is no issuer that is trusted here`, {
        hint: 'wotid trust list shows who is.',
      });
    }
    let now = pinned;
    try {
      for (let step = 0; step < maxSteps && clock.nowMs() - startMs < maxWalkMs; step++) {
        const text = await this.#fetch(now);
        if (text === null) break;
        now = followKeySuccession(provider, text, now);
      }
    } finally {
      // Whoever pinned or removed the issuer meanwhile has the last word.
      if (now !== pinned && trust.succeed(pinned, now)) {
        logger.info('issuer.rotated', { did, succession: now.succession });
      }
    }
    return now !== pinned;
  }

  /** The text of the next succession, or `null` when there is none. */
  async #fetch({ statusOrigin, succession }: TrustedIssuer): Promise<string | null> {
    if (statusOrigin === null) return null;
    const url = `${statusOrigin}${successionsPath}/${succession + 1}`;
    const response = await this.#init.fetch(url, { headers: { accept: 'application/jose+json' } });
    if (response.status === 404) return null;
    const text = response.status === 200 ? await response.text() : '';
    if (response.status === 200 && text.length <= maxKeySuccessionBytes) return text;
    throw new AgentError('ISSUER_UNREACHABLE', `${url} answers with HTTP status ${response.status}`, {
      hint: 'The keys that are pinned stay until the issuer can be asked.',
    });
  }

  #pinned(did: string): TrustedIssuer | undefined {
    return this.#init.trust.issuers.find((issuer) => issuer.did === did);
  }
}

/**
 * `verifyCredential`, and once more when the pinned keys, or the remembered DID document, may be from before a change.
 * @returns the verdict, and whether a refusal is final or may be another one later
 */
export async function verifyFollowing(
  bytes: Uint8Array,
  init: Omit<VerifyCredentialInit, 'resolver' | 'trustedIssuers'>,
  { resolver, trustedIssuers, follow }: FollowingInit,
): Promise<{ readonly verdict: CredentialVerdict; readonly mayPass: boolean }> {
  const verify = (): Promise<CredentialVerdict> =>
    verifyCredential(bytes, { ...init, resolver, trustedIssuers: trustedIssuers() });
  const verdict = await verify();
  if (verdict.ok || verdict.issuer === null) return { verdict, mayPass: false };
  const { failed, issuer } = verdict;
  if (failed !== 'classicalSignature' && failed !== 'issuerKey') return { verdict, mayPass: false };
  const { changed, problem } = (await follow?.(issuer)) ?? unchanged;
  // Anybody can write a signature that does not verify: that is no reason to ask for the document again.
  const mayBeOld = changed || failed === 'issuerKey';
  const wasRemembered = mayBeOld && resolver.forget(issuer.did);
  if (changed || wasRemembered) {
    return { verdict: await verify(), mayPass: false };
  }
  if (problem === null) return { verdict, mayPass: false };
  return { verdict: { ...verdict, reason: `${verdict.reason}; ${problem}` }, mayPass: true };
}
