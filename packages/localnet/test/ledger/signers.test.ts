/** Everything that the SDK signs with, and who has to sign. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Signer } from '@iota/iota-sdk/cryptography';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { PasskeyKeypair, type PasskeyProvider } from '@iota/iota-sdk/keypairs/passkey';
import { Secp256k1Keypair } from '@iota/iota-sdk/keypairs/secp256k1';
import { Secp256r1Keypair } from '@iota/iota-sdk/keypairs/secp256r1';
import { MultiSigPublicKey } from '@iota/iota-sdk/multisig';
import { Transaction } from '@iota/iota-sdk/transactions';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExecutedTransaction } from '../../src/ledger/index.ts';
import { balance, build, coins, gasOf, world, type Person, type World } from './support.ts';

/** A WebAuthn authenticator in software: what a browser asks a device for. */
class SoftwareAuthenticator implements PasskeyProvider {
  readonly #keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = generateKeyPairSync(
    'ec',
    {
      namedCurve: 'P-256',
    },
  );
  /** What clients sign as their kind of ceremony. */
  type = 'webauthn.get';

  create(): ReturnType<PasskeyProvider['create']> {
    const spki = this.#keys.publicKey.export({ format: 'der', type: 'spki' });
    const credential = { rawId: new Uint8Array([1]).buffer, response: { getPublicKey: () => spki } };
    return Promise.resolve(credential as never);
  }

  get(challenge: Uint8Array): ReturnType<PasskeyProvider['get']> {
    const client = {
      type: this.type,
      challenge: Buffer.from(challenge).toString('base64url'),
      origin: 'https://example.org',
    };
    const clientDataJSON = Buffer.from(JSON.stringify(client));
    const authenticatorData = createHash('sha256').update('example.org').digest();
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientDataJSON).digest()]);
    const signature = sign('sha256', signed, this.#keys.privateKey);
    return Promise.resolve({
      rawId: new Uint8Array([1]).buffer,
      response: { authenticatorData, clientDataJSON, signature },
    } as never);
  }
}

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const ed25519 = Ed25519Keypair.fromSecretKey(seed(11));
const secp256k1 = Secp256k1Keypair.fromSecretKey(seed(12));
const secp256r1 = Secp256r1Keypair.fromSecretKey(seed(13));
const keys: readonly Signer[] = [ed25519, secp256k1, secp256r1];
const account = MultiSigPublicKey.fromPublicKeys({
  threshold: 3,
  publicKeys: keys.map((key, index) => ({ publicKey: key.getPublicKey(), weight: index + 1 })),
});

const authenticator = new SoftwareAuthenticator();
let w: World;
const signers = new Map<string, Signer>([
  ['Ed25519', ed25519],
  ['Secp256k1', secp256k1],
  ['Secp256r1', secp256r1],
  // The SDK's types know one signer only; its code takes all.
  ['a multisig of two schemes', account.getSigner(...([ed25519, secp256k1] as unknown as [Signer]))],
  ['a multisig of one heavy key', account.getSigner(secp256r1)],
]);
beforeAll(async () => {
  w = await world();
  signers.set('a passkey', await PasskeyKeypair.getPasskeyInstance(authenticator));
  for (const signer of signers.values()) await w.ledger.faucet(signer.toIotaAddress(), [1_000_000_000n]);
});

const signerOf = (name: string): Signer => {
  const signer = signers.get(name);
  if (signer === undefined) throw new Error(`no signer ${name}`);
  return signer;
};
/** `build` needs the address alone. */
const personOf = (signer: Signer): Person => ({ key: signer as never, address: signer.toIotaAddress() });
const signature = async (signer: Signer, bytes: Uint8Array): Promise<Uint8Array> =>
  Uint8Array.fromBase64((await signer.signTransaction(bytes)).signature);

function payment(): Transaction {
  const tx = new Transaction();
  tx.transferObjects([tx.splitCoins(tx.gas, [1_000n])], w.bob.address);
  return tx;
}

const submit = (bytes: Uint8Array, ...signatures: Uint8Array[]): Promise<ExecutedTransaction> =>
  w.ledger.execute(bytes, signatures);

describe.each([...signers.keys(), 'a passkey'])('%s', (name) => {
  it('signs its own transactions and nobody else’s', async () => {
    const signer = signerOf(name);
    const bytes = await build(w.ledger, personOf(signer), payment(), { budget: 10_000_000n });
    const good = await signature(signer, bytes);
    const other = await build(w.ledger, personOf(signer), payment(), { budget: 10_000_001n });
    await expect(submit(other, good)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    for (let at = 1; at < good.length; at += 7) {
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await expect(submit(bytes, changed)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    }
    expect((await submit(bytes, good)).errorText).toBeNull();
  });

  it('sponsors a transaction of another', async () => {
    const sponsor = signerOf(name);
    const before = balance(w.ledger, sponsor.toIotaAddress());
    const tx = new Transaction();
    const [coin] = coins(w.ledger, w.alice.address);
    if (coin === undefined) throw new Error('alice has no coin');
    tx.transferObjects(
      [tx.objectRef({ objectId: coin.id, version: String(coin.version), digest: coin.digest })],
      w.alice.address,
    );
    tx.setGasOwner(sponsor.toIotaAddress());
    const gas = coins(w.ledger, sponsor.toIotaAddress()).slice(0, 1);
    const bytes = await build(w.ledger, w.alice, tx, { gas, budget: 10_000_000n });
    const [own, theirs] = [await signature(w.alice.key, bytes), await signature(sponsor, bytes)];
    await expect(submit(bytes, own)).rejects.toThrow('Expect 2 signer signatures but got 1');
    await expect(submit(bytes, theirs)).rejects.toThrow('Expect 2 signer signatures but got 1');
    await expect(submit(bytes, own, own)).rejects.toThrow(
      `Required Signature from ${sponsor.toIotaAddress()} is absent`,
    );
    const executed = await submit(bytes, own, theirs);
    expect(executed.errorText).toBeNull();
    const [computation, storage, rebate] = gasOf(executed);
    expect(before - balance(w.ledger, sponsor.toIotaAddress())).toBe(computation + storage - rebate);
  });
});

describe('secp256r1', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  /** The other signature that the curve has for the same message: n - s for s, at `at`. */
  const withHighS = (bytes: Uint8Array, at: number): Uint8Array => {
    const s = order - BigInt(`0x${bytes.subarray(at + 32, at + 64).toHex()}`);
    return Uint8Array.from([
      ...bytes.subarray(0, at + 32),
      ...Uint8Array.fromHex(s.toString(16).padStart(64, '0')),
      ...bytes.subarray(at + 64),
    ]);
  };

  it.each([
    ['Secp256r1', 1],
    // Flag, number of parts, kind of the part.
    ['a multisig of one heavy key', 3],
  ])('signatures have a low s: %s', async (name, at) => {
    const signer = signerOf(name);
    const bytes = await build(w.ledger, personOf(signer), payment(), { budget: 10_000_000n });
    const good = await signature(signer, bytes);
    await expect(submit(bytes, withHighS(good, at))).rejects.toThrow('high s');
    expect((await submit(bytes, withHighS(withHighS(good, at), at))).errorText).toBeNull();
  });

  it('signatures of passkeys too', async () => {
    const signer = signerOf('a passkey');
    const bytes = await build(w.ledger, personOf(signer), payment(), { budget: 10_000_000n });
    const good = await signature(signer, bytes);
    await expect(submit(bytes, withHighS(good, good.length - 64 - 33))).rejects.toThrow('high s');
  });
});

describe('a combined multisig', () => {
  const submitted = async (
    signaturesOf: (bytes: Uint8Array) => Promise<string>,
  ): Promise<ExecutedTransaction> => {
    const address = account.toIotaAddress();
    const bytes = await build(w.ledger, { key: ed25519, address }, payment(), { budget: 10_000_000n });
    return submit(bytes, Uint8Array.fromBase64(await signaturesOf(bytes)));
  };
  const part = async (key: Signer, bytes: Uint8Array): Promise<string> =>
    (await key.signTransaction(bytes)).signature;

  it('takes partial signatures that were combined, as heavy as its threshold', async () => {
    await expect(
      submitted(async (bytes) => account.combinePartialSignatures([await part(secp256k1, bytes)])),
    ).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    const executed = await submitted(async (bytes) =>
      account.combinePartialSignatures([await part(ed25519, bytes), await part(secp256k1, bytes)]),
    );
    expect(executed.errorText).toBeNull();
  });

  it('has its parts in the order of the keys', async () => {
    await expect(
      submitted(async (bytes) =>
        account.combinePartialSignatures([await part(secp256k1, bytes), await part(ed25519, bytes)]),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
  });

  it('does not take one part that is of another transaction', async () => {
    const other = await build(w.ledger, w.alice, payment());
    await expect(
      submitted(async (bytes) =>
        account.combinePartialSignatures([await part(ed25519, other), await part(secp256r1, bytes)]),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
  });
});

describe('the ceremony of a passkey', () => {
  it('is to sign, not to register', async () => {
    const signer = signerOf('a passkey');
    const bytes = await build(w.ledger, personOf(signer), payment(), { budget: 10_000_000n });
    authenticator.type = 'webauthn.create';
    const bad = await signature(signer, bytes);
    authenticator.type = 'webauthn.get';
    await expect(submit(bytes, bad)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
  });
});

describe('a sponsor', () => {
  it('pays from its own coins only, and owns nothing of the sender’s', async () => {
    const sponsor = signerOf('Ed25519');
    const tx = payment();
    tx.setGasOwner(sponsor.toIotaAddress());
    const alices = await build(w.ledger, w.alice, tx, { budget: 10_000_000n });
    await expect(
      submit(alices, await signature(w.alice.key, alices), await signature(sponsor, alices)),
    ).rejects.toThrow('Transaction was not signed by the correct sender');
    const [coin] = coins(w.ledger, sponsor.toIotaAddress());
    if (coin === undefined) throw new Error('the sponsor has no coin');
    await w.ledger.faucet(sponsor.toIotaAddress(), [1_000_000_000n]);
    const taken = new Transaction();
    taken.transferObjects(
      [taken.objectRef({ objectId: coin.id, version: String(coin.version), digest: coin.digest })],
      w.alice.address,
    );
    taken.setGasOwner(sponsor.toIotaAddress());
    const gas = coins(w.ledger, sponsor.toIotaAddress()).filter(({ id }) => id !== coin.id);
    const bytes = await build(w.ledger, w.alice, taken, { gas, budget: 10_000_000n });
    await expect(
      submit(bytes, await signature(w.alice.key, bytes), await signature(sponsor, bytes)),
    ).rejects.toThrow(`but given owner/signer address is ${w.alice.address}`);
  });
});
