/** Credentials that are shown while their checks take their time: what changes meanwhile, and how many there may be. */
import { createIssuer, createLocalSigner } from '@wotid/credential';
import { IdentityKeys } from '@wotid/crypto';
import { encodePresentation, type OwnIdentity } from '@wotid/session';
import { expect, it } from 'vitest';
import { Admission } from '../src/admission.ts';
import { Contacts } from '../src/contacts.ts';
import { AgentDidResolver } from '../src/did-resolver.ts';
import { PeerQueue } from '../src/peer-queue.ts';
import { Presentations } from '../src/presentations.ts';
import type { InboxMessage, PresentationReport } from '../src/types.ts';
import { createHome } from './home/homes.ts';
import { clock, keeperOf, provider, someone } from './parts.ts';

const issuerKeys = IdentityKeys.generate(provider);
const issuer = createIssuer({
  provider,
  signer: createLocalSigner({ provider, ed25519: issuerKeys.ed25519, mlDsa87: issuerKeys.mlDsa87 }),
  statusOrigin: 'https://issuer.example',
});
async function credentialOf({ block, idFp }: OwnIdentity): Promise<Uint8Array> {
  const { bytes } = await issuer.issueCredential('wotid_hybrid', {
    subjectDid: block.did,
    idFp,
    nowMs: clock.nowMs(),
    validForMs: 86_400_000,
    status: { statusListCredential: 'https://issuer.example/status/1', statusListIndex: 1 },
    evidence: [{ method: 'test', policy: 'none' }],
  });
  return bytes;
}

/** Somebody's presentations, with an issuer whose status list comes when the test says so. */
async function atHome() {
  const home = await createHome();
  const alice = someone();
  const asked: PromiseWithResolvers<boolean>[] = [];
  const resolver = new AgentDidResolver({ clock, reader: null, isTrustedIssuer: () => false });
  const admission = new Admission({
    provider,
    clock,
    resolver,
    trustedIssuers: () => [issuer.trustedIssuer],
    status: {
      isRevoked: () => {
        const answer = Promise.withResolvers<boolean>();
        asked.push(answer);
        return answer.promise;
      },
    },
  });
  const nothing = (): void => {};
  const common = { home, provider, clock, ours: alice };
  const contacts = new Contacts({ ...common, admission, onNewKeys: nothing, onChanged: nothing });
  const keeper = keeperOf(home, alice);
  const reports: PresentationReport[] = [];
  const logs: string[] = [];
  const log = (event: string): void => void logs.push(event);
  const presentations = new Presentations({
    provider,
    logger: { debug: log, info: log, warn: log, error: log },
    admission,
    contacts,
    keeper,
    credential: () => null,
    send: () => Promise.reject(new Error('nothing is sent here')),
    onPresentation: (report) => reports.push(report),
  });
  return { home, contacts, asked, reports, logs, presentations };
}

const showing = ({ block }: OwnIdentity, credential: Uint8Array): InboxMessage => ({
  position: 1,
  messageId: '00'.repeat(16),
  from: block.did,
  type: 'presentation',
  payload: encodePresentation(credential),
  seq: 1,
  sentAtMs: 0,
  receivedAtMs: 0,
  route: 'p2p',
  replyTo: null,
  isSigned: true,
});

it('keys that a contact has replaced during the check do not come back with it', async () => {
  const { contacts, asked, presentations } = await atHome();
  const before = someone();
  const after = someone(before.block.did);
  const credential = await credentialOf(before);
  contacts.remember(before, credential, 3);
  const check = presentations.check(showing(before, credential));
  await expect.poll(() => asked.length).toBe(1);
  contacts.remember(after, new Uint8Array([2]), 3);
  asked[0]!.resolve(false);
  expect(await check).toMatchObject({ isAccepted: false, credential: null, reason: /keys/ });
  expect(contacts.identity(before.block.did)?.idFp).toEqual(after.idFp);
});

it('checks of one peer run one after the other, those above the limit not at all', async () => {
  const { contacts, asked, reports, logs, presentations } = await atHome();
  const [bob, carol] = [someone(), someone()];
  const credentials = await Promise.all([credentialOf(bob), credentialOf(carol)]);
  contacts.remember(bob, credentials[0], 3);
  contacts.remember(carol, credentials[1], 3);
  for (let k = 0; k < 100; k++) presentations.receive(showing(bob, credentials[0]));
  presentations.receive(showing(carol, credentials[1]));
  // Carol does not wait for Bob's.
  await expect.poll(() => asked.length).toBe(2);
  await expect.poll(() => logs.length).toBe(96);
  for (let k = 0; k < 5; k++) {
    await expect.poll(() => asked.length).toBeGreaterThan(k);
    asked[k]!.resolve(false);
  }
  await expect.poll(() => reports.length).toBe(5);
  expect(new Set(reports.map(({ isAccepted }) => isAccepted))).toEqual(new Set([true]));
  expect(asked).toHaveLength(5);
});

it('a queue takes no more than its limits, in order, and goes on after what fails', async () => {
  const queue = new PeerQueue({ perPeer: 2, inTotal: 3 });
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work =
    (name: string, fails = false) =>
    async (): Promise<void> => {
      await gate.promise;
      done.push(name);
      if (fails) throw new Error(name);
    };
  const codes = (runs: readonly Promise<void>[]) =>
    Promise.all(
      runs.map((run) =>
        run.then(
          () => 'done',
          (error: { code?: string }) => error.code ?? 'failed',
        ),
      ),
    );
  const first = codes([
    queue.run('a', work('a1', true)),
    queue.run('a', work('a2')),
    queue.run('a', work('a3')),
    queue.run('b', work('b1')),
    queue.run('c', work('c1')),
  ]);
  gate.resolve();
  expect(await first).toEqual(['failed', 'done', 'BUSY', 'done', 'BUSY']);
  expect(done.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2']);
  expect(await codes([queue.run('c', work('c2')), queue.run('a', work('a4'))])).toEqual(['done', 'done']);
});
