/**
 * An agent in a process of its own that ends itself with SIGKILL at a chosen point. Arguments: home, point, steps before
 * it. Reads `connect`, `send`, `sync` and `rotate` as JSON lines, prints what happened.
 */
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { Agent, Home } from '../src/index.ts';

/** Where to die. */
export type KillPoint =
  | 'never'
  /** A message is sealed and on disk, and has not left. */
  | 'sealed'
  /** A message is stored, and neither acknowledged nor claimed. */
  | 'stored'
  /** A message lies in somebody's mailbox, which nobody has noted. */
  | 'posted'
  /** The peer has the session of the gate, we have not heard so. */
  | 'M5 sent'
  /** After so many steps of key rotations: a call of the node begun or answered, something written to disk. */
  | 'rotating';

/** What it can be told to do. */
export type Command =
  | { readonly do: 'connect'; readonly to: string }
  | { readonly do: 'send'; readonly to: string; readonly text: string }
  | { readonly do: 'sync' }
  /** Rotates all keys, again and again. */
  | { readonly do: 'rotate' };

const [dir = '', point = 'never', steps = '0'] = process.argv.slice(2) as [string, KillPoint, string];
const home = await Home.open({ dir, passphrase: 'correct horse battery staple' });
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

if (point === 'sealed') {
  const transaction = home.transaction.bind(home);
  home.transaction = (work) => {
    const result = transaction(work);
    if (home.outbox.count('sent') > 0) die();
    return result;
  };
}
if (point === 'posted') {
  const update = home.outbox.update.bind(home.outbox);
  home.outbox.update = (messageId, change) => {
    if (change.state === 'mailbox') die();
    return update(messageId, change);
  };
}
if (point === 'M5 sent') {
  home.contacts.put = () => die();
}

const agent = await Agent.open({ home, syncIntervalMs: 0, ackTimeoutMs: 2_000, dialTimeoutMs: 2_000 });
agent.on('message', ({ messageId }) => {
  if (point === 'stored') die();
  say({ event: 'message', messageId });
});
// A process that is killed does not write it by itself.
flushCompileCache();
say({ event: 'ready', addresses: agent.addresses, isRotating: agent.identity.isRotating });

async function rotate(): Promise<void> {
  let left = point === 'rotating' ? Number(steps) : Infinity;
  const step = (): void => {
    if (left-- <= 0) die();
  };
  for (const store of [home.vault, home.settings]) {
    const set = store.set.bind(store) as (values: Readonly<Record<string, Uint8Array | undefined>>) => void;
    store.set = (values: Parameters<typeof set>[0]) => {
      step();
      set(values);
      step();
    };
  }
  const call = globalThis.fetch;
  globalThis.fetch = async (...args) => {
    step();
    const response = await call(...args);
    step();
    return response;
  };
  say({ event: 'rotating' });
  for (;;) {
    await agent.rotateKeys();
    say({ event: 'rotated' });
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line) as Command;
    const done =
      command.do === 'connect'
        ? agent.connect(command.to)
        : command.do === 'sync'
          ? agent.sync()
          : command.do === 'rotate'
            ? rotate()
            : agent.send(command.to, { type: 'text', text: command.text });
    done.then(
      () => say({ event: 'done' }),
      (error: Error) => say({ event: 'failed', reason: error.message }),
    );
  })
  .on('close', () => void agent.close().then(() => home.close()));
