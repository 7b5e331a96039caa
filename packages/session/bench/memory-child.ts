/**
 * Run by `memory.bench.ts` in a process of its own, with `ours` or `peer`: prints the bytes of resident memory that one
 * loaded session takes. In a process that has measured other things before, freed memory would be taken again.
 */
import { decodeSession, encodeSession } from '@wotid/session';
import { native, offlinePair, person } from '../test/people.ts';
import { loadLibsignal, signalPair } from './libsignal.ts';

const SESSIONS = 20_000;

/** What makes one more loaded session. */
async function loader(side: string | undefined): Promise<() => unknown> {
  if (side === 'ours') {
    const record = encodeSession(offlinePair(person('alice'), person('bob')).b);
    return () => decodeSession(native, record);
  }
  const lib = await loadLibsignal();
  const { a } = await signalPair(lib, 'persisted');
  const record = a.records.get('bob') as Uint8Array;
  return () => lib.SessionRecord.deserialize(record);
}

const load = await loader(process.argv[2]);
const kept: unknown[] = [];
// What only the first ones need is not the sessions' memory.
for (let k = 0; k < SESSIONS / 10; k++) kept.push(load());
globalThis.gc?.();
const before = process.memoryUsage.rss();
for (let k = 0; k < SESSIONS; k++) kept.push(load());
globalThis.gc?.();
console.log((process.memoryUsage.rss() - before) / SESSIONS);
// Everything stays alive until here.
if (kept.length === 0) throw new Error('nothing was loaded');
