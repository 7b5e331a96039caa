/** Genesis of a framework that has `random` and `deny_list`: ours, with modules as short as they can be. */
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inputs, Transaction, type TransactionArgument } from '@iota/iota-sdk/transactions';
import { buildFramework } from '@wotid/move-build';
import { SeededRandom } from '@wotid/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLedger, type FrameworkFile } from '../../src/ledger/index.ts';
import { changed, object, run, succeed, world, type World } from './support.ts';

const random = `module iota::random;
use iota::dynamic_field as field;
public struct Random has key { id: UID, inner: UID }
public struct Inner has store { round: u64, bytes: vector<u8> }
fun create(ctx: &mut TxContext) {
    assert!(ctx.sender() == @0x0, 0);
    let mut inner = object::new(ctx);
    field::add(&mut inner, 1u64, Inner { round: 0, bytes: vector[] });
    transfer::share_object(Random { id: object::randomness_state(), inner })
}
fun update_randomness_state(self: &mut Random, round: u64, bytes: vector<u8>, ctx: &TxContext) {
    assert!(ctx.sender() == @0x0, 0);
    let inner: &mut Inner = field::borrow_mut(&mut self.inner, 1u64);
    assert!(round == 0 && inner.bytes.is_empty(), 1);
    inner.bytes = bytes
}
public fun draw(self: &Random, ctx: &mut TxContext): vector<u8> {
    let inner: &Inner = field::borrow(&self.inner, 1u64);
    assert!(inner.bytes.length() == 32, 2);
    iota::hmac::hmac_sha3_256(&inner.bytes, &ctx.fresh_object_address().to_bytes())
}
`;
const denyList = `module iota::deny_list;
public struct DenyList has key { id: UID, lists: iota::bag::Bag }
fun create(ctx: &mut TxContext) {
    assert!(ctx.sender() == @0x0, 0);
    transfer::share_object(DenyList { id: object::deny_list(), lists: iota::bag::new(ctx) })
}
`;

let framework: FrameworkFile;
let w: World;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'localnet-framework-'));
  try {
    await cp(fileURLToPath(new URL('../../../../move/framework', import.meta.url)), folder, {
      recursive: true,
    });
    const sources = join(folder, 'iota-framework/sources');
    await writeFile(join(sources, 'random.move'), random);
    await writeFile(join(sources, 'deny_list.move'), denyList);
    await appendFile(
      join(sources, 'object.move'),
      '\npublic(package) fun deny_list(): UID { UID { id: ID { bytes: @0x403 } } }\n',
    );
    framework = { packages: await buildFramework(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  w = await world({ framework });
}, 30_000);

const id = (digits: string): string => `0x${digits.padStart(64, '0')}`;
const randomInput = (tx: Transaction, mutable: boolean): TransactionArgument =>
  tx.object(Inputs.SharedObjectRef({ objectId: id('8'), initialSharedVersion: '1', mutable }));

describe('genesis', () => {
  it.each([
    ['8', 'random', 'Random'],
    ['403', 'deny_list', 'DenyList'],
  ])('has 0x%s, shared from the first version', (digits, module, name) => {
    expect(object(w.ledger, id(digits))).toMatchObject({
      version: 1n,
      storageRebate: 0n,
      type: { address: id('2'), module, name, typeParams: [] },
      owner: { kind: 'shared', initialSharedVersion: 1n },
      previousTransaction: w.ledger.getTransactionAt(0n)?.digest,
    });
  });

  it('is the same again from the same random bytes, and else another', () => {
    const digest = (seed: string): string | undefined =>
      createLedger({ framework, clock: w.clock, random: new SeededRandom(seed) }).getTransactionAt(0n)
        ?.digest;
    expect(digest('one')).toBe(digest('one'));
    expect(digest('one')).not.toBe(digest('two'));
  });

  it('has no such objects without such modules', async () => {
    const packages = framework.packages.map((one) => ({
      ...one,
      modules: Object.fromEntries(
        Object.entries(one.modules).filter(([name]) => name !== 'random' && name !== 'deny_list'),
      ),
    }));
    const { ledger } = await world({ framework: { packages } });
    expect([ledger.getObject(id('8')), ledger.getObject(id('403'))]).toEqual([undefined, undefined]);
  });

  it('refuses a framework whose own function fails', () => {
    // Without the module, `create` does not link.
    const packages = framework.packages.map((one) => ({
      ...one,
      modules: Object.fromEntries(Object.entries(one.modules).filter(([name]) => name !== 'dynamic_field')),
    }));
    expect(() => createLedger({ framework: { packages } })).toThrow(
      expect.objectContaining({ code: 'GENESIS_INVALID' }),
    );
  });
});

describe('Random', () => {
  const draw = (tx: Transaction, mutable = false): TransactionArgument =>
    tx.moveCall({ target: '0x2::random::draw', arguments: [randomInput(tx, mutable)] });

  it('can be drawn from, and stays as it is', async () => {
    const executed = await succeed(w.ledger, w.alice, (tx) => void draw(tx));
    expect(changed(executed, 'mutated')).not.toContain(id('8'));
    // Two transactions, because nothing may come after a drawing.
    const inspected = async (count: bigint): Promise<string> => {
      const tx = new Transaction();
      draw(tx);
      const kind = await tx.build({ onlyTransactionKind: true });
      const [result] = w.ledger.devInspect(w.alice.address, kind, 1_000n + count).results;
      return Buffer.from(result?.returnValues[0]?.[0] ?? []).toString('hex');
    };
    const [one, two] = [await inspected(1n), await inspected(2n)];
    expect(one).toMatch(/^20[0-9a-f]{64}$/);
    expect(two).not.toBe(one);
  });

  it('cannot be taken to change it, nor be looked at before something else', async () => {
    await expect(run(w.ledger, w.alice, (tx) => void draw(tx, true))).rejects.toThrow(
      'Mutable parameter provided, immutable parameter expected',
    );
    await expect(
      run(w.ledger, w.alice, (tx) => {
        draw(tx);
        tx.splitCoins(tx.gas, [1n]);
      }),
    ).rejects.toThrow('Commands following a command with Random can only be TransferObjects or MergeCoins');
  });
});
