import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bcs } from '@iota/iota-sdk/bcs';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction } from '@iota/iota-sdk/transactions';
import { requestIotaFromFaucetV0 } from '@iota/iota-sdk/faucet';
import { buildFramework, buildMovePackage, frameworkDirectory } from '@wotid/move-build';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalnet } from '../src/index.ts';
import { bundledFramework } from '../src/framework-file.ts';
import { startWorld } from './zoo.ts';

/** Genesis that depends on nothing but the framework. */
const fixed = { port: 0, faucetPort: 0, seed: 'framework', startTimeMs: 1_750_000_000_000 } as const;
const files = ['move-stdlib', 'iota-framework'] as const;
const modulesType = bcs.vector(bcs.vector(bcs.u8()));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'framework-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Writes packages as IOTA's repository keeps them: a file for each, BCS of its modules. */
async function exported(
  name: string,
  packages: readonly { readonly modules: readonly Uint8Array[] }[],
): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(folder);
  for (const [index, { modules }] of packages.entries()) {
    const bytes = modulesType.serialize(modules.map((module) => [...module])).toBytes();
    await writeFile(join(folder, files[index] as string), bytes);
  }
  return folder;
}

const decoded = (packages: readonly { readonly modules: Readonly<Record<string, string>> }[]) =>
  packages.map(({ modules }) => ({
    modules: Object.values(modules).map((text) => Uint8Array.fromBase64(text)),
  }));

/** A folder with our own framework. */
const ours = async (name: string): Promise<string> =>
  exported(name, decoded((await bundledFramework()).packages));

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'GENESIS_INVALID', message: expect.stringMatching(message) });

const start = (framework: string | URL) => startLocalnet({ ...fixed, framework });

describe('a framework from elsewhere', () => {
  it('is that of a folder or of a running network, byte for byte', async () => {
    await using bundled = await startLocalnet(fixed);
    const folder = await ours('same');
    await using fromFolder = await start(folder);
    await using fromFileUrl = await start(pathToFileURL(folder));
    await using fromNetwork = await start(bundled.rpcUrl);
    await using fromUrl = await start(new URL(fromNetwork.rpcUrl));
    // The chain's id is a digest over all of genesis.
    expect([fromFolder, fromFileUrl, fromNetwork, fromUrl].map(({ chainId }) => chainId)).toEqual(
      Array.from({ length: 4 }, () => bundled.chainId),
    );
  });

  it('runs a network that works, with the packages it has besides', async () => {
    const folder = await ours('more');
    // A third package, made of a module that names itself by another address.
    const text = (await bundledFramework()).packages[0]?.modules['hash'] as string;
    const module = Uint8Array.fromBase64(text);
    const self = module.findLastIndex(
      (_, at) => module.subarray(at, at + 32).toHex() === '1'.padStart(64, '0'),
    );
    module.set(Uint8Array.fromHex('3'.padStart(64, '0')), self);
    await writeFile(join(folder, 'iota-system'), modulesType.serialize([[...module]]).toBytes());
    await using world = await startWorld({ framework: folder });
    const { data } = await world.client.getObject({ id: '0x3', options: { showBcs: true } });
    expect(data?.bcs).toMatchObject({ dataType: 'package', moduleMap: { hash: module.toBase64() } });
    await world.run((tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [5])], '0x5');
    });
    expect((await world.client.getBalance({ owner: '0x5' })).totalBalance).toBe('5');
  });

  it('fails the calls of natives that are missing here, and only those', async () => {
    const packages = decoded((await bundledFramework()).packages);
    const [std, iota] = packages as [(typeof packages)[0], (typeof packages)[0]];
    const renamed = iota.modules.map((module) => {
      const latin1 = Buffer.from(module).toString('latin1');
      return new Uint8Array(Buffer.from(latin1.replace('hmac_sha3_256', 'hmac_sha9_256'), 'latin1'));
    });
    await using world = await startWorld({
      framework: await exported('missing', [std, { modules: renamed }]),
    });
    const call = (tx: Transaction): void => {
      const bytes = tx.pure.vector('u8', [1]);
      tx.moveCall({ target: '0x2::hmac::hmac_sha9_256', arguments: [bytes, bytes] });
    };
    const transaction = new Transaction();
    call(transaction);
    transaction.setSender(world.address);
    transaction.setGasBudget(10_000_000);
    const dry = await world.client.dryRunTransactionBlock({
      transactionBlock: await transaction.build({ client: world.client }),
    });
    expect(dry.effects.status).toEqual({ status: 'failure', error: 'FeatureNotYetSupported in command 0' });
    expect(dry.executionErrorSource).toMatch(/native function 0x0+2::hmac::hmac_sha9_256 is not available/);
    const { effects } = await world.run((tx) => {
      tx.setGasBudget(10_000_000);
      call(tx);
    });
    expect(effects?.status).toEqual({ status: 'failure', error: 'FeatureNotYetSupported in command 0' });
    const next = await world.run((tx) => {
      tx.moveCall({ target: '0x2::hash::keccak256', arguments: [tx.pure.vector('u8', [1])] });
    });
    expect(next.effects?.status).toEqual({ status: 'success' });
  });

  it('may ask the network for what TxContext says, as frameworks from protocol version 23 on do', async () => {
    const sources = join(scratch, 'sources');
    await cp(frameworkDirectory(), sources, { recursive: true });
    const file = join(sources, 'iota-framework/sources/tx_context.move');
    let text = await readFile(file, 'utf8');
    for (const [name, native] of [
      ['sender(self: &TxContext): address { self.sender }', 'native_sender'],
      ['epoch(self: &TxContext): u64 { self.epoch }', 'native_epoch'],
      ['epoch_timestamp_ms(self: &TxContext): u64 { self.epoch_timestamp_ms }', 'native_epoch_timestamp_ms'],
    ] as const) {
      expect(text).toContain(name);
      text = text.replace(name, name.replace('self:', '_self:').replace(/\{.*\}/, `{ ${native}() }`));
    }
    text = text.replace(/let fresh = derive_id[^}]*fresh\n/, 'let _ = ctx;\n    fresh_id()\n');
    await writeFile(
      file,
      `${text}
public fun reference_gas_price(_self: &TxContext): u64 { native_rgp() }
public fun gas_price(_self: &TxContext): u64 { native_gas_price() }
public fun gas_budget(_self: &TxContext): u64 { native_gas_budget() }
public fun ids_created(_self: &TxContext): u64 { native_ids_created() }
public fun sponsors(_self: &TxContext): vector<address> { native_sponsor() }
native fun native_sender(): address;
native fun native_epoch(): u64;
native fun native_epoch_timestamp_ms(): u64;
native fun native_ids_created(): u64;
native fun native_sponsor(): vector<address>;
native fun native_rgp(): u64;
native fun native_gas_price(): u64;
native fun native_gas_budget(): u64;
native fun fresh_id(): address;
`,
    );
    const folder = await exported('today', decoded(await buildFramework(sources)));
    await using world = await startWorld({ framework: folder, startTimeMs: 1_750_000_000_000 });
    const { client, net } = world;
    net.advanceClock(5_000);
    net.advanceEpoch();

    const transaction = new Transaction();
    const facts = ['sender', 'epoch', 'epoch_timestamp_ms', 'reference_gas_price', 'ids_created', 'sponsors'];
    for (const fact of facts) transaction.moveCall({ target: `0x2::tx_context::${fact}` });
    transaction.moveCall({ target: '0x2::tx_context::fresh_object_address' });
    transaction.moveCall({ target: '0x2::tx_context::fresh_object_address' });
    transaction.moveCall({ target: '0x2::tx_context::ids_created' });
    const { results } = await client.devInspectTransactionBlock({
      sender: world.address,
      transactionBlock: transaction,
    });
    const returned = results?.map(({ returnValues }) =>
      Uint8Array.from(returnValues?.[0]?.[0] ?? []).toHex(),
    );
    const number = (value: bigint): string => bcs.u64().serialize(value).toBytes().toHex();
    expect(returned?.slice(0, 6)).toEqual([
      world.address.slice(2),
      number(1n),
      number(net.ledger.epochStartMs),
      number(1_000n),
      number(0n),
      '00',
    ]);
    expect(returned?.[6]).not.toBe(returned?.[7]);
    expect(returned?.[8]).toBe(number(2n));

    // Price, budget and sponsor, told by a transaction that is paid for by another: coins of these amounts for them.
    const sponsor = Ed25519Keypair.generate();
    const sponsorAddress = sponsor.toIotaAddress();
    await requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: sponsorAddress });
    const sponsored = new Transaction();
    const coin = (await client.getCoins({ owner: world.address })).data[0]?.coinObjectId as string;
    const price = sponsored.moveCall({ target: '0x2::tx_context::gas_price' });
    const budget = sponsored.moveCall({ target: '0x2::tx_context::gas_budget' });
    const payers = sponsored.moveCall({ target: '0x2::tx_context::sponsors' });
    const payer = sponsored.moveCall({
      target: '0x1::vector::pop_back',
      typeArguments: ['address'],
      arguments: [payers],
    });
    // A split takes an id of its own between those of Move code: they come from one counter.
    const parts = sponsored.splitCoins(coin, [price, budget]);
    sponsored.transferObjects([parts[0] as never, parts[1] as never], payer);
    sponsored.transferObjects(
      [sponsored.moveCall({ target: '0x2::coin::zero', typeArguments: ['0x2::iota::IOTA'] })],
      payer,
    );
    sponsored.setSender(world.address);
    sponsored.setGasOwner(sponsorAddress);
    sponsored.setGasPrice(1_234n);
    sponsored.setGasBudget(20_000_000n);
    const bytes = await sponsored.build({ client });
    const signatures = await Promise.all(
      [world.keypair, sponsor].map(async (key) => (await key.signTransaction(bytes)).signature),
    );
    const { effects } = await client.executeTransactionBlock({
      transactionBlock: bytes,
      signature: signatures,
      options: { showEffects: true },
    });
    expect(effects?.status).toEqual({ status: 'success' });
    expect(effects?.created).toHaveLength(3);
    const balances = await Promise.all(
      (effects?.created ?? []).map(async ({ owner, reference }) => {
        expect(owner).toEqual({ AddressOwner: sponsorAddress });
        const { data } = await client.getObject({ id: reference.objectId, options: { showContent: true } });
        return (data?.content as { readonly fields?: { readonly balance?: string } } | undefined)?.fields
          ?.balance;
      }),
    );
    expect(balances.sort()).toEqual(['0', '1234', '20000000']);
  });
});

it('says what a publication links to and the network does not have', async () => {
  const sources = join(scratch, 'larger');
  await cp(frameworkDirectory(), sources, { recursive: true });
  await writeFile(
    join(sources, 'iota-framework/sources/novelty.move'),
    'module iota::novelty;\npublic fun made(): u64 { 1 }\n',
  );
  const clock = join(sources, 'iota-framework/sources/clock.move');
  await writeFile(clock, `${await readFile(clock, 'utf8')}\npublic fun era(_clock: &Clock): u64 { 1 }\n`);
  await using world = await startWorld();
  for (const [name, code, missing] of [
    ['module', 'iota::novelty::made()', /0x0*2::novelty/],
    ['function', 'clock.era()', /0x0*2::clock::era/],
  ] as const) {
    const folder = join(scratch, `links-${name}`);
    await mkdir(join(folder, 'sources'), { recursive: true });
    await cp(new URL('../../../move/identity/Move.toml', import.meta.url), join(folder, 'Move.toml'));
    await writeFile(
      join(folder, 'sources/m.move'),
      `module identity::m;\npublic fun f(clock: &iota::clock::Clock): u64 { clock.timestamp_ms() + ${code} }\n`,
    );
    const { modules, dependencies } = await buildMovePackage(folder, { frameworkDir: sources });
    const transaction = new Transaction();
    const cap = transaction.publish({ modules: [...modules], dependencies: [...dependencies] });
    transaction.transferObjects([cap], world.address);
    transaction.setSender(world.address);
    transaction.setGasBudget(1_000_000_000);
    const dry = await world.client.dryRunTransactionBlock({
      transactionBlock: await transaction.build({ client: world.client }),
    });
    expect(dry.effects.status.error).toBe('VMVerificationOrDeserializationError in command 0');
    expect(dry.executionErrorSource).toMatch(missing);
  }
});

describe('what is no framework is refused', () => {
  it('of a folder', async () => {
    await expect(start(join(scratch, 'nowhere'))).rejects.toThrow(refusal(/move-stdlib cannot be read/));
    const folder = await ours('broken');
    const [stdFile, iotaFile] = files.map((name) => join(folder, name)) as [string, string];
    const [stdBytes, iotaBytes] = [await readFile(stdFile), await readFile(iotaFile)];

    await rm(iotaFile);
    await expect(start(folder)).rejects.toThrow(refusal(/iota-framework cannot be read/));
    await writeFile(iotaFile, iotaBytes.subarray(1));
    await expect(start(folder)).rejects.toThrow(refusal(/is not BCS|does not decode/));
    await writeFile(iotaFile, Buffer.concat([iotaBytes, Buffer.of(0)]));
    await expect(start(folder)).rejects.toThrow(refusal(/is not BCS/));
    await writeFile(iotaFile, Buffer.of(0));
    await expect(start(folder)).rejects.toThrow(refusal(/has no modules/));
    await writeFile(iotaFile, Buffer.alloc(5 * 1024 * 1024));
    await expect(start(folder)).rejects.toThrow(refusal(/the limit is/));
    await writeFile(iotaFile, stdBytes);
    await expect(start(folder)).rejects.toThrow(refusal(/are both package/));
    // Which file holds which package is nobody's business.
    await writeFile(stdFile, iotaBytes);
    await (await start(folder)).stop();
  });

  it('of a network', async () => {
    await expect(start('http://127.0.0.1:1')).rejects.toThrow(refusal(/iota_getObject\(0x1\) failed/));
    await expect(start('http://someone:secret@127.0.0.1:1/')).rejects.toThrow(
      expect.objectContaining({
        code: 'GENESIS_INVALID',
        message: expect.not.stringContaining('secret') as string,
      }),
    );
    let answer = '';
    const server = createServer((_request, response) => void response.end(answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      for (const [body, message] of [
        ['<html>', /iota_getObject\(0x1\) failed/],
        ['null', /0x1 is no package/],
        ['{"error":{"code":-32601,"message":"no such method"}}', /no such method/],
        ['{"result":{"error":{"code":"notExists"}}}', /has no package 0x1/],
        ['{"result":{"data":{"bcs":{"dataType":"moveObject"}}}}', /0x1 is no package/],
        ['{"result":{"data":{"bcs":{"dataType":"package","moduleMap":{"a":5}}}}}', /0x1::a is not base64/],
        ['{"result":{"data":{"bcs":{"dataType":"package","moduleMap":{"a":"AAAA"}}}}}', /does not decode/],
        ['{"result":{"data":{"bcs":{"dataType":"package","moduleMap":{}}}}}', /has no modules/],
        [' '.repeat(9 * 1024 * 1024), /longer than/],
      ] as const) {
        answer = body;
        await expect(start(url)).rejects.toThrow(refusal(message));
      }
    } finally {
      server.close();
    }
  });
});
