/** How many sessions fit into memory: resident memory of a process that has loaded many from one record. */
import { decodeSession, encodeSession } from '@wotid/session';
import { native, offlinePair, person } from '../test/people.ts';
import type { Benchmark } from './compare.ts';
import { loadLibsignal, signalPair } from './libsignal.ts';

const SESSIONS = 20_000;

/** Bytes of resident memory for each value that `make` gives; all of them stay alive until the end. */
function residentBytes(make: () => unknown): number {
  const kept: unknown[] = [];
  // What only the first ones need is not the sessions' memory.
  for (let k = 0; k < SESSIONS / 10; k++) kept.push(make());
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  for (let k = 0; k < SESSIONS; k++) kept.push(make());
  globalThis.gc?.();
  const bytes = (process.memoryUsage.rss() - before) / SESSIONS;
  return kept.length > 0 ? bytes : 0;
}

/** Run by `npm run bench`, which exposes the garbage collector. Rounds after the first reuse freed memory: one counts. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'crypto.sessions_per_GiB',
    unit: 'sessions',
    peerName: '@signalapp/libsignal-client 0.103.0',
    open: async () => {
      const record = encodeSession(offlinePair(person('alice'), person('bob')).b);
      const lib = await loadLibsignal();
      const signal = await signalPair(lib, 'persisted');
      const theirs = signal.a.records.get('bob') as Uint8Array;
      const perGiB = (bytes: number): number => Math.round(2 ** 30 / bytes);
      const measured = {
        ours: perGiB(residentBytes(() => decodeSession(native, record))),
        peer: perGiB(residentBytes(() => lib.SessionRecord.deserialize(theirs))),
        n: SESSIONS,
      };
      return { round: async () => measured, [Symbol.asyncDispose]: async () => {} };
    },
  },
];
