/** Leaving messages in other people's mailboxes: reading their prekeys, and posting from the postage account. */
import type { Clock } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import type { MailboxClient } from '@wotid/mailbox';
import {
  SessionError,
  verifyPrekeys,
  type PeerIdentity,
  type PrekeyPublication,
  type VerifiedPrekeys,
} from '@wotid/session';
import type { MailboxLocation } from '@wotid/directory';
import { AgentError } from './errors.ts';
import type { NetworkProfile } from './network-profile.ts';
import { gasCost, idBytes } from './own-mailbox.ts';
import type { GasCost } from './types.ts';

export interface MailboxPostInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly profile: NetworkProfile;
  /** Works as the postage account. @throws AgentError `NO_MAILBOX` without a package, `WRONG_CHAIN`, `BAD_NETWORK` */
  readonly client: () => Promise<MailboxClient>;
}

/** A posted message. */
export interface Posted {
  readonly digest: string;
  readonly objectId: string;
  readonly gas: GasCost;
}

/** The latest publication of a mailbox that was seen before. */
export interface SeenPrekeys {
  /** Its number; 0 before the first. */
  readonly number: number;
  /** When it ends, milliseconds since the Unix epoch; `null` when that is not known. */
  readonly notAfterMs: number | null;
}

/**
 * A lower number than was seen is an older publication, whose keys may have been stolen since. But one that ends later was
 * signed later: the number before it was then none that its owner has reached, but one that a node has made them sign by
 * miscounting, and must not shut us out for good.
 * @throws SessionError `PREKEYS_OUTDATED`
 */
export function assertNotOlder(
  { number, notAfterMs }: Pick<PrekeyPublication, 'number' | 'notAfterMs'>,
  seen: SeenPrekeys,
): void {
  if (number >= seen.number || (seen.notAfterMs !== null && notAfterMs > seen.notAfterMs)) return;
  throw new SessionError(
    'PREKEYS_OUTDATED',
    `publication ${number} is older than ${seen.number}, which was seen`,
    {
      hint: 'the node may serve an old state: ask another one',
      data: { number, seen: seen.number },
    },
  );
}

/** Storage price of IOTA's protocol: 100 units a byte at 76 NANOS. */
const depositNanosPerByte = 7_600n;
/** Object, ratchet header, frame and least padding of a message. */
const overheadBytes = 320;
/** Computation of one transaction, the lowest bucket. */
const computationNanos = 1_000_000n;

export class MailboxPost {
  readonly #init: MailboxPostInit;

  constructor(init: MailboxPostInit) {
    this.#init = init;
  }

  /**
   * Checks that we can write to a mailbox at all: same chain, and the contract that we have pinned.
   * @throws AgentError `WRONG_CHAIN`
   */
  assertReachable(mailbox: MailboxLocation): void {
    const { profile } = this.#init;
    if (mailbox.chainId !== profile.chainId || mailbox.packageId !== profile.packageId) {
      throw new AgentError(
        'WRONG_CHAIN',
        'this contact’s mailbox is on another network, or of another contract',
        {
          hint: 'You both need the same network and the same mailbox package.',
          data: { theirs: mailbox, ours: { chainId: profile.chainId, packageId: profile.packageId } },
        },
      );
    }
  }

  /**
   * Reads somebody's prekeys from the chain and verifies that they are theirs.
   * @param seen before of this mailbox, see {@link assertNotOlder}
   * @throws AgentError `NO_PREKEYS` when there are none or they have expired, `PREKEYS_REFUSED` when they are not theirs;
   *   MailboxError
   */
  async prekeysOf(peer: PeerIdentity, mailbox: MailboxLocation, seen: SeenPrekeys): Promise<VerifiedPrekeys> {
    const client = await this.#init.client();
    const published = await client.readPrekeys(mailbox.mailboxId);
    if (published === null) {
      throw new AgentError('NO_PREKEYS', 'this contact has not published prekeys yet', {
        hint: 'They have to run wotid mailbox create once; or meet them online.',
      });
    }
    try {
      const verified = verifyPrekeys(this.#init.provider, published.bytes, {
        nowMs: this.#init.clock.nowMs(),
        chainId: mailbox.chainId,
        mailboxId: idBytes(mailbox.mailboxId),
        did: peer.block.did,
        idFp: peer.idFp,
        // The contract counts publications, so bytes that carry another number were not published under this one.
        lastNumber: Number(published.number),
      });
      assertNotOlder(verified.publication, seen);
      return verified;
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      const isExpired = error.code === 'PREKEYS_EXPIRED';
      throw new AgentError(isExpired ? 'NO_PREKEYS' : 'PREKEYS_REFUSED', error.message, {
        hint: isExpired ? 'Their agent has to come online once to publish new ones.' : error.hint,
        data: { reason: error.code },
        cause: error,
      });
    }
  }

  /**
   * Checks, before a message is sealed, that the node answers, the mailbox takes messages, and the deposit can be paid.
   * @throws MailboxError `NO_GAS`, `RETIRED`, `NOT_A_MAILBOX`, `WRONG_PACKAGE`, `RPC_UNREACHABLE`, `RPC_REFUSED`
   */
  async assertReady(mailbox: MailboxLocation, payloadBytes: number): Promise<void> {
    const client = await this.#init.client();
    await client.assertTakesMessages(mailbox.mailboxId);
    await client.queue.assertFunds(
      BigInt(payloadBytes + overheadBytes) * depositNanosPerByte + computationNanos,
    );
  }

  /** Posts an envelope. @throws MailboxError */
  async post(mailbox: MailboxLocation, envelope: Uint8Array): Promise<Posted> {
    const client = await this.#init.client();
    const sent = await client.sendMessage({ mailboxId: mailbox.mailboxId, payload: envelope });
    return { digest: sent.digest, objectId: sent.messageId, gas: gasCost(sent.gas) };
  }

  /** Ids of what still waits in somebody's mailbox. */
  async waitingIn(mailbox: MailboxLocation): Promise<ReadonlySet<string>> {
    const client = await this.#init.client();
    const { messages } = await client.listWaiting(mailbox.mailboxId);
    return new Set(messages.map(({ objectId }) => objectId));
  }
}
