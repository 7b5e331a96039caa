/**
 * Locks on owned object versions, as validators take them when they sign. On a real network two transactions on one
 * version that are under way at the same time block each other, and the version stays locked until the epoch ends.
 */
import { LedgerError } from './errors.ts';
import type { ObjectRef } from './transaction-data.ts';
import type { Digest } from './types.ts';

/** How long a transaction waits for a rival before it executes; stands for a real network's way to finality. */
export const LOCK_WINDOW_MS = 50;

export class ObjectLocks {
  readonly #holders = new Map<string, Map<Digest, readonly ObjectRef[]>>();

  /** Locks the versions for a transaction. */
  acquire(digest: Digest, refs: readonly ObjectRef[]): void {
    for (const ref of refs) {
      const key = keyOf(ref);
      const holders = this.#holders.get(key) ?? new Map<Digest, readonly ObjectRef[]>();
      holders.set(digest, refs);
      this.#holders.set(key, holders);
    }
  }

  /** @throws LedgerError `OBJECTS_LOCKED` when another transaction holds one of the versions too */
  check(digest: Digest, refs: readonly ObjectRef[]): void {
    const rivals = new Map<Digest, readonly ObjectRef[]>();
    for (const ref of refs) {
      for (const [holder, held] of this.#holders.get(keyOf(ref)) ?? []) {
        if (holder !== digest) rivals.set(holder, held);
      }
    }
    if (rivals.size === 0) return;
    throw new LedgerError(
      'OBJECTS_LOCKED',
      'Failed to sign transaction by a quorum of validators because of locked objects. ' +
        'Retried a conflicting transaction None, success: None',
      {
        hint: 'Send one transaction at a time on an owned object; these versions stay locked until the epoch ends.',
        data: Object.fromEntries(
          [...rivals].map(([holder, held]) => [
            holder,
            held.map(({ id, version, digest: of }) => [id, version, of]),
          ]),
        ),
      },
    );
  }

  copy(): ObjectLocks {
    const copy = new ObjectLocks();
    for (const [key, holders] of this.#holders) copy.#holders.set(key, new Map(holders));
    return copy;
  }

  /** Forgets the locks of an executed transaction: its versions are history. */
  release(refs: readonly ObjectRef[]): void {
    for (const ref of refs) this.#holders.delete(keyOf(ref));
  }
}

function keyOf(ref: ObjectRef): string {
  return `${ref.id} ${ref.version}`;
}
