/**
 * A live link with a person: where they are is known of their card or a record, or the directory tells. Whoever is not
 * where they were is looked up again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import { isDid } from '@wotid/credential';
import type { ContactPlace } from '@wotid/directory';
import { TransportError } from '@wotid/transport';
import { inBackground } from './background.ts';
import type { Contacts } from './contacts.ts';
import type { DirectoryAccess } from './directory-access.ts';
import type { DirectoryLookup } from './directory-lookup.ts';
import { AgentError } from './errors.ts';
import type { Links } from './links.ts';
import type { LiveLink } from './live-link.ts';
import type { ConnectReport } from './types.ts';

export interface ReachInit {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly contacts: Contacts;
  readonly access: DirectoryAccess;
  readonly lookup: DirectoryLookup;
  readonly links: Links;
}

/** A peer that contradicts itself on purpose costs us a handshake this often at the most. */
const renewPauseMs = 60_000;
/** Who is not where they were is looked up this often at the most: a directory is not asked with every message. */
const lookAgainMs = 300_000;
/** A message goes to the mailbox when the directory has not answered by then; what it answers later counts from then on. */
const lookAgainWaitMs = 5_000;
/** Contacts whose last lookup is remembered. */
const maxRemembered = 1_000;
/** Failures that say that nobody is there, or somebody else. */
const nobodyThere: readonly string[] = ['UNREACHABLE', 'TIMEOUT', 'PEER_MISMATCH', 'NOT_NOISE'];

export class Reach {
  readonly #init: ReachInit;
  /** When the sessions with a peer were last renewed, by DID; of contacts alone. */
  readonly #renewedAtMs = new Map<string, number>();
  /** The last lookup of contacts who were not where they were; resolves when it has ended. */
  readonly #lookups: LRUCache<string, Promise<void>>;

  constructor(init: ReachInit) {
    this.#init = init;
    this.#lookups = new LRUCache({
      max: maxRemembered,
      ttl: lookAgainMs,
      ttlResolution: 0,
      perf: { now: () => init.clock.nowMs() },
    });
  }

  /**
   * Connects to a contact and passes the gate.
   * @param to their DID, or a part of it that fits one contact; where a directory is set, anybody's DID
   * @throws AgentError `NO_CONTACT`, `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async connect(to: string, options: { readonly presentation?: Uint8Array } = {}): Promise<ConnectReport> {
    const { contacts } = this.#init;
    const isNew = isDid(to) && contacts.place(to) === null;
    return this.#dial(isNew ? await this.findOut(to) : contacts.resolve(to), options.presentation);
  }

  /**
   * The two ends of a session have lost each other: ends the links with the peer, and makes a new handshake if there were
   * any, at most once a minute. Otherwise, and when it fails, the next connection does. Never rejects.
   */
  async renew(did: string): Promise<void> {
    const { links, clock, logger } = this.#init;
    const wasLinked = links.get(did) !== undefined;
    await links.cut(did);
    const nowMs = clock.nowMs();
    if (!wasLinked || nowMs - (this.#renewedAtMs.get(did) ?? -Infinity) < renewPauseMs) return;
    this.#renewedAtMs.set(did, nowMs);
    await inBackground(logger, 'session.renew', () => this.connect(did));
  }

  /** The link with a contact, made if need be. @throws as {@link Reach.connect} */
  async linkTo(did: string): Promise<LiveLink> {
    await this.connect(did);
    const link = this.#init.links.get(did);
    if (link !== undefined) return link;
    throw new AgentError('NO_ROUTE', 'the connection has ended already', { hint: 'Try again.' });
  }

  /**
   * Asks the directory, if one is set, for somebody of whom no place is known.
   * @returns their DID
   * @throws AgentError `NO_CONTACT`, and as {@link DirectoryLookup.lookup}
   */
  async findOut(did: string): Promise<string> {
    const { contacts, access, lookup } = this.#init;
    return access.url === null ? contacts.resolve(did) : (await lookup.lookup(did)).did;
  }

  /** Where they are known to be; when nobody is there, where the directory says, if that is elsewhere. */
  async #dial(did: string, presentation: Uint8Array | undefined): Promise<ConnectReport> {
    const { contacts, links } = this.#init;
    const place = contacts.place(did);
    if (place === null) {
      throw new AgentError('NO_ROUTE', 'the address of this contact is not known', {
        hint: 'Add their card first, or set a directory.',
      });
    }
    const at = ({ peerId, addresses }: ContactPlace): Promise<ConnectReport> =>
      links.connect({ did, peerId, addresses }, presentation);
    try {
      return await at(place);
    } catch (error) {
      if (!isNobodyThere(error)) throw error;
      const other = await this.#movedTo(did, place);
      if (other === null) throw error;
      return at(other);
    }
  }

  /** Where somebody has moved to by the directory, or `null`. Never rejects. */
  async #movedTo(did: string, from: ContactPlace): Promise<ContactPlace | null> {
    const { contacts, access } = this.#init;
    if (access.url === null) return null;
    let asked = this.#lookups.get(did);
    if (asked === undefined) {
      asked = this.#lookAgain(did);
      this.#lookups.set(did, asked);
    }
    const done = new AbortController();
    const tooLong = pause(lookAgainWaitMs, undefined, { signal: done.signal }).catch(() => {});
    await Promise.race([asked, tooLong]);
    done.abort();
    const place = contacts.place(did);
    const isSame =
      place === null || (place.peerId === from.peerId && place.addresses.join() === from.addresses.join());
    return isSame ? null : place;
  }

  async #lookAgain(did: string): Promise<void> {
    const { logger, lookup } = this.#init;
    try {
      await lookup.lookup(did);
    } catch (error) {
      logger.info('reach.not-found', { did, reason: errorText(error) });
    }
  }
}

function isNobodyThere(error: unknown): boolean {
  if (error instanceof TransportError) return nobodyThere.includes(error.code);
  return isWotError(error) && error.code === 'NO_ROUTE';
}
