import { appendFileSync } from 'node:fs';
import type { Agent, AgentEvents, GateObservation } from '@wotid/agent';
import { InvalidArgumentError, type Command } from 'commander';
import { controlSocketPath } from '../control/socket-path.ts';
import { addHomeOptions, openHome, outputOf, type HomeOptions } from '../home-command.ts';
import { createLineLogger } from '../line-logger.ts';
import { runOperation } from '../operations.ts';
import { toJson, type Output } from '../output.ts';
import { untilStopped } from '../stop-signal.ts';

interface AgentOptions extends HomeOptions {
  readonly listen?: readonly string[];
  readonly ackTimeout: number;
  readonly dialTimeout: number;
  readonly syncInterval: number;
  readonly tapGate?: string;
  readonly limitLoopback?: boolean;
}

export function addAgentCommands(program: Command): void {
  addHomeOptions(
    program
      .command('agent')
      .description('run your agent until interrupted: it listens, delivers, and empties the mailbox'),
  )
    .option(
      '--listen <multiaddr...>',
      'where to listen (default: the addresses of last time, else TCP and WebSocket on all interfaces)',
    )
    .option(
      '--ack-timeout <seconds>',
      'wait so long for an ACK before the mailbox takes a message',
      parseSeconds,
      30,
    )
    .option('--dial-timeout <seconds>', 'wait so long for a connection', parseSeconds, 10)
    .option(
      '--sync-interval <seconds>',
      'look into the mailbox this often; 0 only when asked',
      parseSeconds,
      30,
    )
    .option(
      '--limit-loopback',
      'count gates from this machine like any others: behind a local proxy all strangers seem to be here',
    )
    .option(
      '--tap-gate <file>',
      'append every gate message, before encryption, to this file: for audits, it shows credentials',
    )
    .action(async (options: AgentOptions) => {
      const output = outputOf(options);
      const logger = createLineLogger(output);
      const [{ Agent }, { serveControl }] = await Promise.all([
        import('@wotid/agent'),
        import('../control/server.ts'),
      ]);
      const home = await openHome(options);
      try {
        const agent = await Agent.open({
          home,
          logger,
          ackTimeoutMs: options.ackTimeout * 1_000,
          dialTimeoutMs: options.dialTimeout * 1_000,
          syncIntervalMs: options.syncInterval * 1_000,
          gateLimits: { exemptLoopback: options.limitLoopback !== true },
          ...(options.listen === undefined ? {} : { listen: options.listen }),
          ...(options.tapGate === undefined ? {} : { observeGate: tapInto(options.tapGate) }),
        });
        report(agent, output);
        const control = await serveControl({
          socketPath: controlSocketPath(home.dir),
          run: (name, params) => runOperation(agent, name, params as Record<string, unknown>),
          logger,
        });
        // Whoever reads that it is ready may end it at once.
        const stopped = untilStopped();
        output.result({
          event: 'ready',
          pid: process.pid,
          did: agent.status().did,
          peerId: agent.peerId,
          addresses: agent.addresses,
        });
        await stopped;
        await control.close();
        await agent.close();
        output.result({ event: 'stopped' });
      } finally {
        home.close();
      }
    });
}

/** What is printed of each event. Message texts and credentials are for their reader alone: `wotid inbox`. */
const printed: { readonly [Name in keyof AgentEvents]: (event: AgentEvents[Name]) => object } = {
  message: ({ position, messageId, from, type, payload, route }) => {
    return { position, messageId, from, type, bytes: payload.length, route };
  },
  delivery: (delivery) => delivery,
  peer: (peer) => peer,
  keys: (change) => change,
  refused: (refusal) => refusal,
  distrusted: (distrust) => distrust,
  sync: (report) => report,
  unreadable: (unreadable) => unreadable,
  session: (notice) => notice,
  checkpoint: (report) => report,
  presentation: ({ from, messageId, isAccepted, reason }) => ({ from, messageId, isAccepted, reason }),
};

/** Prints what happens to the agent, one line an event. */
function report(agent: Agent, output: Output): void {
  const print = <Name extends keyof AgentEvents>(name: Name): void => {
    agent.on(name, (event) => output.result({ event: name, ...printed[name](event) }));
  };
  for (const name of Object.keys(printed) as (keyof AgentEvents)[]) print(name);
}

function tapInto(file: string): (observation: GateObservation) => void {
  return ({ peerId, direction, name, plaintext }) => {
    const line = toJson({ peerId, direction, name, bytes: plaintext.length, plaintext: plaintext.toHex() });
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || seconds > 86_400) {
    throw new InvalidArgumentError('A number of seconds up to 86400.');
  }
  return seconds;
}
