import { IotaClient } from '@iota/iota-sdk/client';
import type { Command } from 'commander';
import {
  comeBack,
  firstContact,
  leaveMessages,
  passGate,
  replayOnce,
  resumeSession,
  talkOnline,
  type Story,
} from '../demo/conversation.ts';
import { EvidenceBook } from '../demo/evidence.ts';
import { createIssuer, createMember, publishContract, shareCard } from '../demo/people.ts';
import { Stage, type Person } from '../demo/stage.ts';
import { refuseStrangers } from '../demo/strangers.ts';
import { addOutputOptions, outputOf } from '../home-command.ts';
import type { Facts } from '../output.ts';
import { UsageError } from '../usage-error.ts';

interface DemoOptions {
  readonly rpc?: string;
  readonly faucet?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export function addDemoCommand(program: Command): void {
  addOutputOptions(
    program
      .command('demo')
      .description(
        'two verified humans talk; one is away; the message waits on chain: everything for real, with evidence',
      )
      .option('--rpc <url>', 'use this IOTA network instead of an embedded one')
      .option('--faucet <url>', 'the faucet of that network')
      .option('--keep', 'leave the homes and the network running, and say how to look at them'),
  ).action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  if ((options.rpc === undefined) !== (options.faucet === undefined)) {
    throw new UsageError('--rpc and --faucet go together');
  }
  const output = outputOf(options);
  const book = new EvidenceBook(output);
  const stage = new Stage();
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
    void stage.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  let done = false;
  try {
    await play(stage, book, options);
    done = true;
  } finally {
    if (!interrupted) {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      book.printTable();
      if (done && options.keep === true) {
        if (output.json)
          output.result({
            step: 'kept',
            ok: true,
            ms: 0,
            dir: stage.dir,
            passphraseFile: stage.passphraseFile,
          });
        else console.log(`\n${stage.keep()}`);
      } else {
        await stage.close();
      }
    }
  }
}

async function play(stage: Stage, book: EvidenceBook, options: DemoOptions): Promise<void> {
  const tapFile = stage.path('bob-gate.jsonl');
  const story: Story = {
    sessionId: '',
    bobMailboxId: '',
    waiting: [],
    claimedPayload: new Uint8Array(),
    claimedMessageId: '',
  };
  let alice: Person | undefined;
  let bob: Person | undefined;
  const both = (): readonly [Person, Person] => {
    if (alice === undefined || bob === undefined) throw new Error('alice and bob do not exist yet');
    return [alice, bob];
  };

  await book.step('network', 'an IOTA network', () => startNetwork(stage, options));
  await book.step('publish', 'the mailbox contract, compiled from source', () => publishContract(stage));
  await book.step('issuer', 'an issuer of Verified Human credentials', async () => {
    const [facts] = await Promise.all([createIssuer(stage, 'issuer'), createIssuer(stage, 'other-issuer')]);
    return facts;
  });
  await book.step('people', 'alice and bob: keys, money, mailbox, prekeys, credential, agent', async () => {
    const [a, b] = await Promise.all([
      createMember(stage, 'alice', 'issuer'),
      createMember(stage, 'bob', 'issuer'),
    ]);
    [alice, bob] = [a.person, b.person];
    story.bobMailboxId = String(b.facts['mailbox']);
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'];
    await Promise.all([
      stage.startAgent(a.person, listen),
      stage.startAgent(b.person, [...listen, '--tap-gate', tapFile]),
    ]);
    await Promise.all([shareCard(stage, a.person, [b.person]), shareCard(stage, b.person, [a.person])]);
    return { alice: a.facts, bob: b.facts };
  });
  await book.step('refused', 'strangers without a valid credential', () => {
    const [a, b] = both();
    return refuseStrangers(stage, b, a, tapFile);
  });
  await book.step('gate', 'alice connects', () => passGate(stage, story, ...both()));
  await book.step('online', '20 messages each way', () => talkOnline(stage, ...both()));
  await book.step('away', 'bob’s process is killed, alice writes to him', () =>
    leaveMessages(stage, story, ...both()),
  );
  await book.step('stranger', 'carol, who never met bob, writes to him too', () => {
    const [a, b] = both();
    return firstContact(stage, story, b, a);
  });
  await book.step('back', 'bob returns and finds everything', () => comeBack(stage, story, both()[1]));
  await book.step('replay', 'copies are shown once', () => replayOnce(stage, story, ...both()));
  await book.step('resume', 'bob answers in the same session', () => resumeSession(stage, story, ...both()));
}

async function startNetwork(stage: Stage, options: DemoOptions): Promise<Facts> {
  if (options.rpc !== undefined && options.faucet !== undefined) {
    stage.network = { rpcUrl: options.rpc, faucetUrl: options.faucet };
    const chainId = await new IotaClient({ url: options.rpc }).getChainIdentifier();
    return { rpc: options.rpc, chainId, network: 'given' };
  }
  const localnet = stage.start('localnet', ['localnet', '--port', '0', '--faucet-port', '0']);
  const ready = await localnet.waitFor('the network', (line) => 'rpc' in line);
  stage.network = { rpcUrl: String(ready['rpc']), faucetUrl: String(ready['faucet']) };
  return { rpc: ready['rpc'], chainId: ready['chainId'], network: 'embedded', pid: localnet.pid };
}
