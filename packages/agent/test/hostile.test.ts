import { concatBytes } from '@wotid/core';
import { gateCodes, messageTypes, newMessageId, sealMessage, type Session } from '@wotid/session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateObservation } from '../src/index.ts';
import { failure, makeIssuer, meet, Network, provider, text, type Person } from './people.ts';
import { RawPeer } from './raw-peer.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const bystander = { mailbox: false, funded: false } as const;

/** Handles of sockets and timers that keep the process going. */
const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.includes('TCP')).length;

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error('it never became so');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('strangers at the gate', () => {
  it('see M2 and Terminate with one code, whatever is wrong with their credential', async () => {
    const observed: GateObservation[] = [];
    const bob = await network.person({ ...bystander, observeGate: (one) => void observed.push(one) });
    const alice = await network.person(bystander);
    const untrusted = await network.person({ ...bystander, credential: false });
    const presentation = async (of: Person, init = {}): Promise<Uint8Array> => {
      const { unarmor, armorLabels } = await import('../src/index.ts');
      return unarmor(armorLabels.credential, await network.credentialFor(of, init));
    };
    const stranger = await network.person(bystander);
    await stranger.agent.addContact(bob.card);
    await untrusted.agent.addContact(bob.card);
    const year = 365 * 86_400_000;
    const tries = [
      [new Uint8Array(), 'VC_MALFORMED'],
      [await presentation(stranger, { issuer: makeIssuer() }), 'VC_ISSUER'],
      [await presentation(stranger, { fromMs: Date.now() - year }), 'VC_EXPIRED'],
      [await presentation(stranger, { fromMs: Date.now() + year }), 'VC_EXPIRED'],
      [await presentation(alice), 'VC_SUBJECT'],
      [crypto.getRandomValues(new Uint8Array(5_000)), 'VC_MALFORMED'],
    ] as const;
    for (const [shown, name] of tries) {
      await expect(stranger.agent.connect(bob.did, { presentation: shown })).rejects.toMatchObject({
        code: 'GATE_REFUSED',
        data: { wireCode: gateCodes.VC_MALFORMED, by: 'peer' },
      });
      await bob.until(({ refused }) => refused.at(-1)?.name === name);
    }
    expect(bob.events.refused.map((refusal) => refusal.wireCode)).toEqual(
      tries.map(() => gateCodes.VC_MALFORMED),
    );
    const sent = observed.filter(({ direction }) => direction === 'sent');
    expect(sent.map(({ name }) => name)).toEqual(tries.flatMap(() => ['M2', 'Terminate']));
    const bytes = Buffer.concat(sent.map(({ plaintext }) => plaintext));
    for (const secret of [bob.did, bob.agent.status().fingerprint!, bob.agent.peerId]) {
      expect(bytes.includes(secret)).toBe(false);
    }
    expect(bob.agent.status().sessions).toBe(0);
    expect(bob.agent.contacts()).toEqual([]);
    // The same person is welcome with the right credential.
    expect(await stranger.agent.connect(bob.did)).toMatchObject({ level: 3 });
    expect(await failure(untrusted.agent.connect(bob.did))).toBe('NO_CREDENTIAL');
  });

  it('are let in by nobody who has no credential, and by nobody who has ceased to trust their issuer', async () => {
    const [alice, bob] = await Promise.all([
      network.person(bystander),
      network.person({ ...bystander, credential: false }),
    ]);
    await meet(alice, bob);
    await expect(alice.agent.connect(bob.did)).rejects.toMatchObject({
      data: { wireCode: gateCodes.POLICY },
    });
    await bob.agent.credential.import(await network.credentialFor(bob));
    await alice.agent.connect(bob.did);
    expect(bob.agent.trust.remove(network.issuer.did)).toEqual({ removed: true });
    // The link ends at once, and so does the next gate.
    expect(await bob.until(({ distrusted }) => distrusted.at(-1))).toMatchObject({
      did: alice.did,
      name: 'ISSUER',
    });
    await alice.until(({ peer }) => peer.at(-1)?.state === 'disconnected');
    expect(await failure(alice.agent.send(bob.did, text('1')))).toMatch(/^NOT_DELIVERED/);
    expect(bob.texts).toEqual([]);
    await expect(alice.agent.connect(bob.did)).rejects.toMatchObject({
      data: { wireCode: gateCodes.VC_MALFORMED },
    });
    expect(bob.events.refused.at(-1)?.name).toBe('VC_ISSUER');
  });

  it('are limited: five tries a minute of one node, and the rest is told RATE', async () => {
    const bob = await network.person({ ...bystander, gateLimits: { exemptLoopback: false } });
    const mallory = await RawPeer.start(network);
    mallory.credential = new Uint8Array(10);
    const codes = [];
    for (let i = 0; i < 7; i++) codes.push((await mallory.gate(bob)).refused?.wireCode);
    expect(codes).toEqual([...Array(5).fill(gateCodes.VC_MALFORMED), gateCodes.RATE, gateCodes.RATE]);
    await mallory.transport.close();
  });
});

describe('a peer that breaks the rules', () => {
  it('at any point of the gate leaves nothing behind, and others are served meanwhile', async () => {
    const [alice, bob] = await Promise.all([network.person(bystander), network.person(bystander)]);
    await meet(alice, bob);
    const mallory = await RawPeer.start(network);
    await mallory.gate(bob);
    const before = sockets();
    const random = (frame: Uint8Array): Uint8Array => crypto.getRandomValues(new Uint8Array(frame.length));
    const flipped = (frame: Uint8Array): Uint8Array => {
      const copy = frame.slice();
      copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
      return copy;
    };
    for (const at of [0, 1, 2]) {
      for (const damage of [
        random,
        flipped,
        () => new Uint8Array(),
        (frame: Uint8Array) => frame.slice(0, -1),
      ]) {
        const end = await mallory
          .gate(bob, { change: (frame, index) => (index === at ? damage(frame) : frame) })
          .catch(() => undefined);
        expect(end?.passed ?? false).toBe(false);
      }
      for (const leave of ['close', 'abort', 'hang up'] as const) {
        const { stream, connection } = await mallory.gate(bob, { stopAfter: at + 1 });
        if (leave === 'close') await stream.close();
        if (leave === 'abort') stream.abort('gone');
        if (leave === 'hang up') await connection.close();
      }
      // Frames that nobody asked for.
      const { stream } = await mallory.gate(bob, { stopAfter: at + 1 });
      for (let i = 0; i < 20; i++) stream.send(random(new Uint8Array(60_000))).catch(() => {});
    }
    expect((await alice.agent.send(bob.did, text('still here'))).route).toBe('p2p');
    await mallory.transport.close();
    await until(() => sockets() <= before + 4);
    expect(bob.agent.status().inbox).toBe(1);
  });

  it('stalls in all gates that there are: the rest is told RATE, friends are served, and all places come back', async () => {
    const [alice, bob] = await Promise.all([
      network.person(bystander),
      network.person({ ...bystander, gateLimits: { concurrent: 8 } }),
    ]);
    await meet(alice, bob);
    await alice.agent.connect(bob.did);
    const mallory = await RawPeer.start(network);
    const streams = [];
    for (let i = 0; i < 12; i++) streams.push(await mallory.transport.openGate(await mallory.dial(bob)));
    const told = await Promise.all(streams.slice(8).map((stream) => stream.receive({ timeoutMs: 2_000 })));
    for (const frame of told) expect(frame.at(-1)).toBe(gateCodes.RATE);
    expect(bob.events.refused.map(({ name }) => name)).toEqual(Array(4).fill('RATE'));
    expect((await alice.agent.send(bob.did, text('through'))).route).toBe('p2p');
    await mallory.transport.close();
    await until(() => bob.logs.filter((line) => line.includes('gate.ended')).length === 8);
    const honest = await RawPeer.start(network);
    expect((await honest.gate(bob)).passed).toBe(true);
    await honest.transport.close();
  });

  it('connects and opens no gate: loses its connection; one with a link keeps it', async () => {
    const [alice, bob] = await Promise.all([
      network.person(bystander),
      network.person({ ...bystander, gatelessMs: 400 }),
    ]);
    await meet(alice, bob);
    await alice.agent.connect(bob.did);
    const mallory = await RawPeer.start(network);
    const idle = await mallory.dial(bob);
    await until(() => !idle.isOpen);
    expect(bob.logs.some((line) => line.includes('link.no-gate'))).toBe(true);
    expect((await alice.agent.send(bob.did, text('hello'))).route).toBe('p2p');
    expect(alice.events.peer).toHaveLength(1);
    await mallory.transport.close();
  });

  it('passes the gate and sends garbage: a few are borne, then the link ends; strangers get no message stream', async () => {
    const bob = await network.person(bystander);
    const mallory = await RawPeer.start(network);
    const early = await mallory.dial(bob);
    const refused = await mallory.transport.openMessages(early);
    await expect(refused.receive()).rejects.toMatchObject({ code: 'STREAM_CLOSED' });
    const { connection } = await mallory.gate(bob);
    const stream = await mallory.transport.openMessages(connection);
    const at = { nowMs: Date.now(), route: 'online' } as const;
    const good = sealMessage(
      provider,
      mallory.session as Session,
      {
        type: messageTypes.text,
        payload: new TextEncoder().encode('fine'),
        messageId: newMessageId(provider.random),
        seq: 1,
        sentAtMs: Date.now(),
        ackSeq: 4_000_000_000,
      },
      at,
    ).envelope;
    for (let i = 0; i < 10; i++) await stream.send(crypto.getRandomValues(new Uint8Array(500)));
    await stream.send(good);
    for (let i = 0; i < 10; i++) await stream.send(concatBytes(good));
    await bob.until(({ message }) => message.length === 1);
    for (let i = 0; i < 20; i++) await stream.send(new Uint8Array(i)).catch(() => {});
    await until(() => !connection.isOpen);
    expect(bob.texts).toEqual(['fine']);
    await bob.until(({ peer }) => peer.at(-1)?.state === 'disconnected');
    await mallory.transport.close();
  });

  it('takes messages and never acknowledges: they go to its mailbox, with the same id', async () => {
    const alice = await network.person({ ackTimeoutMs: 300 });
    const mallory = await RawPeer.start(network, ['/ip4/127.0.0.1/tcp/0']);
    mallory.answerAndIgnore();
    const owner = await network.stranger();
    const { mailboxId } = await owner.createMailbox();
    const { chainId } = network.localnet;
    await alice.agent.addContact(mallory.card({ chainId, packageId: network.packageId, mailboxId }));
    const deliveries = await Promise.all(
      ['1', '2'].map((one) => alice.agent.send(mallory.ours.block.did, text(one))),
    );
    expect(deliveries.map(({ route }) => route)).toEqual(['mailbox', 'mailbox']);
    expect((await owner.listWaiting(mailboxId)).messages).toHaveLength(2);
    expect(alice.agent.status()).toMatchObject({ toSend: 0, sessions: 1 });
    await mallory.transport.close();
  });
});
