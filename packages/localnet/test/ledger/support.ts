/** What the ledger's tests share: a ledger on a virtual clock, people, and transactions built with the real SDK. */
import { fileURLToPath } from 'node:url';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Inputs, Transaction, type TransactionArgument } from '@iota/iota-sdk/transactions';
import { buildMovePackage } from '@wotid/move-build';
import { SeededRandom, VirtualClock } from '@wotid/testkit';
import { coinBalance } from '../../src/ledger/coins.ts';
import {
  createLedger,
  type ExecutedTransaction,
  type FrameworkFile,
  type Ledger,
  type LedgerInit,
  type LedgerObject,
  type MoveObject,
} from '../../src/ledger/index.ts';
import { bundledFramework, loadFramework } from '../../src/framework-file.ts';
import { testFramework } from '../zoo.ts';

/**
 * Ours; or, to see that everything holds for what a network runs, the one that TEST_FRAMEWORK names: a folder of
 * compiled packages or the URL of a JSON-RPC.
 */
export const framework: FrameworkFile = await (testFramework === undefined
  ? bundledFramework()
  : loadFramework(testFramework));

export interface World {
  readonly ledger: Ledger;
  readonly clock: VirtualClock;
  readonly alice: Person;
  readonly bob: Person;
}

export interface Person {
  readonly key: Ed25519Keypair;
  readonly address: string;
}

export function person(seed: number): Person {
  const key = Ed25519Keypair.fromSecretKey(new Uint8Array(32).fill(seed));
  return { key, address: key.toIotaAddress() };
}

/** A ledger with alice and bob, alice funded with two coins of 10 IOTA. */
export async function world(init: Partial<LedgerInit> = {}): Promise<World> {
  const clock = new VirtualClock();
  const ledger = createLedger({ framework, clock, random: new SeededRandom(1), ...init });
  const [alice, bob] = [person(1), person(2)];
  await ledger.faucet(alice.address, [10_000_000_000n, 10_000_000_000n]);
  return { ledger, clock, alice, bob };
}

export function object(ledger: Ledger, id: string): LedgerObject {
  const found = ledger.getObject(id);
  if (found?.kind === 'move' || found?.kind === 'package') return found;
  throw new Error(`${id} is ${found?.kind ?? 'unknown'}`);
}

export function coins(ledger: Ledger, address: string): MoveObject[] {
  return [...ledger.ownedBy(address)].filter(({ type }) => type.name === 'Coin');
}

export function balance(ledger: Ledger, address: string): bigint {
  return coins(ledger, address).reduce((sum, coin) => sum + coinBalance(coin.contents), 0n);
}

export function ref(found: LedgerObject): { objectId: string; version: string; digest: string } {
  return { objectId: found.id, version: String(found.version), digest: found.digest };
}

/** An object as input, in the way its owner demands. */
export function input(tx: Transaction, ledger: Ledger, id: string, mutable = true): TransactionArgument {
  const found = object(ledger, id);
  if (found.owner.kind !== 'shared') return tx.object(Inputs.ObjectRef(ref(found)));
  const initialSharedVersion = String(found.owner.initialSharedVersion);
  return tx.object(Inputs.SharedObjectRef({ objectId: id, initialSharedVersion, mutable }));
}

export function ticket(tx: Transaction, found: LedgerObject): TransactionArgument {
  return tx.object(Inputs.ReceivingRef(ref(found)));
}

export const clockInput = (tx: Transaction, mutable = false): TransactionArgument =>
  tx.object(
    Inputs.SharedObjectRef({ objectId: `0x${'6'.padStart(64, '0')}`, initialSharedVersion: '1', mutable }),
  );

export interface RunInit {
  readonly budget?: bigint;
  readonly price?: bigint;
  /** Gas coins; default: the sender's first coin. */
  readonly gas?: readonly LedgerObject[];
}

/** Builds bytes offline, as the SDK does for a wallet that knows everything. */
export async function build(
  ledger: Ledger,
  sender: Person,
  tx: Transaction,
  init: RunInit = {},
): Promise<Uint8Array> {
  tx.setSender(sender.address);
  tx.setGasPrice(init.price ?? 1_000n);
  tx.setGasBudget(init.budget ?? 1_000_000_000n);
  tx.setGasPayment((init.gas ?? coins(ledger, sender.address).slice(0, 1)).map(ref));
  return tx.build();
}

/** Builds, signs and executes. */
export async function run(
  ledger: Ledger,
  sender: Person,
  fill: (tx: Transaction) => void,
  init: RunInit = {},
): Promise<ExecutedTransaction> {
  const tx = new Transaction();
  fill(tx);
  const bytes = await build(ledger, sender, tx, init);
  const { signature } = await sender.key.signTransaction(bytes);
  return ledger.execute(bytes, [Uint8Array.fromBase64(signature)]);
}

/** As {@link run}, and the transaction must succeed. */
export async function succeed(...args: Parameters<typeof run>): Promise<ExecutedTransaction> {
  const executed = await run(...args);
  if (executed.errorText !== null) throw new Error(executed.errorText);
  return executed;
}

/** Ids of the objects of a category, by (existed before, exists after, id operation). */
export function changed(
  executed: Pick<ExecutedTransaction, 'effects'>,
  category: 'created' | 'mutated' | 'unwrapped' | 'deleted' | 'wrapped' | 'unwrappedThenDeleted',
): string[] {
  const wanted = {
    created: 'NotExist write Created',
    mutated: 'Exist write None',
    unwrapped: 'NotExist write None',
    deleted: 'Exist NotExist Deleted',
    wrapped: 'Exist NotExist None',
    unwrappedThenDeleted: 'NotExist NotExist Deleted',
  }[category];
  return executed.effects.V1.changedObjects
    .filter(([, change]) => {
      const after = change.outputState.$kind === 'NotExist' ? 'NotExist' : 'write';
      return `${change.inputState.$kind} ${after} ${change.idOperation.$kind}` === wanted;
    })
    .map(([id]) => id);
}

/** The one created object of a type. */
export function made(executed: ExecutedTransaction, name: string): MoveObject {
  const found = executed.written.filter(
    (one): one is MoveObject => one.kind === 'move' && one.type.name === name,
  );
  if (found.length !== 1) throw new Error(`${found.length} objects of type ${name} were written`);
  return found[0] as MoveObject;
}

export function gasOf(executed: Pick<ExecutedTransaction, 'effects'>): [bigint, bigint, bigint] {
  const { computationCost, storageCost, storageRebate } = executed.effects.V1.gasUsed;
  return [BigInt(computationCost), BigInt(storageCost), BigInt(storageRebate)];
}

const compiled = new Map<string, Promise<{ modules: readonly string[]; dependencies: readonly string[] }>>();

/** Compiles a program of `test/programs` once for each test file. */
export function program(
  name: string,
): Promise<{ modules: readonly string[]; dependencies: readonly string[] }> {
  let built = compiled.get(name);
  if (built === undefined) {
    built = buildMovePackage(fileURLToPath(new URL(`../programs/${name}`, import.meta.url)));
    compiled.set(name, built);
  }
  return built;
}

/** Publishes a program and returns its package id with the transaction. */
export async function publish(
  { ledger, alice }: Pick<World, 'ledger' | 'alice'>,
  name = 'objects',
): Promise<{ readonly id: string; readonly executed: ExecutedTransaction }> {
  const { modules, dependencies } = await program(name);
  const executed = await succeed(ledger, alice, (tx) => {
    const cap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
    tx.transferObjects([cap], alice.address);
  });
  const published = executed.written.find(({ kind }) => kind === 'package');
  if (published === undefined) throw new Error('no package was written');
  return { id: published.id, executed };
}
