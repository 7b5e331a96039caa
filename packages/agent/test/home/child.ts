/** Another process at work on a home. Arguments: directory, what to do. Speaks in lines on standard output. */
import { Home, HomeError } from '../../src/home/index.ts';

const [dir = '', task = ''] = process.argv.slice(2);
const passphrase = 'correct horse battery staple';
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

try {
  const home =
    task === 'create'
      ? await Home.create({ dir, passphrase, cost: { memoryKiB: 8, passes: 1, lanes: 1 } })
      : await Home.open({ dir, passphrase });
  say('open');
  const sid = new Uint8Array(16).fill(1);
  let version = home.sessions.get(sid)?.version ?? 0n;
  // `write` goes on until it is killed, `write-10` stops after 10 and waits.
  const most = Number(task.split('-')[1] ?? Infinity);
  let written = 0;
  const step = (): void => {
    if (!task.startsWith('write') || written === most) return;
    written++;
    version++;
    const messageId = new Uint8Array(16);
    new DataView(messageId.buffer).setBigUint64(0, version);
    home.transaction(() => {
      home.sessions.put({
        sid,
        peer: 'did:jwk:alice',
        version,
        state: 'active',
        lastUsedMs: Number(version),
        record: new Uint8Array(5_000).fill(Number(version % 256n)),
      });
      home.inbox.add({
        messageId,
        peer: 'did:jwk:alice',
        seq: version,
        type: 'text',
        payload: new Uint8Array(2_000).fill(Number(version % 256n)),
        sentAtMs: 1,
        receivedAtMs: Number(version),
        route: 'p2p',
        replyTo: null,
      });
      home.peers.takeSeq('did:jwk:bob');
    });
    // Said only after the transaction returned: from here on it must survive everything.
    say(`done ${version}`);
    setImmediate(step);
  };
  step();
  process.stdin.on('data', () => {
    home.close();
    say('closed');
    process.exit(0);
  });
} catch (error) {
  say(error instanceof HomeError ? `${error.code} ${String(error.data['pid'] ?? '')}`.trim() : String(error));
  process.exit(1);
}
