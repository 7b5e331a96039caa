/**
 * What strangers can send to the network, damaged at random: transactions, modules, calls. Nothing may come of it but
 * refusals, failed transactions and ordinary results; the state goes back to where it was before it can grow.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { bcs } from '@iota/iota-sdk/bcs';
import { decodeIotaPrivateKey } from '@iota/iota-sdk/cryptography';
import { Transaction } from '@iota/iota-sdk/transactions';
import { silentLogger } from '@wotid/core';
import { Dice, mutate, type FuzzTarget } from '@wotid/testkit';
import { LedgerError, type Ledger } from '../../src/ledger/index.ts';
import { blake2b256 } from '../../src/ledger/hashing.ts';
import { createRpcApp } from '../../src/rpc/http.ts';
import { createDispatcher, methods } from '../../src/rpc/index.ts';
import {
  build,
  clockInput,
  coins,
  input,
  made,
  program,
  publish,
  ref,
  succeed,
  ticket,
} from '../ledger/support.ts';
import { world, type Person, type World } from '../ledger/support.ts';

/** Runs between two returns to the first state. */
const RUNS_PER_SNAPSHOT = 500;

interface Prepared {
  readonly w: World;
  readonly transactions: readonly Uint8Array[];
  readonly modules: readonly Uint8Array[];
  readonly dependencies: readonly string[];
}

/** A network with something of everything, and honest transactions to damage. */
async function prepare(): Promise<Prepared> {
  const w = await world();
  const { ledger, alice, bob } = w;
  const { modules, dependencies } = await program('objects');
  const { id: pkg } = await publish(w);
  const call = (name: string) => `${pkg}::objects::${name}`;
  const born = await succeed(ledger, alice, (tx) => {
    const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(5n)] });
    const box = tx.moveCall({ target: call('empty_box') });
    tx.moveCall({ target: call('add_field'), arguments: [box, tx.pure.u64(1n), tx.pure.u64(2n)] });
    tx.moveCall({ target: call('share_counter') });
    tx.transferObjects([thing, box], alice.address);
  });
  const [thing, box, counter] = [made(born, 'Thing'), made(born, 'Box'), made(born, 'Counter')];
  const sent = await succeed(ledger, alice, (tx) => {
    const gift = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(9n)] });
    tx.transferObjects([gift], box.id);
  });
  const honest: readonly ((tx: Transaction) => void)[] = [
    (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1, 2, 3])], bob.address),
    (tx) => tx.mergeCoins(tx.gas, [input(tx, ledger, coins(ledger, alice.address)[1]!.id)]),
    (tx) => tx.moveCall({ target: call('set'), arguments: [input(tx, ledger, thing.id), tx.pure.u64(7n)] }),
    (tx) =>
      tx.moveCall({
        target: call('wrap'),
        arguments: [input(tx, ledger, box.id), input(tx, ledger, thing.id)],
      }),
    (tx) => tx.moveCall({ target: call('increment'), arguments: [input(tx, ledger, counter.id)] }),
    (tx) => tx.moveCall({ target: call('tick'), arguments: [clockInput(tx)] }),
    (tx) => tx.moveCall({ target: call('emit_many'), arguments: [tx.pure.u64(3n)] }),
    (tx) =>
      tx.moveCall({
        target: call('set_field'),
        arguments: [input(tx, ledger, box.id), tx.pure.u64(1n), tx.pure.u64(2n)],
      }),
    (tx) => {
      const got = tx.moveCall({
        target: call('receive'),
        arguments: [input(tx, ledger, box.id), ticket(tx, made(sent, 'Thing'))],
      });
      tx.moveCall({ target: call('delete'), arguments: [got] });
    },
    (tx) => {
      const elements = [1n, 2n].map((value) =>
        tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(value)] }),
      );
      const all = tx.makeMoveVec({ type: `${pkg}::objects::Thing`, elements });
      tx.moveCall({ target: call('delete_all'), arguments: [all] });
    },
    (tx) => {
      const cap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
      tx.transferObjects([cap], alice.address);
    },
  ];
  const transactions: Uint8Array[] = [];
  for (const fill of honest) {
    const tx = new Transaction();
    fill(tx);
    transactions.push(await build(ledger, alice, tx));
  }
  return { w, transactions, modules: modules.map((one) => Uint8Array.fromBase64(one)), dependencies };
}

/** Signs anything, also what is no transaction; OpenSSL, as the SDK would take most of the run. */
function signer({ key }: Person): (bytes: Uint8Array) => Uint8Array {
  const { secretKey } = decodeIotaPrivateKey(key.getSecretKey());
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = key.getPublicKey().toRawBytes();
  return (bytes) =>
    Buffer.concat([
      Uint8Array.of(0),
      sign(null, blake2b256(Uint8Array.of(0, 0, 0), bytes), privateKey),
      publicKey,
    ]);
}

/** Lets refusals pass. What a ledger calls its own bug is one, and whatever is no refusal at all. */
async function refusalIsFine(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    if (error.code === 'INTERNAL' || error.code === 'CONSERVATION_VIOLATED') throw error;
  }
}

/** Goes back to the first state now and then, and checks that it is the first state. */
function rewinding(ledger: Ledger): (run: number) => void {
  const snapshot = ledger.snapshot();
  const root = ledger.stateRoot();
  return (run) => {
    if (run % RUNS_PER_SNAPSHOT !== 0) return;
    ledger.revert(snapshot);
    if (ledger.stateRoot() !== root) throw new Error('the state is not what it was at the snapshot');
  };
}

/** Damaged TransactionData, signed as it is, executed, dry run and inspected. */
async function transactionTarget(seed: string): Promise<FuzzTarget> {
  const { w, transactions } = await prepare();
  const { ledger, alice } = w;
  const signed = signer(alice);
  const rewind = rewinding(ledger);
  return {
    name: 'transactions',
    async run(run) {
      rewind(run);
      const dice = new Dice(`${seed} transactions`, run);
      const bytes = mutate(dice.pick(transactions), dice, transactions);
      switch (dice.below(4)) {
        case 0:
          return refusalIsFine(() => ledger.dryRun(bytes));
        case 1:
          // Behind the version byte there is the kind, with the rest as trailing bytes unless damage made it fit.
          return refusalIsFine(() => ledger.devInspect(alice.address, kindIn(bytes), null));
        default:
          return refusalIsFine(() => ledger.execute(bytes, [signed(bytes)]));
      }
    },
  };
}

/** The kind alone where the bytes still are a transaction. */
function kindIn(bytes: Uint8Array): Uint8Array {
  try {
    return bcs.TransactionKind.serialize(bcs.TransactionData.parse(bytes).V1.kind as never).toBytes();
  } catch {
    return bytes.subarray(1);
  }
}

/** Damaged modules, published; what gets published is called. */
async function moduleTarget(seed: string): Promise<FuzzTarget> {
  const { w, modules, dependencies } = await prepare();
  const { ledger, alice } = w;
  const signed = signer(alice);
  const rewind = rewinding(ledger);
  const donors = [...modules, ...frameworkModules(ledger)];
  return {
    name: 'modules',
    async run(run) {
      rewind(run);
      const dice = new Dice(`${seed} modules`, run);
      const damaged = modules.map((module) => mutate(module, dice, donors));
      const tx = new Transaction();
      const cap = tx.publish({
        modules: damaged.map((module) => [...module]),
        dependencies: [...dependencies],
      });
      tx.transferObjects([cap], alice.address);
      const bytes = await build(ledger, alice, tx);
      let packageId: string | undefined;
      await refusalIsFine(async () => {
        const { written } = await ledger.execute(bytes, [signed(bytes)]);
        packageId = written.find(({ kind }) => kind === 'package')?.id;
      });
      if (packageId === undefined) return;
      const target = packageId;
      const calls: readonly ((tx: Transaction) => unknown)[] = [
        (one) => one.moveCall({ target: `${target}::objects::emit_many`, arguments: [one.pure.u64(3n)] }),
        (one) =>
          one.moveCall({
            target: `${target}::objects::divide`,
            arguments: [one.pure.u64(9n), one.pure.u64(3n)],
          }),
        (one) => {
          const thing = one.moveCall({ target: `${target}::objects::thing`, arguments: [one.pure.u64(3n)] });
          const box = one.moveCall({ target: `${target}::objects::empty_box` });
          one.moveCall({ target: `${target}::objects::wrap`, arguments: [box, thing] });
          one.transferObjects([box], alice.address);
        },
      ];
      for (const fill of calls) {
        const call = new Transaction();
        fill(call);
        const data = await build(ledger, alice, call, { gas: coins(ledger, alice.address).slice(0, 1) });
        await refusalIsFine(() => ledger.execute(data, [signed(data)]));
      }
    },
  };
}

function frameworkModules(ledger: Ledger): Uint8Array[] {
  const found = ledger.getObject(`0x${'2'.padStart(64, '0')}`);
  return found?.kind === 'package' ? [...found.modules.values()] : [];
}

/** Bodies of the JSON-RPC: damaged texts of honest calls, and calls with parameters of the wrong kind. */
async function bodyTarget(seed: string): Promise<FuzzTarget> {
  const { w, transactions } = await prepare();
  const { ledger, alice } = w;
  const rewind = rewinding(ledger);
  const app = createRpcApp(createDispatcher(ledger, silentLogger), {
    allowedHosts: [],
    logger: silentLogger,
  });
  const signed = signer(alice);
  const coin = coins(ledger, alice.address)[0]!;
  const showAll = { showEffects: true, showInput: true, showEvents: true, showObjectChanges: true };
  const values: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    '0',
    '18446744073709551616',
    [],
    {},
    [[]],
    coin.id,
    coin.digest,
    ref(coin),
    alice.address,
    '0x2',
    '0x6',
    '0x2::coin::Coin<0x2::iota::IOTA>',
    'coin',
    'Coin',
    '__proto__',
    'x'.repeat(3_000),
    { All: [] },
    { MatchAny: [] },
    { Sender: '0x0' },
    { filter: { Checkpoint: '0' }, options: showAll },
    { type: 'u8', value: 1 },
    { type: 'vector<vector<u8>>', value: [[1]] },
    { showContent: true, showBcs: true, showDisplay: true },
    { ...showAll, showBalanceChanges: true },
    { length: 1e9 },
    Array.from({ length: 51 }, () => coin.id),
    ...transactions.slice(0, 4).map((bytes) => bytes.toBase64()),
    ...transactions.slice(0, 4).map((bytes) => [signed(bytes).toBase64()]),
  ];
  const names = Object.keys(methods);
  const bodyOf = (dice: Dice): Uint8Array => {
    const call = {
      jsonrpc: dice.below(50) === 0 ? '1.0' : '2.0',
      id: dice.below(50) === 0 ? { id: 1 } : dice.below(9),
      method: dice.pick(names),
      params: Array.from({ length: dice.below(5) }, () => dice.pick(values)),
    };
    const text = Buffer.from(JSON.stringify(dice.below(20) === 0 ? [call, call] : call));
    return dice.below(2) === 0 ? text : mutate(text, dice, [text]);
  };
  return {
    name: 'bodies',
    async run(run) {
      rewind(run);
      const dice = new Dice(`${seed} bodies`, run);
      const body = bodyOf(dice);
      const request = new Request('http://127.0.0.1/', {
        method: 'POST',
        headers: { host: 'localhost' },
        body,
      });
      const response = await app.fetch(request);
      const text = await response.text();
      if (response.status === 204) return;
      if (response.status !== 200) throw new Error(`status ${response.status}: ${text.slice(0, 200)}`);
      for (const answer of [JSON.parse(text)].flat() as { error?: { code: number; message: string } }[]) {
        if (answer.error?.code === -32603) throw new Error(answer.error.message);
      }
    },
  };
}

/** All kinds, each with a network of its own. */
export const targets: Readonly<Record<string, (seed: string) => Promise<FuzzTarget>>> = {
  transactions: transactionTarget,
  modules: moduleTarget,
  bodies: bodyTarget,
};
