/**
 * IOTA's identity library (Rust compiled to WASM, 8 MB) in a thread of its own, started when first needed and again
 * after it has failed. One thread serves the whole process.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '@wotid/core';
import { DidIotaError } from './errors.ts';
import type { OperationContext, Operations } from './library/operations.ts';
import type { FromLibrary, ToLibrary } from './library/worker.ts';
import { abortGraceMs, maxRunningOperations } from './limits.ts';

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs operations; all share the thread, and fail together when it dies. */
class LibraryThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #hasEnded = false;

  constructor() {
    const url = new URL(`./library/worker${extname(import.meta.filename)}`, import.meta.url);
    this.#worker = new Worker(url);
    this.#worker.on('message', (answer: FromLibrary) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(undefined));
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async run<Name extends keyof Operations>(
    name: Name,
    context: OperationContext,
    input: Operations[Name]['input'],
    signal: AbortSignal,
  ): Promise<Operations[Name]['result']> {
    if (this.#waiting.size >= maxRunningOperations) {
      throw new DidIotaError('BUSY', 'too many identities are being looked up', { hint: 'Try again.' });
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Operations[Name]['result']>();
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#send({ id, name: 'abort' });
      // The abort ends its calls to the node. What goes on after that does not end by itself.
      grace = setTimeout(() => void this.#worker.terminate(), abortGraceMs);
    };
    this.#waiting.set(id, { resolve, reject });
    this.#worker.ref();
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#send({ id, name, context, input });
      return await promise;
    } finally {
      clearTimeout(grace);
      signal.removeEventListener('abort', abort);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  #send(message: ToLibrary): void {
    this.#worker.postMessage(message);
  }

  #settle(answer: FromLibrary): void {
    const waiting = this.#waiting.get(answer.id);
    if ('result' in answer) waiting?.resolve(answer.result as never);
    else waiting?.reject(new DidIotaError(answer.failure.code, answer.failure.message, answer.failure));
  }

  #end(cause: unknown): void {
    this.#hasEnded = true;
    const reason = cause === undefined ? 'its thread ended' : errorText(cause);
    const error = new DidIotaError('LIBRARY_FAILED', `IOTA’s identity library failed: ${reason}`, {
      hint: 'Nothing was changed; try again. Should it happen again, the node may answer what no node answers.',
      cause,
    });
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

let thread: LibraryThread | undefined;

/**
 * Runs an operation in the library.
 * @param signal ends it; {@link abortGraceMs} later also a thread that hangs
 * @throws DidIotaError of the operation, `LIBRARY_FAILED`, `BUSY`
 */
export function runInLibrary<Name extends keyof Operations>(
  name: Name,
  context: OperationContext,
  input: Operations[Name]['input'],
  signal: AbortSignal,
): Promise<Operations[Name]['result']> {
  if (thread === undefined || thread.hasEnded) thread = new LibraryThread();
  return thread.run(name, context, input, signal);
}
