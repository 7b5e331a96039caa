/**
 * First messages that were made and are not known to be on chain. A first message starts a session, so the very same
 * bytes are posted until that has worked: another first message would start another session.
 */
import { bcs, bytesType, fixedBytesType, u64Type, type BcsType } from '@wotid/core';
import type { Database } from './database.ts';
import { assertMaxBytes, badValue } from './home-error.ts';
import { MAX_CONTENT_BYTES, MAX_UNPOSTED_FIRST_MESSAGES } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** A first message that is to be posted. */
export interface FirstMessage {
  /** The session that it starts, 16 bytes. */
  readonly sid: Uint8Array;
  /** The message of the outbox inside it, 16 bytes. */
  readonly messageId: Uint8Array;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly madeAtMs: number;
  readonly envelope: Uint8Array;
}

interface Sealed {
  readonly sid: Uint8Array;
  readonly messageId: Uint8Array;
  readonly madeAtMs: bigint;
  readonly envelope: Uint8Array;
}

const sealedType = bcs.struct('first message', {
  sid: fixedBytesType(16),
  messageId: fixedBytesType(16),
  madeAtMs: u64Type,
  envelope: bytesType,
}) as unknown as BcsType<Sealed, Sealed>;

/** The first messages of a home that are to be posted. */
export class FirstMessageStore {
  readonly #map: SealedMap<Sealed>;

  constructor(database: Database, sealer: Sealer) {
    this.#map = new SealedMap(database, sealer, {
      table: 'first_message',
      tagColumn: 'session_tag',
      tagKind: 'session',
      column: sealer.column('first-message', sealedType, MAX_CONTENT_BYTES + 64),
      keyOf: (message) => message.sid,
      maxRows: MAX_UNPOSTED_FIRST_MESSAGES,
    });
  }

  /** Keeps a first message; call it in the transaction that stores its session. @throws HomeError `LIMIT_REACHED`, `BAD_VALUE` */
  put({ sid, messageId, madeAtMs, envelope }: FirstMessage): void {
    if (sid.length !== 16 || messageId.length !== 16) throw badValue('a first message', 'has wrong lengths');
    assertMaxBytes('the first message', envelope, MAX_CONTENT_BYTES);
    this.#map.put({ sid, messageId, madeAtMs: BigInt(madeAtMs), envelope });
  }

  /** The first message that starts the session `sid`, unless it was posted. */
  get(sid: Uint8Array): FirstMessage | undefined {
    const message = this.#map.get(sid);
    return message === undefined ? undefined : { ...message, madeAtMs: Number(message.madeAtMs) };
  }

  /** It is on chain, or no longer wanted. True when there was one. */
  delete(sid: Uint8Array): boolean {
    return this.#map.delete(sid);
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#map.list();
  }
}
