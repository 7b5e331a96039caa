/** The command line as operating-system processes, the way a person or a script starts it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One line of `--json` output. */
export type Line = Readonly<Record<string, unknown>>;

const launcher = fileURLToPath(new URL('../apps/cli/bin/wotid.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON objects among the lines of both. */
  readonly lines: readonly Line[];
}

export interface RunInit {
  /** Beside PATH and HOME, which point nowhere personal. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs one command to its end. */
export async function wotid(args: readonly string[], init: RunInit = {}): Promise<Ended> {
  const child = start(args, init);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  child.stdin?.on('error', () => {}).end(init.stdin ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...output, lines: jsonLines(`${output.stdout}\n${output.stderr}`) };
}

/** A command that goes on until it is ended, and the lines it prints. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  /** Everything it has printed. */
  text = '';
  readonly ended: Promise<number | null>;
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[], init: RunInit = {}) {
    this.child = start(args, init);
    this.child.stdin?.end();
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        this.text += `${line}\n`;
        this.lines.push(...jsonLines(line));
        for (const look of this.#waiting) look();
      });
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** The first line that `matches`; fails when the process ends before or after 30 s. */
  async line(matches: (line: Line) => boolean): Promise<Line> {
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const look = (): void => {
      const found = this.lines.find(matches);
      if (found !== undefined) resolve(found);
    };
    const fail = (): void => reject(new Error(`the line never came:\n${this.text}`));
    const timer = setTimeout(fail, 30_000);
    this.#waiting.add(look);
    look();
    void this.ended.then(fail);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

function start(args: readonly string[], { env = {} }: RunInit): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
  });
}

function jsonLines(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Line] : [];
    } catch {
      return [];
    }
  });
}
