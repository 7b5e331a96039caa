import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { startLocalnet } from '@wotid/localnet';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  maxArgumentBytes,
  maxPayloadBytes,
  maxPrekeysBytes,
  MailboxClient,
  publishMailboxPackage,
  type MailboxMessage,
  type OwnedMailbox,
  type PublishedPackage,
} from '../src/index.ts';
import { makeClient, makeQueue, publishContract, type Network } from './network.ts';

const bytes = (length: number, seed = 0): Uint8Array =>
  new Uint8Array(length).map((_, index) => (index * 31 + seed) % 256);
const payloadOf = (text: string): Uint8Array => Buffer.from(text);

let network: Network;
let published: PublishedPackage;
/** Owns a mailbox; sends to it. */
let bob: MailboxClient;
let alice: MailboxClient;
let own: OwnedMailbox;

async function collect(client: MailboxClient, mailboxId: string): Promise<MailboxMessage[]> {
  return Array.fromAsync(client.readWaiting(mailboxId));
}

beforeAll(async () => {
  network = await startLocalnet({ port: 0, faucetPort: 0, lockConflicts: true });
  published = await publishContract(await makeQueue(network));
  [alice, bob] = await Promise.all([
    makeClient(network, published.packageId),
    makeClient(network, published.packageId),
  ]);
});
afterAll(() => network?.stop());
beforeEach(async () => {
  own = await bob.createMailbox();
});

describe('publishing', () => {
  it('leaves nothing with which the package could be changed', async () => {
    expect(published.upgradeCapId).toBeNull();
    expect(published.gas.netNanos).toBeGreaterThan(0n);
    const { data } = await bob.client.getObject({
      id: published.packageId,
      options: { showOwner: true, showType: true },
    });
    expect(data).toMatchObject({ owner: 'Immutable', type: 'package' });
  });

  it('keeps the upgrade capability when asked to', async () => {
    const queue = await makeQueue(network);
    const { upgradeCapId, packageId } = await publishContract(queue, true);
    const { data } = await queue.client.getObject({
      id: upgradeCapId!,
      options: { showOwner: true, showContent: true },
    });
    expect(data?.owner).toEqual({ AddressOwner: queue.address });
    expect(data?.content).toMatchObject({ fields: { package: packageId } });
  });

  it('of nothing is refused', async () => {
    const queue = await makeQueue(network);
    const publish = (modules: string[]) =>
      publishMailboxPackage({ queue, modules, dependencies: ['0x1', '0x2'] });
    await expect(publish([])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    await expect(publish([Buffer.from('not Move').toString('base64')])).rejects.toMatchObject({
      code: expect.stringMatching(/EXECUTION_FAILED|RPC_REFUSED/),
    });
  });
});

describe('a mailbox', () => {
  it('is created empty', async () => {
    expect(await alice.mailboxState(own.mailboxId)).toMatchObject({
      mailboxId: own.mailboxId,
      nextIndex: 0n,
      stored: 0n,
      prekeysNumber: 0n,
      retiredEpoch: null,
    });
    expect(await alice.readPrekeys(own.mailboxId)).toBeNull();
    expect(await alice.listWaiting(own.mailboxId)).toEqual({ messages: [], others: [], truncated: false });
    expect(await alice.listStored(own.mailboxId)).toEqual([]);
  });

  it('holds messages of every length until they are claimed, in the order of sending', async () => {
    const lengths = [0, 1, 300, maxArgumentBytes, maxArgumentBytes + 1, 16_384, 50_000, maxPayloadBytes];
    const sent: string[] = [];
    for (const length of lengths) {
      const { messageId } = await alice.sendMessage({
        mailboxId: own.mailboxId,
        payload: bytes(length, length),
      });
      sent.push(messageId);
    }
    const waiting = await collect(bob, own.mailboxId);
    expect(waiting.map((message) => message.objectId)).toEqual(sent);
    expect(waiting.map((message) => message.payload)).toEqual(lengths.map((length) => bytes(length, length)));
    const { claimed, gone, transactions } = await bob.claimAndDelete(own, sent);
    expect({ claimed, gone, count: transactions.length }).toEqual({ claimed: sent, gone: [], count: 1 });
    expect(await collect(bob, own.mailboxId)).toEqual([]);
  });

  it('takes several messages in one transaction, and says which is which', async () => {
    const other = await alice.createMailbox();
    const messages = Array.from({ length: 7 }, (_, index) => ({
      mailboxId: index % 2 === 0 ? own.mailboxId : other.mailboxId,
      payload: bytes(index === 3 ? 20_000 : 100, index),
    }));
    const batches = await Array.fromAsync(alice.sendMessages(messages));
    expect(batches).toHaveLength(1);
    for (const [index, messageId] of batches[0]!.messageIds.entries()) {
      expect((await bob.readMessage(messageId)).payload).toEqual(messages[index]!.payload);
    }
    expect((await bob.listWaiting(own.mailboxId)).messages).toHaveLength(4);
  });

  it('refuses what is too long before a transaction is made', async () => {
    const payload = bytes(maxPayloadBytes + 1);
    const before = await alice.queue.balanceNanos();
    await expect(alice.sendMessage({ mailboxId: own.mailboxId, payload })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      data: { bytes: payload.length, maxPayloadBytes },
    });
    expect(await alice.queue.balanceNanos()).toBe(before);
  });

  it('shows all of more than 50 waiting messages, among objects that are none', async () => {
    const messages = Array.from({ length: 120 }, (_, index) => ({
      mailboxId: own.mailboxId,
      payload: bytes(8, index),
    }));
    const sent = (await Array.fromAsync(alice.sendMessages(messages))).flatMap((batch) => batch.messageIds);
    await alice.queue.execute((tx) => {
      const coins = tx.splitCoins(tx.gas, [1, 2, 3]);
      tx.transferObjects([coins[0]!, coins[1]!, coins[2]!], own.mailboxId);
    });
    const { messages: waiting, others, truncated } = await bob.listWaiting(own.mailboxId);
    expect(new Set(waiting.map((one) => one.objectId))).toEqual(new Set(sent));
    expect(others.map((one) => one.type)).toEqual(
      Array.from({ length: 3 }, () => '0x2::coin::Coin<0x2::iota::IOTA>'),
    );
    expect(truncated).toBe(false);
    const versions = waiting.map((one) => BigInt(one.version));
    expect(versions).toEqual(versions.toSorted((left, right) => Number(left - right)));
    expect(await collect(bob, own.mailboxId)).toHaveLength(120);

    const { claimed, transactions } = await bob.claimAndDelete(own, sent);
    expect(claimed).toHaveLength(120);
    expect(transactions).toHaveLength(3);
    expect((await bob.listWaiting(own.mailboxId)).messages).toEqual([]);
  });

  it('gives its owner the coins that somebody sent to it', async () => {
    await alice.queue.execute((tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [5_000_000n])], own.mailboxId);
    });
    const { others } = await bob.listWaiting(own.mailboxId);
    const before = await bob.queue.balanceNanos();
    const { gas } = await bob.receiveOther(own, others[0]!.objectId);
    expect((await bob.queue.balanceNanos()) - before).toBe(5_000_000n - gas.netNanos);
    await expect(bob.receiveOther(own, others[0]!.objectId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deposits', () => {
  it('are paid by the sender and come to the one who deletes', async () => {
    const before = { alice: await alice.queue.balanceNanos(), bob: await bob.queue.balanceNanos() };
    const { gas: cost, messageId } = await alice.sendMessage({
      mailboxId: own.mailboxId,
      payload: bytes(2_000),
    });
    const { transactions } = await bob.claimAndDelete(own, [messageId]);
    const [{ gas: gain }] = transactions as [(typeof transactions)[0]];
    // 7,600 NANOS a byte: object overhead 88, contents 32 + 2 + 2,000, and the type.
    expect(cost.storageNanos - cost.rebateNanos).toBeGreaterThan(7_600n * 2_122n);
    expect(cost.netNanos).toBe(cost.computationNanos + cost.storageNanos - cost.rebateNanos);
    expect(gain.netNanos).toBeLessThan(0n);
    expect(-gain.netNanos).toBe(cost.storageNanos - cost.rebateNanos - gain.computationNanos);
    expect(await alice.queue.balanceNanos()).toBe(before.alice - cost.netNanos);
    expect(await bob.queue.balanceNanos()).toBe(before.bob - gain.netNanos);
  });
});

describe('claiming', () => {
  const send = async (count: number): Promise<readonly string[]> => {
    const messages = Array.from({ length: count }, (_, index) => ({
      mailboxId: own.mailboxId,
      payload: bytes(5, index),
    }));
    return (await Array.fromAsync(alice.sendMessages(messages))).flatMap((batch) => batch.messageIds);
  };

  it('skips what is gone, and does nothing when all of it is', async () => {
    const ids = await send(3);
    await bob.claimAndDelete(own, [ids[1]!]);
    const result = await bob.claimAndDelete(own, [...ids, ids[0]!, published.packageId, own.mailboxId]);
    expect(result).toMatchObject({
      claimed: [ids[0], ids[2]],
      gone: [ids[1], published.packageId, own.mailboxId],
    });
    expect(await bob.claimAndDelete(own, ids)).toEqual({ claimed: [], gone: ids, transactions: [] });
    expect(await bob.claimAndDelete(own, [])).toEqual({ claimed: [], gone: [], transactions: [] });
  });

  it('leaves what is stored, or waits for somebody else', async () => {
    const [kept, waiting] = await send(2);
    await bob.claimAndStore(own, [kept!]);
    const other = await bob.createMailbox();
    const { messageId } = await alice.sendMessage({ mailboxId: other.mailboxId, payload: bytes(1) });
    expect(await bob.claimAndDelete(own, [kept!, messageId, waiting!])).toMatchObject({
      claimed: [waiting],
      gone: [kept, messageId],
    });
    expect((await bob.listWaiting(other.mailboxId)).messages).toHaveLength(1);
    expect(await bob.listStored(own.mailboxId)).toHaveLength(1);
  });

  it('of the same messages twice at once takes each once, without an error', async () => {
    const ids = await send(60);
    const [left, right] = await Promise.all([bob.claimAndDelete(own, ids), bob.claimAndDelete(own, ids)]);
    expect([...left.claimed, ...right.claimed].toSorted()).toEqual([...ids].toSorted());
  });

  it('by two processes with one key loses nothing', async () => {
    // Two queues on one address cannot see each other: what must not happen, and locks the capability when it does.
    const signer = new Ed25519Keypair();
    const carol = await makeClient(network, published.packageId, signer);
    const rival = new MailboxClient({ client: carol.client, signer, packageId: published.packageId });
    const theirs = await carol.createMailbox();
    const messages = Array.from({ length: 6 }, (_, index) => ({
      mailboxId: theirs.mailboxId,
      payload: bytes(5, index),
    }));
    const ids = (await Array.fromAsync(alice.sendMessages(messages))).flatMap((batch) => batch.messageIds);
    const results = await Promise.allSettled([
      carol.claimAndDelete(theirs, ids.slice(0, 4)),
      rival.claimAndDelete(theirs, ids.slice(2)),
    ]);
    const claimed = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.claimed : []));
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OBJECT_RACE' });
    }
    expect(new Set(claimed).size).toBe(claimed.length);
    const left = (await carol.listWaiting(theirs.mailboxId)).messages.map((message) => message.objectId);
    expect([...claimed, ...left].toSorted()).toEqual([...ids].toSorted());
  });

  it('needs the capability of this mailbox, at this address', async () => {
    const ids = await send(1);
    const mallory = await makeClient(network, published.packageId);
    const theirs = await mallory.createMailbox();
    const attempts: [MailboxClient, OwnedMailbox][] = [
      [mallory, { mailboxId: own.mailboxId, capId: theirs.capId }],
      [mallory, own],
      [bob, { ...own, capId: theirs.capId }],
      [bob, { ...own, capId: own.mailboxId }],
    ];
    for (const [client, mailbox] of attempts) {
      await expect(client.claimAndDelete(mailbox, ids)).rejects.toMatchObject({ code: 'CAP_MISMATCH' });
    }
    expect((await bob.claimAndDelete(own, ids)).claimed).toEqual(ids);
  });

  it('by a client that does not check is refused by the contract itself', async () => {
    const [id] = await send(1);
    const mallory = await makeClient(network, published.packageId);
    const theirs = await mallory.createMailbox();
    const claim = mallory.queue.execute((tx) => {
      tx.moveCall({
        target: mallory.types.target('claim_and_delete'),
        arguments: [tx.object(own.mailboxId), tx.object(theirs.capId), tx.object(id!)],
      });
    });
    await expect(claim).rejects.toMatchObject({
      code: 'EXECUTION_FAILED',
      data: { charged: false, failure: { abort: { module: 'mailbox', code: 0n } } },
    });
  });
});

describe('storing', () => {
  it('keeps messages in the mailbox under numbers until they are deleted', async () => {
    const payloads = ['one', 'two', 'three'].map(payloadOf);
    const sent = await Array.fromAsync(
      alice.sendMessages(payloads.map((payload) => ({ mailboxId: own.mailboxId, payload }))),
    );
    const ids = sent.flatMap((batch) => batch.messageIds);
    expect((await bob.claimAndStore(own, ids)).claimed).toEqual(ids);
    expect((await bob.listWaiting(own.mailboxId)).messages).toEqual([]);

    const stored = await alice.listStored(own.mailboxId);
    expect(stored.map(({ index, objectId }) => [index, objectId])).toEqual(
      ids.map((id, index) => [BigInt(index), id]),
    );
    expect((await alice.readStored(stored)).map((message) => message.payload)).toEqual(
      payloads.map((one) => Uint8Array.from(one)),
    );

    const { gas } = await bob.deleteStored(own, [0n, 2n]);
    expect(gas.netNanos).toBeLessThan(0n);
    expect((await bob.listStored(own.mailboxId)).map((one) => one.index)).toEqual([1n]);
    expect(await bob.mailboxState(own.mailboxId)).toMatchObject({ stored: 1n, nextIndex: 3n });
    await expect(bob.deleteStored(own, [1n, 2n])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      data: { abortName: 'EMessageNotStored' },
    });
    expect(await bob.listStored(own.mailboxId)).toHaveLength(1);
    await expect(bob.deleteStored(own, [])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    expect((await bob.readStored(stored)).map((message) => message.objectId)).toEqual([ids[1]]);
  });
});

describe('prekeys', () => {
  it('are replaced under rising numbers, and anybody reads them', async () => {
    expect(await bob.publishPrekeys(own, bytes(6_000, 1))).toMatchObject({ number: 1n });
    expect(await alice.readPrekeys(own.mailboxId)).toEqual({ number: 1n, bytes: bytes(6_000, 1) });
    const { number, gas } = await bob.publishPrekeys(own, bytes(maxPrekeysBytes, 2));
    expect(number).toBe(2n);
    expect(gas.rebateNanos).toBeGreaterThan(7_600n * 6_000n);
    expect(await alice.readPrekeys(own.mailboxId)).toEqual({ number: 2n, bytes: bytes(maxPrekeysBytes, 2) });
    expect(await alice.mailboxState(own.mailboxId)).toMatchObject({ prekeysNumber: 2n });
  });

  it('of a number that is not the next, or too large, are refused', async () => {
    await bob.publishPrekeys(own, bytes(10), { number: 1n });
    for (const number of [0n, 1n, 3n, 2n ** 64n - 1n]) {
      await expect(bob.publishPrekeys(own, bytes(10), { number })).rejects.toMatchObject({
        code: 'EXECUTION_FAILED',
        data: { abortName: 'EPrekeysNumberNotNext', charged: false },
      });
    }
    await expect(bob.publishPrekeys(own, bytes(maxPrekeysBytes + 1))).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    expect(await alice.readPrekeys(own.mailboxId)).toMatchObject({ number: 1n });
  });
});

describe('the end of a mailbox', () => {
  it('is announced: senders refuse to post, the owner still claims', async () => {
    const { messageId } = await alice.sendMessage({ mailboxId: own.mailboxId, payload: bytes(1) });
    await bob.retire(own);
    expect((await alice.mailboxState(own.mailboxId)).retiredEpoch).not.toBeNull();
    await expect(alice.sendMessage({ mailboxId: own.mailboxId, payload: bytes(1) })).rejects.toMatchObject({
      code: 'RETIRED',
    });
    await expect(bob.retire(own)).rejects.toMatchObject({ code: 'RETIRED' });
    await expect(bob.publishPrekeys(own, bytes(1))).rejects.toMatchObject({ code: 'RETIRED' });
    expect((await bob.claimAndDelete(own, [messageId])).claimed).toEqual([messageId]);
  });

  it('is not sudden', async () => {
    await expect(bob.close(own)).rejects.toMatchObject({ data: { abortName: 'EMailboxNotRetired' } });
    await bob.retire(own);
    await expect(bob.close(own)).rejects.toMatchObject({ data: { abortName: 'ERetiredTooRecently' } });
  });

  it('comes 30 epochs after its retirement, and gives the deposits of mailbox, prekeys and cap back', async () => {
    await bob.publishPrekeys(own, bytes(3_000));
    await bob.retire(own);
    for (let epoch = 0; epoch < 29; epoch++) network.advanceEpoch();
    await expect(bob.close(own)).rejects.toMatchObject({ data: { abortName: 'ERetiredTooRecently' } });
    network.advanceEpoch();
    const { gas } = await bob.close(own);
    expect(gas.netNanos).toBeLessThan(-20_000_000n);
    await expect(alice.mailboxState(own.mailboxId)).rejects.toMatchObject({ code: 'NOT_A_MAILBOX' });
    await expect(alice.sendMessage({ mailboxId: own.mailboxId, payload: bytes(1) })).rejects.toMatchObject({
      code: 'NOT_A_MAILBOX',
    });
    for (const id of [own.mailboxId, own.capId]) {
      expect((await bob.client.getObject({ id })).error).toMatchObject({ code: 'deleted' });
    }
    expect((await bob.client.getDynamicFields({ parentId: own.mailboxId })).data).toEqual([]);
    expect(await collect(alice, own.mailboxId)).toEqual([]);
  });
});

describe('addresses of no mailbox', () => {
  it('are never posted to', async () => {
    const foreign = new MailboxClient({ queue: alice.queue, packageId: own.mailboxId });
    const payload = bytes(1);
    await expect(foreign.sendMessage({ mailboxId: own.mailboxId, payload })).rejects.toMatchObject({
      code: 'WRONG_PACKAGE',
    });
    for (const mailboxId of [
      own.capId,
      published.packageId,
      `0x${'9'.repeat(64)}`,
      '0x6',
      alice.queue.address,
    ]) {
      await expect(alice.sendMessage({ mailboxId, payload })).rejects.toMatchObject({
        code: 'NOT_A_MAILBOX',
      });
    }
    const messages = [
      { mailboxId: own.mailboxId, payload },
      { mailboxId: own.capId, payload },
    ];
    await expect(Array.fromAsync(alice.sendMessages(messages))).rejects.toMatchObject({
      code: 'NOT_A_MAILBOX',
    });
    expect((await bob.listWaiting(own.mailboxId)).messages).toEqual([]);
  });
});
