/** The page: a person on the portable provider who passes the gate of a person in Node and talks with them. */
import { NobleProvider } from '@wotid/crypto/portable';
import { holderOf, nodePeerId, pagePeerId, Talker } from './talker.ts';

/** What the page has seen. */
export interface PageReport {
  readonly did: string;
  readonly peerDid: string;
  readonly sid: string;
  readonly level: number;
  readonly heard: readonly string[];
  readonly messageCount: number;
}

/** One POST: bytes there, bytes back. */
async function ask(path: string, body: Uint8Array): Promise<Uint8Array> {
  const response = await fetch(path, { method: 'POST', body: new Uint8Array(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Runs the gate, then `messages` messages, half of them each way. */
export async function talk(messages: number): Promise<PageReport> {
  const provider = new NobleProvider();
  const issuerBlock = await ask('/issuer', new Uint8Array(0));
  const talker = new Talker({ provider, did: 'did:example:page', issuerBlock, nowMs: () => Date.now() });
  const credential = await ask('/issue', holderOf(provider, talker).idFp);

  const gate = talker.initiator(credential, [pagePeerId, nodePeerId]);
  let step = gate.start();
  while (step.done === undefined) {
    if (step.terminate !== undefined) throw new Error(`the gate is closed: ${step.terminate.reason}`);
    step = await gate.receive(await ask('/gate', step.send[0] as Uint8Array));
  }
  for (let at = 0; at < messages / 2; at++) {
    talker.hear(await ask('/message', talker.say(`message ${at} from the page`)));
  }
  const { did, level } = step.done;
  return {
    did: talker.own.block.did,
    peerDid: did,
    sid: talker.session?.sid.toHex() ?? '',
    level,
    heard: talker.heard,
    messageCount: talker.session?.messageCount ?? 0,
  };
}

Object.assign(globalThis, { talk });
