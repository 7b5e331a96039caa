/** Where the demo plays: a temporary folder, a network, and the processes that run on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningProcess, runCommand, type CommandInit, type CommandResult, type Line } from './process.ts';

/** Seconds that a demo agent waits for an ACK before it uses the mailbox: long for a laptop, short for a reader. */
const ackTimeoutSec = 4;

export interface Network {
  readonly rpcUrl: string;
  readonly faucetUrl: string;
}

/** The identity service of the demo. */
export interface Service {
  readonly url: string;
  /** Of its issuer's public file, 64 hex digits. */
  readonly fingerprint: string;
}

/** One person of the demo: a home, and later a running agent. */
export interface Person {
  readonly name: string;
  readonly home: string;
  readonly did: string;
  readonly cardFile: string;
  readonly credentialFile: string;
}

export class Stage {
  readonly dir: string;
  readonly passphraseFile: string;
  readonly #processes = new Map<string, RunningProcess>();
  network: Network = { rpcUrl: '', faucetUrl: '' };
  packageId = '';
  /** `null` on a network with IOTA's own. */
  identityPackageId: string | null = null;
  service: Service = { url: '', fingerprint: '' };

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'wotid-demo-'));
    this.passphraseFile = this.path('passphrase');
    writeFileSync(this.passphraseFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Runs one command to its end. */
  run(args: readonly string[], init: Partial<CommandInit> = {}): Promise<CommandResult> {
    return runCommand({ args, passphraseFile: this.passphraseFile, ...init });
  }

  /** Runs one command and gives its only line. */
  async ask(args: readonly string[], init: Partial<CommandInit> = {}): Promise<Line> {
    const { lines } = await this.run(args, init);
    const line = lines[0];
    if (line === undefined) throw new Error(`wotid ${args.join(' ')} printed nothing`);
    return line;
  }

  /** Starts a long-running command under a name; it ends with the demo. */
  start(name: string, args: readonly string[]): RunningProcess {
    const child = new RunningProcess(args, this.passphraseFile, this.path(`${name}.log`));
    this.#processes.set(name, child);
    return child;
  }

  /** Starts a person's agent, and waits until it listens. */
  async startAgent(
    person: Person,
    extra: readonly string[] = [],
  ): Promise<{ agent: RunningProcess; ready: Line }> {
    const timing = ['--ack-timeout', String(ackTimeoutSec), '--dial-timeout', '3', '--sync-interval', '0'];
    const agent = this.start(person.name, ['agent', '--home', person.home, ...timing, ...extra]);
    const ready = await agent.waitFor(
      `${person.name}'s agent`,
      (line) => line['event'] === 'ready' && line['pid'] === agent.pid,
    );
    return { agent, ready };
  }

  process(name: string): RunningProcess {
    const child = this.#processes.get(name);
    if (child === undefined) throw new Error(`${name} is not running`);
    return child;
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((child) => child.signal('SIGKILL')));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Leaves everything as it is and says how to look at it. */
  keep(): string {
    for (const child of this.#processes.values()) child.release();
    const running = [...this.#processes].filter(([, child]) => child.isRunning);
    const pids = running.map(([name, child]) => `${name} ${child.pid}`).join(', ');
    return [
      `Everything is in ${this.dir} (logs: *.log), and still running: ${pids}.`,
      `  export WOTID_PASSPHRASE_FILE=${this.passphraseFile}`,
      `  npx wotid status --home ${this.path('bob')}`,
      `  npx wotid did show --home ${this.path('bob')}`,
      `  npx wotid inbox --home ${this.path('bob')}`,
      `  npx wotid mailbox list --home ${this.path('bob')}`,
      `  npx wotid identity credentials --home ${this.path('service')} # its API: ${this.service.url}/docs`,
      `  curl -s -H 'content-type: application/json' ${this.network.rpcUrl} -d '{"jsonrpc":"2.0","id":1,"method":"iota_getObject","params":["${this.packageId}"]}'`,
      `End it with: kill ${running.map(([, child]) => child.pid).join(' ')}; rm -r ${this.dir}`,
    ].join('\n');
  }
}
