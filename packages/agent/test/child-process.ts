/** Agents in processes of their own, for tests that kill them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Command, KillPoint } from './child.ts';

const script = fileURLToPath(new URL('child.ts', import.meta.url));

/** The agent of a person in a process of its own, until it dies. */
export class Child {
  readonly #process: ChildProcess;
  readonly #events: Readonly<Record<string, unknown>>[] = [];
  readonly died: Promise<NodeJS.Signals | null>;
  #look = (): void => {};

  /** @param steps how many steps to do before it dies, for the points that count them */
  constructor(home: string, point: KillPoint, steps: number = 0) {
    this.#process = spawn(
      process.execPath,
      [
        '--conditions=wot:source',
        '--disable-warning=ExperimentalWarning',
        script,
        home,
        point,
        String(steps),
      ],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        // Beside the homes, and gone with them: the second process starts in a third of the time.
        env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(home), 'compile-cache') },
      },
    );
    this.#process.stdin?.on('error', () => {});
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#events.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
      this.#look();
    });
    this.died = new Promise((resolve) => this.#process.once('close', (_, signal) => resolve(signal)));
    onTestFinished(() => void this.kill());
  }

  tell(command: Command): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** What it says about `name`, the first time. */
  async event(name: string): Promise<Readonly<Record<string, unknown>>> {
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    this.#look = () => {
      const said = this.#events.find(({ event }) => event === name);
      if (said !== undefined) resolve(said);
    };
    this.#look();
    void this.died.then(() => reject(new Error(`it died before it said ${name}`)));
    return promise;
  }

  kill(): Promise<NodeJS.Signals | null> {
    this.#process.kill('SIGKILL');
    return this.died;
  }
}
