/**
 * The thread in which IOTA's library runs. What it says to a node's nonsense is a panic, which would end the whole
 * process; here it ends this thread. It imports nothing of ours, so that it runs from source and from `dist` alike.
 */
import { parentPort } from 'node:worker_threads';
import { Failure, reasonOf, type PlainFailure } from './failure.ts';
import { runOperation, type OperationContext, type Operations } from './operations.ts';

/** To the thread: an operation, or that one is no longer wanted. */
export type ToLibrary =
  | {
      readonly id: number;
      readonly name: keyof Operations;
      readonly context: OperationContext;
      readonly input: Operations[keyof Operations]['input'];
    }
  | { readonly id: number; readonly name: 'abort' };

/** From the thread. */
export type FromLibrary =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly failure: PlainFailure };

// The library writes what it has read, and its panics, to the console; what is worth knowing comes as an error.
for (const name of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) console[name] = () => {};

const running = new Map<number, AbortController>();

parentPort?.on('message', (message: ToLibrary) => {
  if (message.name === 'abort') running.get(message.id)?.abort();
  else void answer(message);
});

async function answer(message: Exclude<ToLibrary, { readonly name: 'abort' }>): Promise<void> {
  const { id, name, context, input } = message;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result: unknown = await runOperation(name, context, input as never, controller.signal);
    parentPort?.postMessage({ id, result } satisfies FromLibrary);
  } catch (error) {
    const failure: PlainFailure =
      error instanceof Failure ? error.plain : { code: 'LIBRARY_FAILED', message: reasonOf(error) };
    parentPort?.postMessage({ id, failure } satisfies FromLibrary);
  } finally {
    running.delete(id);
  }
}
