/** The demo: the main job from an empty folder to a resumed conversation, each step with its evidence. */
import { createIotaClient } from '@wotid/mailbox';
import type { Facts, Output } from '../output.ts';
import {
  comeBack,
  firstContact,
  leaveMessages,
  passGate,
  replayOnce,
  resumeSession,
  talkOnline,
  type Story,
} from './conversation.ts';
import { EvidenceBook } from './evidence.ts';
import { createFileIssuer, startService } from './issuing.ts';
import { createMember, publishContract, shareCard } from './people.ts';
import { cutRevoked } from './revocation.ts';
import { Stage, type Network, type Person } from './stage.ts';
import { fileIssuers, refuseStrangers } from './strangers.ts';

export interface DemoInit {
  /** `null` starts an embedded network. */
  readonly network: Network | null;
  readonly keep: boolean;
  readonly output: Output;
}

/** Runs the demo. @throws whatever its first failing step throws, after printing it */
export async function runDemo(init: DemoInit): Promise<void> {
  const { output } = init;
  const book = new EvidenceBook(output);
  const stage = new Stage();
  let isInterrupted = false;
  const onSignal = (): void => {
    isInterrupted = true;
    void stage.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  let isDone = false;
  try {
    await play(stage, book, init);
    isDone = true;
  } finally {
    if (!isInterrupted) {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      book.printTable();
      if (isDone && init.keep) keep(stage, output);
      else await stage.close();
    }
  }
}

async function play(stage: Stage, book: EvidenceBook, init: DemoInit): Promise<void> {
  const tapFile = stage.path('bob-gate.jsonl');
  await book.step('network', 'an IOTA network', () => startNetwork(stage, init));
  await book.step('publish', 'the mailbox contract, compiled from source', () => publishContract(stage));
  await book.step('issuer', 'an identity service, which issues Verified Human credentials', async () => {
    const [facts] = await Promise.all([
      startService(stage),
      ...fileIssuers.map((name) => createFileIssuer(stage, name)),
    ]);
    return facts;
  });
  const people: { alice?: Person; bob?: Person; bobMailboxId?: string } = {};
  await book.step(
    'people',
    'alice and bob: keys, money, DID, mailbox, prekeys, credential, agent',
    async () => {
      const [a, b] = await Promise.all([
        createMember(stage, 'alice'),
        createMember(stage, 'bob', ['--tap-gate', tapFile]),
      ]);
      Object.assign(people, { alice: a.person, bob: b.person, bobMailboxId: String(b.facts['mailbox']) });
      await Promise.all([shareCard(stage, a.person, [b.person]), shareCard(stage, b.person, [a.person])]);
      return { alice: a.facts, bob: b.facts };
    },
  );
  const { alice, bob, bobMailboxId } = people as Required<typeof people>;
  const story: Story = {
    sessionId: '',
    bobMailboxId,
    waiting: [],
    claimedPayload: new Uint8Array(),
    claimedMessageId: '',
    carol: null,
  };
  await book.step('refused', 'strangers without a valid credential', () =>
    refuseStrangers(stage, bob, alice, tapFile),
  );
  await book.step('gate', 'alice connects', () => passGate(stage, story, alice, bob));
  await book.step('online', '20 messages each way', () => talkOnline(stage, alice, bob));
  await book.step('away', 'bob’s process is killed, alice writes to him', () =>
    leaveMessages(stage, story, alice, bob),
  );
  await book.step('stranger', 'carol, who never met bob, writes to him too', () =>
    firstContact(stage, story, bob, alice),
  );
  await book.step('back', 'bob returns and finds everything', () => comeBack(stage, story, bob));
  await book.step('replay', 'copies are shown once', () => replayOnce(stage, story, alice, bob));
  await book.step('resume', 'bob answers in the same session', () => resumeSession(stage, story, alice, bob));
  await book.step('revoked', 'carol’s credential is revoked while she is connected', () =>
    cutRevoked(stage, story, bob),
  );
}

async function startNetwork(stage: Stage, init: DemoInit): Promise<Facts> {
  if (init.network !== null) {
    stage.network = init.network;
    const chainId = await createIotaClient(init.network.rpcUrl).getChainIdentifier();
    return { rpc: init.network.rpcUrl, chainId, network: 'given' };
  }
  const localnet = stage.start('localnet', ['localnet', '--port', '0', '--faucet-port', '0']);
  const ready = await localnet.waitFor('the network', (line) => 'rpc' in line);
  stage.network = { rpcUrl: String(ready['rpc']), faucetUrl: String(ready['faucet']) };
  return { rpc: ready['rpc'], chainId: ready['chainId'], network: 'embedded', pid: localnet.pid };
}

function keep(stage: Stage, output: Output): void {
  const text = stage.keep();
  if (output.json) {
    output.result({
      step: 'keep',
      ok: true,
      ms: 0,
      dir: stage.dir,
      passphraseFile: stage.passphraseFile,
      howTo: text,
    });
  } else {
    console.log(`\n${text}`);
  }
}
