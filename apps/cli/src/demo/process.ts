/**
 * Starts the real command line as operating-system processes and reads the JSON lines they print. The demo has no
 * other way into an agent than a person has.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readSync, watch, type FSWatcher } from 'node:fs';
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { WotError } from '@wotid/core';

/** One line of `--json` output. */
export type Line = Readonly<Record<string, unknown>>;

const launcher = fileURLToPath(new URL('../../bin/wotid.js', import.meta.url));

/** Longest a single command may take before the demo gives up on it. */
const commandTimeoutMs = 120_000;

export interface CommandInit {
  readonly args: readonly string[];
  readonly passphraseFile: string;
  readonly stdin?: string;
  /** Commands that are meant to be refused: the error line is returned instead of thrown. */
  readonly mayFail?: boolean;
}

export interface CommandResult {
  readonly lines: readonly Line[];
  readonly exitCode: number;
  /** The error line of a failed command: `{error, code, hint, data}`. */
  readonly failure: Line | undefined;
}

/**
 * Runs `wotid … --json` to its end.
 * @throws WotError `COMMAND_FAILED` when it exits with another code than 0 and `mayFail` is not set
 */
export async function runCommand(init: CommandInit): Promise<CommandResult> {
  const child = spawnCli(init.args, init.passphraseFile, AbortSignal.timeout(commandTimeoutMs));
  const lines: Line[] = [];
  let errorText = '';
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
    const line = parseLine(text);
    if (line !== undefined) lines.push(line);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (errorText.length < 65_536) errorText += chunk.toString('utf8');
  });
  child.stdin?.end(init.stdin ?? '');
  const exitCode = await exitOf(child);
  if (exitCode === 0) return { lines, exitCode, failure: undefined };
  const failure = errorText
    .split('\n')
    .map(parseLine)
    .findLast((line) => line !== undefined && 'code' in line);
  if (init.mayFail !== true || failure === undefined) {
    throw new WotError(
      'COMMAND_FAILED',
      `wotid ${init.args.join(' ')} ended with code ${exitCode}: ${errorText.trim()}`,
    );
  }
  return { lines, exitCode, failure };
}

/**
 * A long-running `wotid … --json`, whose lines can be awaited. Its output goes to a log file that outlives the demo, so
 * that with `--keep` the process can go on alone.
 */
export class RunningProcess {
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #ended: Promise<number>;
  readonly #watcher: FSWatcher;
  readonly #reader: number;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';
  #exitCode: number | undefined;

  constructor(args: readonly string[], passphraseFile: string, logFile: string) {
    this.logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    this.#reader = openSync(logFile, 'r');
    this.#child = spawn(process.execPath, [launcher, ...args, '--json'], {
      stdio: ['ignore', log, log],
      detached: true,
      env: { ...process.env, WOTID_PASSPHRASE_FILE: passphraseFile },
    });
    closeSync(log);
    this.#watcher = watch(logFile, () => this.#read());
    this.#ended = exitOf(this.#child).then((code) => {
      this.#read();
      this.#exitCode = code;
      this.#watcher.close();
      this.#wake();
      return code;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#exitCode === undefined;
  }

  /** How many lines there are now: pass it to {@link waitFor} to see only later ones. */
  get mark(): number {
    this.#read();
    return this.#lines.length;
  }

  /** Everything printed from `mark` on. */
  since(mark: number): readonly Line[] {
    this.#read();
    return this.#lines.slice(mark);
  }

  /**
   * The first line from `mark` on that `matches`, waiting for it if need be.
   * @throws WotError `PROCESS_ENDED` or `NO_SUCH_LINE` after `timeoutMs`
   */
  async waitFor(what: string, matches: (line: Line) => boolean, mark = 0, timeoutMs = 60_000): Promise<Line> {
    const deadline = AbortSignal.timeout(timeoutMs);
    this.#read();
    for (let index = mark; ;) {
      for (; index < this.#lines.length; index++) {
        const line = this.#lines[index];
        if (line !== undefined && matches(line)) return line;
      }
      if (this.#exitCode !== undefined) {
        throw new WotError(
          'PROCESS_ENDED',
          `the process ended while waiting for ${what}, see ${this.logFile}`,
        );
      }
      if (deadline.aborted)
        throw new WotError('NO_SUCH_LINE', `no ${what} within ${timeoutMs} ms, see ${this.logFile}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiters.delete(wake);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.add(wake);
        deadline.addEventListener('abort', wake);
      });
    }
  }

  /** Sends a signal; for `SIGKILL`, `SIGTERM` and `SIGINT` waits until the process is gone. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (this.#exitCode !== undefined) return;
    this.#child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') await this.#ended;
  }

  /** Lets the demo end while this process goes on. */
  release(): void {
    this.#watcher.close();
    this.#child.unref();
  }

  #read(): void {
    const chunk = Buffer.alloc(65_536);
    for (;;) {
      const size = readSync(this.#reader, chunk);
      if (size === 0) break;
      const texts = (this.#partial + this.#decoder.write(chunk.subarray(0, size))).split('\n');
      this.#partial = texts.pop() ?? '';
      for (const text of texts) {
        const line = parseLine(text);
        if (line !== undefined) this.#lines.push(line);
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of Array.from(this.#waiters)) wake();
  }
}

function spawnCli(args: readonly string[], passphraseFile: string, signal?: AbortSignal): ChildProcess {
  return spawn(process.execPath, [launcher, ...args, '--json'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, WOTID_PASSPHRASE_FILE: passphraseFile },
    ...(signal === undefined ? {} : { signal }),
  });
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
