/** A live link with a person: where they are is known of their card or a record, or the directory tells. */
import type { Clock, Logger } from '@wotid/core';
import { isDid } from '@wotid/credential';
import { inBackground } from './background.ts';
import type { Contacts } from './contacts.ts';
import type { DirectoryAccess } from './directory-access.ts';
import type { DirectoryLookup } from './directory-lookup.ts';
import { AgentError } from './errors.ts';
import type { Links } from './links.ts';
import type { LiveLink } from './live-link.ts';
import type { ConnectReport } from './types.ts';

export interface ReachInit {
  readonly contacts: Contacts;
  readonly access: DirectoryAccess;
  readonly lookup: DirectoryLookup;
  readonly links: Links;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A peer that contradicts itself on purpose costs us a handshake this often at the most. */
const renewPauseMs = 60_000;

export class Reach {
  readonly #init: ReachInit;
  /** When the sessions with a peer were last renewed, by DID; of contacts alone. */
  readonly #renewedAtMs = new Map<string, number>();

  constructor(init: ReachInit) {
    this.#init = init;
  }

  /**
   * Connects to a contact and passes the gate.
   * @param to their DID, or a part of it that fits one contact; where a directory is set, anybody's DID
   * @throws AgentError `NO_CONTACT`, `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async connect(to: string, options: { readonly presentation?: Uint8Array } = {}): Promise<ConnectReport> {
    const { contacts, access, lookup, links } = this.#init;
    const isNew = isDid(to) && contacts.place(to) === null && access.url !== null;
    const did = isNew ? (await lookup.lookup(to)).did : contacts.resolve(to);
    const place = contacts.place(did);
    if (place === null) {
      throw new AgentError('NO_ROUTE', 'the address of this contact is not known', {
        hint: 'Add their card first, or set a directory.',
      });
    }
    return links.connect({ did, peerId: place.peerId, addresses: place.addresses }, options.presentation);
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
}
