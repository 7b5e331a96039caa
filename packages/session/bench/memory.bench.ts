/** How many sessions fit into memory: resident memory of a process that has loaded many from one record. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Benchmark } from './compare.ts';
import { loadLibsignal } from './libsignal.ts';

function sessionsPerGiB(side: 'ours' | 'peer'): number {
  const child = join(import.meta.dirname, 'memory-child.ts');
  const flags = ['--expose-gc', '--conditions=wot:source'];
  const bytes = Number(execFileSync(process.execPath, [...flags, child, side], { encoding: 'utf8' }));
  return Math.round(2 ** 30 / bytes);
}

/** Run by `npm run bench`. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'crypto.sessions_per_GiB',
    unit: 'sessions',
    peerName: '@signalapp/libsignal-client 0.103.0',
    open: async () => {
      await loadLibsignal();
      return {
        round: async () => ({ ours: sessionsPerGiB('ours'), peer: sessionsPerGiB('peer'), n: 22_000 }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  },
];
