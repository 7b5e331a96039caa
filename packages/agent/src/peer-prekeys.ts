/**
 * What peers have published for handshakes: the KEM key that a gate to them encapsulates to, and one-time pairs for first
 * messages. Nothing here may keep a connection or a message from being tried.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import { PREKEY_GRACE_MS, type PeerIdentity, type VerifiedPrekeys } from '@wotid/session';
import type { MailboxLocation } from '@wotid/directory';
import type { Contacts } from './contacts.ts';
import type { PublishedKem } from './home/handshake-store.ts';
import type { Home } from './home/home.ts';
import type { MailboxPost } from './mailbox-post.ts';
import { idBytes } from './own-mailbox.ts';

/** Where one-time pairs of other people come from: a directory. It is not believed: what it gives is verified. */
export interface PrekeySource {
  /**
   * A one-time pair of a publication, which from then on nobody else gets, or `null` when there is none for us.
   * @param request whose, and the number of the publication that stands on chain
   * @param signal aborted when the answer has come too late
   */
  oneTimePair(
    request: { readonly did: string; readonly number: number },
    signal: AbortSignal,
  ): Promise<Uint8Array | null>;
}

export interface PeerPrekeysInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly contacts: Contacts;
  readonly post: MailboxPost;
  readonly source: PrekeySource | null;
}

/** A gate goes on without the latest publication after this time, with an older one or with none. */
const gateLookupMs = 2_000;
/** A first message goes to the last-resort prekey when no pair has come by then. */
const pairLookupMs = 5_000;

export class PeerPrekeys {
  readonly #init: PeerPrekeysInit;
  readonly #log: Logger;

  constructor(init: PeerPrekeysInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /** The prekeys that stand on chain, verified and noted. @throws as {@link MailboxPost.prekeysOf} */
  async read(peer: PeerIdentity, mailbox: MailboxLocation): Promise<VerifiedPrekeys> {
    const { home, post } = this.#init;
    const { did } = peer.block;
    const mailboxId = idBytes(mailbox.mailboxId);
    const prekeys = await post.prekeysOf(peer, mailbox, {
      number: home.peers.prekeysSeen(did, mailboxId),
      notAfterMs: home.handshakes.publishedKem(did, peer.idFp)?.notAfterMs ?? null,
    });
    const { number, lastResortKem: kem, notAfterMs } = prekeys.publication;
    home.transaction(() => {
      home.peers.notePrekeys(did, mailboxId, number);
      home.handshakes.notePublishedKem(did, { idFp: peer.idFp, number, kem, notAfterMs });
    });
    return prekeys;
  }

  /**
   * The KEM key for a gate to a contact: of the publication that we know while it is valid, else of the one on chain, else
   * of the old one while its owner keeps the private key. `null` where none was ever seen.
   */
  async forGate(did: string): Promise<PublishedKem | null> {
    const known = this.#known(did);
    const nowMs = this.#init.clock.nowMs();
    if (known !== null && nowMs < known.notAfterMs) return known;
    const latest = await this.refresh(did);
    if (latest !== null) return latest;
    return known !== null && nowMs < known.notAfterMs + PREKEY_GRACE_MS ? known : null;
  }

  /** The KEM key of the publication on chain, or `null` when it cannot be had in 2 s. */
  async refresh(did: string): Promise<PublishedKem | null> {
    const { contacts, post } = this.#init;
    const card = contacts.place(did);
    if (card === null || card.mailbox === null) return null;
    const { mailbox } = card;
    try {
      post.assertReachable(mailbox);
      const peer = contacts.identity(did);
      if (peer === null) return null;
      return await inTime(gateLookupMs, async () => {
        await this.read(peer, mailbox);
        return this.#known(did);
      });
    } catch (error) {
      this.#log.info('prekeys.unavailable', { did, reason: errorText(error) });
      return null;
    }
  }

  /** A one-time pair from the directory, unverified; `null` when there is none or no directory. Never rejects. */
  async oneTimePair({ owner, publication }: VerifiedPrekeys): Promise<Uint8Array | null> {
    const { source } = this.#init;
    if (source === null || publication.otCount === 0) return null;
    const request = { did: owner.block.did, number: publication.number };
    try {
      return await inTime(pairLookupMs, (signal) => source.oneTimePair(request, signal));
    } catch (error) {
      this.#log.warn('prekeys.no-pair', { did: request.did, reason: errorText(error) });
      return null;
    }
  }

  #known(did: string): PublishedKem | null {
    const { contacts, home } = this.#init;
    const peer = contacts.identity(did);
    return peer === null ? null : home.handshakes.publishedKem(did, peer.idFp);
  }
}

/** @throws Error when there is no answer after `ms` */
async function inTime<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()];
  const timeout = pause(ms, undefined, { signal: done.signal }).then(() => {
    late.abort();
    throw new Error(`no answer in ${ms} ms`);
  });
  try {
    return await Promise.race([ask(late.signal), timeout]);
  } finally {
    timeout.catch(() => {});
    done.abort();
  }
}
