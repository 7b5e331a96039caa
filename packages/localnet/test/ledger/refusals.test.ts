import { bcs } from '@iota/iota-sdk/bcs';
import { Secp256k1Keypair } from '@iota/iota-sdk/keypairs/secp256k1';
import { Secp256r1Keypair } from '@iota/iota-sdk/keypairs/secp256r1';
import { MultiSigPublicKey } from '@iota/iota-sdk/multisig';
import { Inputs, Transaction } from '@iota/iota-sdk/transactions';
import { SeededRandom } from '@wotid/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LedgerError } from '../../src/ledger/index.ts';
import { LOCK_WINDOW_MS } from '../../src/ledger/locks.ts';
import {
  balance,
  build,
  clockInput,
  coins,
  framework,
  object,
  person,
  ref,
  run,
  succeed,
  world,
  type RunInit,
  type World,
} from './support.ts';

let w: World;

beforeEach(async () => {
  w = await world();
});

/** The refusal of a transaction, which must leave the ledger as it was. */
async function refusal(work: () => Promise<unknown> | unknown): Promise<LedgerError> {
  const state = (): unknown[] => [
    w.ledger.transactionCount,
    w.ledger.latestCheckpoint,
    [...w.ledger.ownedBy(w.alice.address)],
    [...w.ledger.ownedBy(w.bob.address)],
  ];
  const before = state();
  try {
    await work();
  } catch (error) {
    expect(state()).toEqual(before);
    expect((error as LedgerError).name).toBe('LedgerError');
    return error as LedgerError;
  }
  throw new Error('it was not refused');
}

const text = async (fill: (tx: Transaction) => void, init?: RunInit, sender = w.alice): Promise<string> =>
  (await refusal(() => run(w.ledger, sender, fill, init))).message;

const pay = (tx: Transaction): void => {
  tx.transferObjects([tx.splitCoins(tx.gas, [1_000n])], w.bob.address);
};

describe('inputs', () => {
  it('must exist, be current and be who they say', async () => {
    const coin = coins(w.ledger, w.alice.address)[1]!;
    const missing = `0x${'9'.repeat(64)}`;
    const send = (change: Partial<ReturnType<typeof ref>>) => (tx: Transaction) => {
      tx.transferObjects([tx.object(Inputs.ObjectRef({ ...ref(coin), ...change }))], w.bob.address);
    };
    expect(await text(send({ objectId: missing }))).toBe(
      `Could not find the referenced object ${missing} at version Some(SequenceNumber(${coin.version}))`,
    );
    expect(await text(send({ version: '77' }))).toBe(
      `Could not find the referenced object ${coin.id} at version Some(SequenceNumber(77))`,
    );
    const other = coins(w.ledger, w.alice.address)[0]!;
    expect(await text(send({ digest: other.digest }))).toBe(
      `Invalid Object digest for object ${coin.id}. Expected digest : o#${coin.digest}`,
    );
    await succeed(w.ledger, w.alice, send({}));
    const now = object(w.ledger, coin.id);
    expect(await text(send({}))).toBe(
      `Object (${coin.id}, SequenceNumber(${coin.version}), o#${coin.digest}) is not available for consumption, ` +
        `its current version: SequenceNumber(${now.version})`,
    );
    expect(await text(send(ref(now)))).toBe(
      `Transaction was not signed by the correct sender: Object ${coin.id} is owned by account address ` +
        `${w.bob.address}, but given owner/signer address is ${w.alice.address}`,
    );
    expect(await text(send({ objectId: `0x${'2'.padStart(64, '0')}` }))).toMatch(
      /^A move object is expected/,
    );
  });

  it('may be named once', async () => {
    const coin = coins(w.ledger, w.alice.address)[1]!;
    const bytes = bcs.TransactionData.serialize({
      V1: {
        kind: {
          ProgrammableTransaction: {
            inputs: [
              { Object: { ImmOrOwnedObject: ref(coin) } },
              { Object: { ImmOrOwnedObject: ref(coin) } },
            ],
            commands: [],
          },
        },
        sender: w.alice.address,
        gasData: {
          payment: [ref(coins(w.ledger, w.alice.address)[0]!)],
          owner: w.alice.address,
          price: 1_000,
          budget: 10_000_000,
        },
        expiration: { None: true },
      },
    }).toBytes();
    expect((await refusal(() => w.ledger.dryRun(bytes))).message).toBe(
      "The transaction inputs contain duplicated ObjectRef's",
    );
    const gas = coins(w.ledger, w.alice.address)[0]!;
    expect(
      await text((tx) => tx.transferObjects([tx.object(Inputs.ObjectRef(ref(gas)))], w.bob.address), {
        gas: [gas],
      }),
    ).toBe(`Mutable object ${gas.id} cannot appear more than one in one transaction`);
  });

  it('that are shared need their initial version and their access', async () => {
    const sharedRef = (objectId: string, initialSharedVersion: string) => (tx: Transaction) => {
      tx.moveCall({
        target: '0x2::clock::timestamp_ms',
        arguments: [tx.object(Inputs.SharedObjectRef({ objectId, initialSharedVersion, mutable: false }))],
      });
    };
    const clock = `0x${'6'.padStart(64, '0')}`;
    expect(await text(sharedRef(clock, '2'))).toBe('Wrong initial version given for shared object');
    expect(await text(sharedRef(coins(w.ledger, w.alice.address)[1]!.id, '1'))).toBe(
      'Object used as shared is not shared',
    );
    const missing = `0x${'8'.repeat(64)}`;
    expect(await text(sharedRef(missing, '1'))).toBe(
      `Could not find the referenced object ${missing} at version None`,
    );
    expect(
      await text(
        (tx) => void tx.moveCall({ target: '0x2::clock::timestamp_ms', arguments: [clockInput(tx, true)] }),
      ),
    ).toBe('Mutable parameter provided, immutable parameter expected');
    expect(await text((tx) => void tx.moveCall({ target: `${missing}::a::b` }))).toBe(
      `Dependent package not found on-chain: ${missing}`,
    );
  });
});

describe('gas', () => {
  it('has to be there, enough, of IOTA and at a fair price', async () => {
    const gas = coins(w.ledger, w.alice.address)[0]!;
    expect(await text(pay, { gas: [] })).toBe('Transaction gas payment missing');
    expect(await text(pay, { budget: 50_000_000_001n })).toBe(
      'Gas budget: 50000000001 is higher than max: 50000000000',
    );
    expect(await text(pay, { budget: 999_999n })).toBe('Gas budget: 999999 is lower than min: 1000000');
    expect(await text(pay, { budget: 20_000_000_000n })).toMatch(
      /^Balance of gas object \d+ is lower than the needed amount: 20000000000$/,
    );
    expect(await text(pay, { price: 999n })).toBe('Gas price 999 under reference gas price (RGP) 1000');
    expect(await text(pay, { price: 100_001n })).toBe('Gas price cannot exceed 100000 nanos');
    expect(await text(pay, { gas: [{ ...gas, version: 99n }] })).toMatch(
      /at version Some\(SequenceNumber\(99\)\)$/,
    );
    expect(await text(pay, {}, w.bob)).toBe('Transaction gas payment missing');
    expect(await text(pay, { gas: [gas] }, w.bob)).toMatch(
      /^Transaction was not signed by the correct sender/,
    );
  });
});

describe('limits', () => {
  it('of size, commands and arguments', async () => {
    expect(
      await text((tx) => {
        for (let count = 0; count < 1_024; count++) tx.splitCoins(tx.gas, [1n]);
      }),
    ).toBe('Size limit exceeded: maximum commands in a programmable transaction is 1024');
    expect(
      await text(
        (tx) =>
          void tx.splitCoins(
            tx.gas,
            Array.from({ length: 512 }, () => 1n),
          ),
      ),
    ).toBe('Size limit exceeded: maximum arguments in a programmable transaction command is 512');
    expect(await text((tx) => void tx.pure(new Uint8Array(16_384)))).toBe(
      'Size limit exceeded: maximum pure argument size is 16384',
    );
    expect(
      await text((tx) => {
        for (let count = 0; count < 8; count++) tx.pure(new Uint8Array(16_383));
      }),
    ).toMatch(/^Size limit exceeded: serialized transaction size exceeded maximum of 131072 is 13\d+$/);
    expect(await text((tx) => void tx.splitCoins(tx.gas, []))).toMatch(/cannot have empty arguments/);
    const nested = 'vector<'.repeat(16) + 'u8' + '>'.repeat(16);
    expect(await text((tx) => void tx.makeMoveVec({ type: nested, elements: [] }))).toMatch(
      /^Size limit exceeded/,
    );
    const old = (tx: Transaction): void => {
      pay(tx);
      tx.setExpiration({ Epoch: 0 });
    };
    await succeed(w.ledger, w.alice, old);
  });
});

describe('signatures', () => {
  const sign = async (bytes: Uint8Array, key = w.alice.key): Promise<Uint8Array> =>
    Uint8Array.fromBase64((await key.signTransaction(bytes)).signature);

  async function bytesOf(sender = w.alice): Promise<Uint8Array> {
    const tx = new Transaction();
    pay(tx);
    return build(w.ledger, sender, tx, { gas: [coins(w.ledger, w.alice.address)[0]!] });
  }

  it('are one for each signer and right', async () => {
    const bytes = await bytesOf();
    const good = await sign(bytes);
    const errors = async (signatures: Uint8Array[]): Promise<LedgerError> =>
      refusal(() => w.ledger.execute(bytes, signatures));
    expect((await errors([])).message).toBe('Expect 1 signer signatures but got 0');
    expect((await errors([good, good])).message).toBe('Expect 1 signer signatures but got 2');
    expect((await errors([await sign(bytes, w.bob.key)])).message).toBe(
      `Required Signature from ${w.alice.address} is absent ["${w.bob.address}"]`,
    );
    for (let at = 1; at < 65; at += 9) {
      const bad = good.slice();
      bad[at] = bad[at]! ^ 1;
      expect(await errors([bad])).toMatchObject({ code: 'INVALID_SIGNATURE' });
    }
    for (const bad of [new Uint8Array(), Uint8Array.of(9), good.subarray(0, 60), new Uint8Array(20_000)]) {
      expect(await errors([bad])).toMatchObject({ code: 'INVALID_SIGNATURE' });
    }
    expect((await w.ledger.execute(bytes, [good])).errorText).toBe(null);
  });

  it('may be of any scheme the SDK signs with, multisig included', async () => {
    const keys = [
      Secp256k1Keypair.fromSecretKey(new Uint8Array(32).fill(5)),
      Secp256r1Keypair.fromSecretKey(new Uint8Array(32).fill(6)),
    ];
    for (const key of keys) {
      const address = key.toIotaAddress();
      await w.ledger.faucet(address, [1_000_000_000n]);
      const executed = await run(
        w.ledger,
        { key: key as never, address },
        (tx) => tx.transferObjects([tx.gas], w.bob.address),
        { budget: 10_000_000n },
      );
      expect(executed.errorText).toBe(null);
    }
    const account = MultiSigPublicKey.fromPublicKeys({
      threshold: 2,
      publicKeys: [
        { publicKey: w.alice.key.getPublicKey(), weight: 1 },
        { publicKey: keys[0]!.getPublicKey(), weight: 1 },
        { publicKey: keys[1]!.getPublicKey(), weight: 1 },
      ],
    });
    const address = account.toIotaAddress();
    await w.ledger.faucet(address, [1_000_000_000n]);
    const tx = new Transaction();
    tx.transferObjects([tx.gas], w.bob.address);
    const bytes = await build(w.ledger, { key: w.alice.key, address }, tx, { budget: 10_000_000n });
    const [one, two] = [
      (await w.alice.key.signTransaction(bytes)).signature,
      (await keys[1]!.signTransaction(bytes)).signature,
    ];
    const alone = Uint8Array.fromBase64(account.combinePartialSignatures([one]));
    expect(await refusal(() => w.ledger.execute(bytes, [alone]))).toMatchObject({
      code: 'INVALID_SIGNATURE',
    });
    const both = Uint8Array.fromBase64(account.combinePartialSignatures([one, two]));
    expect((await w.ledger.execute(bytes, [both])).errorText).toBe(null);
  });
});

describe('bytes of strangers', () => {
  it('are refused, whatever they are', async () => {
    const tx = new Transaction();
    pay(tx);
    const good = await build(w.ledger, w.alice, tx);
    const random = new SeededRandom('bytes');
    for (let round = 0; round < 300; round++) {
      const bytes = good.slice(0, round % 7 === 0 ? random.integer(good.length) : good.length);
      for (let flips = random.integer(4); flips >= 0 && bytes.length > 0; flips--) {
        bytes[random.integer(bytes.length)] = random.integer(256);
      }
      try {
        w.ledger.dryRun(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: 'LedgerError' });
        expect((error as LedgerError).code).not.toBe('INTERNAL');
      }
      const signature = random.bytes(97);
      await expect(w.ledger.execute(bytes, [signature])).rejects.toMatchObject({ name: 'LedgerError' });
    }
    const deep = new Uint8Array(100_000).fill(6);
    expect(() => w.ledger.devInspect(w.alice.address, deep, null)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_TRANSACTION' }),
    );
    // A programmable transaction of 2^25 - 1 inputs in six bytes: room for them would be 256 MB.
    const promise = Uint8Array.of(0, 0xff, 0xff, 0xff, 0x0f, 0);
    const before = process.memoryUsage().heapUsed;
    expect(() => w.ledger.devInspect(w.alice.address, promise, null)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_TRANSACTION' }),
    );
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });
});

describe('lock conflicts', () => {
  it('block both of two racing transactions, and later ones on the same version', async () => {
    w = await world({ lockConflicts: true });
    const gas = coins(w.ledger, w.alice.address)[0]!;
    const to = (amount: bigint) =>
      run(w.ledger, w.alice, (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [amount])], w.bob.address), {
        gas: [gas],
      });
    const outcomes = await Promise.allSettled([to(1n), to(2n)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'OBJECTS_LOCKED' } });
    }
    expect(await refusal(() => to(3n))).toMatchObject({
      code: 'OBJECTS_LOCKED',
      message: expect.stringContaining('because of locked objects'),
    });
    expect(balance(w.ledger, w.bob.address)).toBe(0n);
    const other = coins(w.ledger, w.alice.address)[1]!;
    await succeed(w.ledger, w.alice, pay, { gas: [other] });
    expect(LOCK_WINDOW_MS).toBeGreaterThan(0);
  });

  it('do not block one after the other, nor the same transaction twice', async () => {
    w = await world({ lockConflicts: true });
    await succeed(w.ledger, w.alice, pay);
    await succeed(w.ledger, w.alice, pay);
    const tx = new Transaction();
    pay(tx);
    const bytes = await build(w.ledger, w.alice, tx);
    const signature = Uint8Array.fromBase64((await w.alice.key.signTransaction(bytes)).signature);
    const [one, two] = await Promise.all([
      w.ledger.execute(bytes, [signature]),
      w.ledger.execute(bytes, [signature]),
    ]);
    expect(two).toBe(one);
  });
});

describe('genesis and faucet', () => {
  it('are reproducible to the digest, and differ by their randomness', async () => {
    const again = await world();
    expect(again.ledger.chainId).toBe(w.ledger.chainId);
    expect(again.ledger.chainId).toMatch(/^[0-9a-f]{8}$/);
    expect(again.ledger.getCheckpoint(1n)?.digest).toBe(w.ledger.getCheckpoint(1n)?.digest);
    const other = await world({ random: new SeededRandom(2) });
    expect(other.ledger.chainId).not.toBe(w.ledger.chainId);
  });

  it('chain their checkpoints', async () => {
    await succeed(w.ledger, w.alice, pay);
    for (let sequence = 1n; sequence <= w.ledger.latestCheckpoint; sequence++) {
      const [before, now] = [w.ledger.getCheckpoint(sequence - 1n)!, w.ledger.getCheckpoint(sequence)!];
      expect(now.previousDigest).toBe(before.digest);
      expect(w.ledger.getCheckpointByDigest(now.digest)).toBe(now);
      expect(now.networkTotalTransactions).toBe(
        before.networkTotalTransactions + BigInt(now.transactions.length),
      );
    }
    expect(w.ledger.getCheckpoint(w.ledger.latestCheckpoint)?.networkTotalTransactions).toBe(
      w.ledger.transactionCount,
    );
  });

  it('pay what is asked, one after the other, until there is no more', async () => {
    const carol = person(3).address;
    await Promise.all([1n, 2n, 3n].map((amount) => w.ledger.faucet(carol, [amount * 1_000n, amount])));
    expect(balance(w.ledger, carol)).toBe(6_006n);
    w = await world({ faucetSupply: 25_000_000_000n });
    expect(await refusal(() => w.ledger.faucet(carol, [5_000_000_000n]))).toMatchObject({
      code: 'FAUCET_EMPTY',
    });
    for (const amounts of [[], [0n], [-1n], Array.from({ length: 257 }, () => 1n)]) {
      expect(await refusal(() => w.ledger.faucet(carol, amounts))).toMatchObject({ code: 'USER_INPUT' });
    }
  });

  it('refuse a framework that is none', async () => {
    const [std, iota] = framework.packages;
    const attempts = [
      { packages: [std!] },
      { packages: [iota!, std!] },
      { packages: [std!, { ...iota!, id: '0x3' }] },
      { packages: [std!, { ...iota!, modules: { coin: '???' } }] },
      { packages: [std!, { ...iota!, modules: { coin: 'AAAA' } }] },
    ];
    for (const packages of attempts) {
      await expect(world({ framework: packages })).rejects.toMatchObject({ code: 'GENESIS_INVALID' });
    }
    await expect(world({ faucetSupply: -1n })).rejects.toMatchObject({ code: 'GENESIS_INVALID' });
  });
});
