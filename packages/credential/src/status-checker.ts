/**
 * Asks for status lists: only under the pinned origin of their issuer, bounded in size and time, once for all who ask at
 * the same time, and not again before the list's `ttl` is over. When the issuer cannot be reached, the last list serves
 * for a bounded grace; then nobody is believed. An older list than one seen before is refused.
 */
import { errorText } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import type { StatusEntry } from './claims.ts';
import { CredentialError } from './errors.ts';
import {
  maxStatusListBytes,
  statusFormOf,
  statusListMediaTypes,
  verifyStatusList,
  type StatusList,
} from './status-list-credential.ts';
import type { StatusChecker } from './status.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import { isLoopbackUrl } from './urls.ts';

/** A list is asked for again after this time at the latest, whatever its `ttl`. */
export const maxStatusTtlMs = 3_600_000;
/** And not sooner than this, whatever its `ttl`: peers decide when we look. */
const minTtlMs = 1_000;
/** How long a list that cannot be renewed serves beyond its `ttl`. */
export const defaultStatusGraceMs = 3_600_000;
/** One answer, from connection to last byte: a fraction of the gate's 30 s. */
const fetchTimeoutMs = 5_000;
/** After a failure, time before the same URL is asked again. */
const retryMs = 2_000;
/** Clocks of servers: as for credentials. */
const clockSkewMs = 300_000;
/** Lists in memory; one of 131,072 entries has 16 KiB. */
const maxLists = 64;

/** Keeps the last signed answer of each list, so that a restart neither forgets what was newest nor needs the network. */
export interface StatusListStore {
  get(url: string): StoredStatusList | undefined;
  put(url: string, list: StoredStatusList): void;
}

/** An answer as it came, and when. */
export interface StoredStatusList {
  /** Signed; verified again whenever it is read. */
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly fetchedAtMs: number;
}

/** Settings of {@link createStatusChecker}. */
export interface StatusCheckerInit {
  readonly provider: CryptoProvider;
  /** Default: in memory only. */
  readonly store?: StatusListStore;
  /** Also asks `http:` on a loopback address: for networks on one machine. Default false: `https:` alone. */
  readonly allowLoopbackHttp?: boolean;
  /**
   * Asked when a list is signed by keys that are not pinned: the issuer as it is pinned now, when its keys have changed,
   * or `null`. Default: keys do not change.
   */
  readonly successor?: (issuer: TrustedIssuer) => Promise<TrustedIssuer | null>;
  /** How long a list that cannot be renewed serves beyond its ttl, milliseconds; default 3,600,000. */
  readonly graceMs?: number;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
}

/** A checker that also tells when its answer has to be asked for again. */
export interface CachingStatusChecker extends StatusChecker {
  /** When the answer about this list is stale, milliseconds since the Unix epoch; 0 when there is none. */
  freshUntilMs(statusListCredential: string): number;
}

interface Cached {
  readonly list: StatusList;
  readonly fetchedAtMs: number;
}

/** A checker over the platform's `fetch`. */
export function createStatusChecker(init: StatusCheckerInit): CachingStatusChecker {
  const cache = new Map<string, Cached>();
  const failures = new Map<string, { readonly error: unknown; readonly atMs: number }>();
  const underWay = new Map<string, Promise<Cached>>();
  const graceMs = init.graceMs ?? defaultStatusGraceMs;

  /** The last answer, from memory or from the store, where it verifies with what is pinned now. */
  async function lastOf(url: string, issuer: TrustedIssuer): Promise<Cached | undefined> {
    const known = cache.get(keyOf(url, issuer));
    if (known !== undefined) return known;
    const stored = init.store?.get(url);
    if (stored === undefined) return undefined;
    try {
      const list = await verifyStatusList(init.provider, stored.text, url, issuer);
      return remember(url, issuer, { list, fetchedAtMs: stored.fetchedAtMs });
    } catch {
      // Of an issuer that has been pinned anew since: it says nothing any more.
      return undefined;
    }
  }

  function remember(url: string, issuer: TrustedIssuer, cached: Cached): Cached {
    const key = keyOf(url, issuer);
    cache.delete(key);
    cache.set(key, cached);
    for (const oldest of cache.keys()) {
      if (cache.size <= maxLists) break;
      cache.delete(oldest);
    }
    return cached;
  }

  async function renew(url: string, issuer: TrustedIssuer, nowMs: number, last?: Cached): Promise<Cached> {
    const text = await fetchList(url, issuer, init);
    const list = await verifyFollowing(text, url, issuer);
    if (list.issuedAtMs > nowMs + clockSkewMs) throw stale('it is from the future');
    if (list.validUntilMs <= nowMs - clockSkewMs) throw stale('it is not valid any more');
    if (last !== undefined && list.issuedAtMs < last.list.issuedAtMs) {
      throw new CredentialError('STATUS_ROLLED_BACK', 'the status list is older than one seen before', {
        hint: 'The issuer, or somebody in between, serves an old list.',
        data: { issuedAtMs: list.issuedAtMs, seenMs: last.list.issuedAtMs },
      });
    }
    init.store?.put(url, { text, fetchedAtMs: nowMs });
    return remember(url, issuer, { list, fetchedAtMs: nowMs });
  }

  /** With the keys that are pinned, or with those that they have handed over to. */
  async function verifyFollowing(text: string, url: string, issuer: TrustedIssuer): Promise<StatusList> {
    try {
      return await verifyStatusList(init.provider, text, url, issuer);
    } catch (error) {
      const isForged = error instanceof CredentialError && error.code === 'STATUS_FORGED';
      const successor = isForged ? ((await init.successor?.(issuer)) ?? null) : null;
      if (successor === null) throw error;
      return verifyStatusList(init.provider, text, url, successor);
    }
  }

  /** Calls at the same time share one request; after a failure there is a pause. */
  function renewOnce(url: string, issuer: TrustedIssuer, nowMs: number, last?: Cached): Promise<Cached> {
    const key = keyOf(url, issuer);
    const failed = failures.get(key);
    if (failed !== undefined && nowMs >= failed.atMs && nowMs < failed.atMs + retryMs) {
      return Promise.reject(failed.error);
    }
    failures.delete(key);
    let renewal = underWay.get(key);
    if (renewal === undefined) {
      renewal = renew(url, issuer, nowMs, last)
        .catch((error: unknown) => {
          if (failures.size >= maxLists) failures.clear();
          failures.set(key, { error, atMs: nowMs });
          throw error;
        })
        .finally(() => underWay.delete(key));
      underWay.set(key, renewal);
    }
    return renewal;
  }

  async function listFor(url: string, issuer: TrustedIssuer, nowMs: number): Promise<StatusList> {
    const last = await lastOf(url, issuer);
    if (last !== undefined && isFresh(last, nowMs)) return last.list;
    try {
      return (await renewOnce(url, issuer, nowMs, last)).list;
    } catch (error) {
      const ageMs = last === undefined ? Infinity : nowMs - last.fetchedAtMs;
      const canServe = last !== undefined && ageMs >= 0 && ageMs < ttlOf(last.list) + graceMs;
      if (canServe && last.list.validUntilMs + graceMs > nowMs) return last.list;
      throw error;
    }
  }

  return {
    isRevoked: async (entry: StatusEntry, issuer, { nowMs, signal }) => {
      const list = await abortable(listFor(entry.statusListCredential, issuer, nowMs), signal);
      return list.bits.get(entry.statusListIndex);
    },
    freshUntilMs: (url) => {
      const found = [...cache].findLast(([key]) => key.endsWith(` ${url}`))?.[1];
      return found === undefined ? 0 : found.fetchedAtMs + ttlOf(found.list);
    },
  };
}

/** What was verified with keys that count no longer is asked for again. */
function keyOf(url: string, { did, succession }: TrustedIssuer): string {
  return `${did} ${succession} ${url}`;
}

function ttlOf({ ttlMs }: StatusList): number {
  return Math.min(Math.max(ttlMs, minTtlMs), maxStatusTtlMs);
}

function isFresh({ list, fetchedAtMs }: Cached, nowMs: number): boolean {
  // A clock that was set back must not keep an old answer alive.
  return nowMs >= fetchedAtMs && nowMs < fetchedAtMs + ttlOf(list) && nowMs < list.validUntilMs + clockSkewMs;
}

/** @throws CredentialError `STATUS_URL`, `STATUS_UNREACHABLE`, `BAD_STATUS_LIST` */
async function fetchList(url: string, issuer: TrustedIssuer, init: StatusCheckerInit): Promise<string> {
  assertAllowed(url, issuer, init.allowLoopbackHttp ?? false);
  const mediaType = statusListMediaTypes[statusFormOf(issuer)];
  const doFetch = init.fetch ?? fetch;
  try {
    const response = await doFetch(url, {
      headers: { accept: mediaType },
      // A redirect would lead out of the pinned origin.
      redirect: 'error',
      credentials: 'omit',
      signal: AbortSignal.timeout(fetchTimeoutMs),
    });
    if (response.status !== 200) throw unreachable(`HTTP status ${response.status}`);
    const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== mediaType) throw unreachable(`the answer is ${String(type)}, not ${mediaType}`);
    return await boundedText(response);
  } catch (error) {
    throw error instanceof CredentialError ? error : unreachable(errorText(error), error);
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > maxStatusListBytes) {
      throw new CredentialError(
        'BAD_STATUS_LIST',
        `the status list is larger than ${maxStatusListBytes} bytes`,
      );
    }
  }
  return text + decoder.decode();
}

function assertAllowed(text: string, issuer: TrustedIssuer, allowLoopbackHttp: boolean): void {
  const url = URL.parse(text);
  const refuse = (reason: string): CredentialError =>
    new CredentialError('STATUS_URL', `the status list is not asked for: ${reason}`);
  if (url === null || issuer.statusOrigin === null || url.origin !== issuer.statusOrigin) {
    throw refuse('its URL is not under the pinned origin of its issuer');
  }
  if (url.username !== '' || url.password !== '') throw refuse('its URL contains a password');
  const isAllowed = url.protocol === 'https:' || (allowLoopbackHttp && isLoopbackUrl(text));
  if (!isAllowed) throw refuse('its URL is not https');
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(unreachable('there was no more time', signal.reason));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}

function unreachable(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('STATUS_UNREACHABLE', `the status list cannot be had: ${reason}`, {
    hint: 'It is asked for again the next time.',
    cause,
  });
}

function stale(reason: string): CredentialError {
  return new CredentialError('STATUS_STALE', `the status list cannot be believed: ${reason}`);
}
