/**
 * DIDs of peers and issuers: which methods count, and how long an answer is remembered. did:jwk and did:key say it
 * themselves, did:iota is asked of the node, did:web only of servers of issuers that the user trusts.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '@wotid/core';
import { didJwkMethod, didKeyMethod, didWebMethod, Resolver, type DidResolver } from '@wotid/credential';
import { didIotaMethod, type DidReader } from '@wotid/did-iota';

/** Documents remembered, about 5 KB each; people talk to fewer. */
const maxDocuments = 1_000;
/**
 * How long a document counts. A key that its owner has withdrawn is believed for that long here; one that does not fit
 * what a peer shows is asked for again at once. Milliseconds.
 */
const documentTtlMs = 30_000;

type Resolution = Awaited<ReturnType<DidResolver['resolve']>>;

export interface AgentDidResolverInit {
  readonly clock: Clock;
  /** `null` on a network without an identity package that is known here. */
  readonly reader: DidReader | null;
  /** Whether a DID is that of an issuer whom the user trusts. */
  readonly isTrustedIssuer: (did: string) => boolean;
  /** Issuers on this machine are asked without TLS. Default false. */
  readonly allowLoopbackHttp?: boolean;
}

/** Resolves, and remembers what was found. */
export class AgentDidResolver implements DidResolver {
  readonly #resolver: Resolver;
  readonly #documents: LRUCache<string, Resolution>;
  readonly #running = new Map<string, Promise<Resolution>>();

  constructor({ clock, reader, isTrustedIssuer, allowLoopbackHttp = false }: AgentDidResolverInit) {
    this.#resolver = new Resolver({
      ...didJwkMethod,
      ...didKeyMethod,
      ...(reader === null ? {} : didIotaMethod(reader)),
      ...didWebMethod({ isAllowed: isTrustedIssuer, allowLoopbackHttp }),
    });
    this.#documents = new LRUCache({
      max: maxDocuments,
      ttl: documentTtlMs,
      ttlResolution: 0,
      perf: { now: () => clock.nowMs() },
    });
  }

  /** As remembered, else as it is now. Lookups of one DID at the same time are one. */
  resolve(did: string): Promise<Resolution> {
    const known = this.#documents.get(did);
    return known === undefined ? this.resolveNow(did) : Promise.resolve(known);
  }

  /** As it is now. */
  resolveNow(did: string): Promise<Resolution> {
    let running = this.#running.get(did);
    if (running === undefined) {
      running = this.#resolve(did).finally(() => this.#running.delete(did));
      this.#running.set(did, running);
    }
    return running;
  }

  /** What is remembered of a DID counts no longer. True when there was something. */
  forget(did: string): boolean {
    return this.#documents.delete(did);
  }

  async #resolve(did: string): Promise<Resolution> {
    const resolution = await this.#resolver.resolve(did);
    const { didResolutionMetadata, didDocumentMetadata } = resolution;
    // What failed may work the next time, and what is deactivated may come back.
    const isUsable = didResolutionMetadata.error === undefined && didDocumentMetadata.deactivated !== true;
    if (isUsable) this.#documents.set(did, resolution);
    else this.#documents.delete(did);
    return resolution;
  }
}
