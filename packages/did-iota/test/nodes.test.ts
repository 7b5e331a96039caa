/** Nodes that lie, hang or are gone, and identities that strangers have put on chain. */
import { mkdtempSync, cpSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Resolver } from '@wotid/credential';
import { didIotaMethod, DidReader, didNetworkOf, identityContractDirectory } from '../src/index.ts';
import { LyingNode, publish, randomContent, World, type Person } from './network.ts';

let world: World;
let alice: Person;
let node: LyingNode;
let reader: DidReader;
let did: string;
beforeAll(async () => {
  world = await World.start();
  alice = await world.person();
  node = await LyingNode.before(world.net.rpcUrl);
  reader = new DidReader({ rpcUrl: node.url, network: world.network, timeoutMs: 3_000 });
  ({ did } = await alice.controller.create(randomContent()));
});
afterEach(() => {
  node.answer = (_method, answer) => answer;
});
afterAll(async () => {
  node.stop();
  await world.net.stop();
});

const coded = (code: string): unknown => expect.objectContaining({ code });
const absent = (chainId: string): string => `did:iota:${chainId}:0x${'cd'.repeat(32)}`;

/** Lies about objects only. */
function objectIs(change: (answer: { result: any }) => unknown): void {
  node.answer = (method, answer) =>
    method === 'iota_getObject' ? change(structuredClone(answer) as { result: any }) : answer;
}

describe('what is not there', () => {
  it('is told from what is deactivated, and from a node that does not answer', async () => {
    const { did: gone } = await alice.controller.create(randomContent());
    await alice.controller.deactivate(gone);
    const resolver = new Resolver({ ...didIotaMethod(reader) });
    const errorOf = async (one: string): Promise<unknown> => {
      const { didResolutionMetadata, didDocumentMetadata } = await resolver.resolve(one);
      return didResolutionMetadata.error ?? (didDocumentMetadata.deactivated ? 'deactivated' : 'found');
    };
    expect(await errorOf(did)).toBe('found');
    expect(await errorOf(gone)).toBe('deactivated');
    expect(await errorOf(absent(world.net.chainId))).toBe('notFound');
    expect(await errorOf(absent('testnet'))).toBe('methodNotSupported');
    expect(await errorOf(did.toUpperCase().replace('DID:IOTA', 'did:iota'))).toBe('invalidDid');
    node.stop();
    expect(await errorOf(did)).toBe('internalError');
    node = await LyingNode.before(world.net.rpcUrl);
    reader = new DidReader({ rpcUrl: node.url, network: world.network, timeoutMs: 3_000 });
  });

  it('is an object that is no identity', async () => {
    const { chainId } = world.net;
    for (const objectId of [world.network.packageId, `0x${'6'.padStart(64, '0')}`]) {
      await expect(reader.resolve(`did:iota:${chainId}:${objectId}`)).rejects.toEqual(
        coded('NOT_AN_IDENTITY'),
      );
    }
    await expect(reader.resolve(`${did}0`)).rejects.toEqual(coded('BAD_DID'));
    await expect(reader.resolve(`did:iota:${did.slice(-66)}`)).rejects.toEqual(coded('WRONG_NETWORK'));
  });

  it('is an identity of another package, with whatever rules', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wotid-identity-'));
    cpSync(identityContractDirectory(), folder, { recursive: true });
    const other = didNetworkOf(world.net.chainId, await publish(world.net, folder));
    rmSync(folder, { recursive: true });
    await expect(new DidReader({ rpcUrl: node.url, network: other }).resolve(did)).rejects.toEqual(
      coded('NOT_AN_IDENTITY'),
    );
  });
});

describe('a node', () => {
  it('of another chain is not believed', async () => {
    const network = didNetworkOf('0badcafe', world.network.packageId);
    const confused = new DidReader({ rpcUrl: node.url, network });
    await expect(confused.resolve(did.replace(world.net.chainId, '0badcafe'))).rejects.toEqual(
      coded('WRONG_CHAIN'),
    );
  });

  it('that never answers costs the time that was allowed, and no more', async () => {
    const hasty = new DidReader({ rpcUrl: node.url, network: world.network, timeoutMs: 1_000 });
    objectIs(() => undefined);
    await expect(hasty.resolve(did)).rejects.toEqual(coded('RPC_UNREACHABLE'));
    const controller = new AbortController();
    node.answer = () => {
      controller.abort(new Error('enough'));
      return undefined;
    };
    await expect(reader.resolve(did, controller.signal)).rejects.toThrow('enough');
  });

  it.each([
    ['an error', { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'no' } }, 'RPC_REFUSED'],
    ['no JSON', 'hello', 'RPC_REFUSED'],
    ['nothing', { jsonrpc: '2.0', id: 1, result: {} }, 'RPC_REFUSED'],
    ['far too much', 'x'.repeat(600_000), 'RPC_REFUSED'],
  ])('that answers %s is told from a DID without a document', async (_what, answer, code) => {
    objectIs(() => answer);
    await expect(reader.resolve(did)).rejects.toEqual(coded(code));
  });

  it('cannot end the process by what makes the library panic, nor spoil later answers', async () => {
    let panics = 0;
    for (const [name, value] of [
      ['created', 'x'],
      ['version', '9'.repeat(30)],
      ['deleted', -1],
      ['did_doc', 7],
      ['id', null],
    ] as const) {
      objectIs((answer) => {
        answer.result.data.content.fields[name] = value;
        return answer;
      });
      const failure = await reader.resolve(did).catch((error: unknown) => (error as { code: string }).code);
      expect(failure).toMatch(/^(LIBRARY_FAILED|BAD_DOCUMENT)$/);
      if (failure === 'LIBRARY_FAILED') panics++;
      node.answer = (_method, answer) => answer;
      expect((await reader.resolve(did)).document?.id).toBe(did);
    }
    expect(panics).toBeGreaterThan(0);
  });
});

describe('a network of IOTA’s', () => {
  it('has its name in DIDs, and IOTA’s package alone counts there', async () => {
    const testnet = didNetworkOf('2304aa97', null);
    const { chainId } = world.net;
    let packageId = world.network.packageId;
    node.answer = (_method, answer) =>
      JSON.stringify(answer).replaceAll(chainId, testnet.chainId).replaceAll(packageId, testnet.packageId);
    const there = new DidReader({ rpcUrl: node.url, network: testnet, timeoutMs: 3_000 });
    const named = `did:iota:testnet:${did.slice(-66)}`;
    const { document } = await there.resolve(named);
    expect(document?.id).toBe(named);
    expect(document?.authentication?.[0]?.toString().startsWith(`${named}#`)).toBe(true);
    await expect(there.resolve(did)).rejects.toEqual(coded('WRONG_NETWORK'));
    await expect(there.resolve(`did:iota:2304aa97:${did.slice(-66)}`)).rejects.toEqual(
      coded('WRONG_NETWORK'),
    );
    packageId = absent('none');
    await expect(there.resolve(named)).rejects.toEqual(coded('NOT_AN_IDENTITY'));
  });
});

describe('a document that a stranger has written', () => {
  const packed = (json: string): number[] => {
    const bytes = Buffer.from(json);
    return [...Buffer.from('DID'), 1, 0, bytes.length & 0xff, bytes.length >> 8, ...bytes];
  };
  const seen = async (bytes: readonly number[]): Promise<string> => {
    objectIs((answer) => {
      answer.result.data.content.fields.did_doc.fields.controlled_value = bytes;
      return answer;
    });
    return reader.resolve(did).then(
      ({ document }) => (document === null ? 'deactivated' : 'document'),
      (error: unknown) => (error as { code: string }).code,
    );
  };

  it.each([
    ['about itself', { doc: { id: 'did:0:0' }, meta: {} }, 'document'],
    ['about another', { doc: { id: 'did:iota:testnet:0x' + '11'.repeat(32) }, meta: {} }, 'BAD_DOCUMENT'],
    ['too large', { doc: { id: 'did:0:0', note: 'x'.repeat(17_000) }, meta: {} }, 'BAD_DOCUMENT'],
    ['too deep', { doc: { id: 'did:0:0', a: [[[[[[[[[[]]]]]]]]]] }, meta: {} }, 'BAD_DOCUMENT'],
    [
      'with too many names',
      { doc: { id: 'did:0:0', alsoKnownAs: Array.from({ length: 40 }, (_, i) => `urn:x:${i}`) }, meta: {} },
      'BAD_DOCUMENT',
    ],
  ])('%s', async (_what, document, outcome) => {
    expect(await seen(packed(JSON.stringify(document)))).toBe(outcome);
  });

  it('is refused, not a reason to fall over, whatever its bytes are', async () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 5 }),
      fc.string(),
      fc.record({ doc: fc.jsonValue(), meta: fc.jsonValue() }).map((one) => JSON.stringify(one)),
      fc
        .record({ id: fc.constant('did:0:0'), verificationMethod: fc.jsonValue(), service: fc.jsonValue() })
        .map((doc) => JSON.stringify({ doc, meta: {} })),
    );
    const bytes = fc.oneof(
      text.map(packed),
      fc.array(fc.nat(255), { maxLength: 200 }),
      fc.array(fc.nat(255), { maxLength: 40 }).map((tail) => [...Buffer.from('DID'), ...tail]),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (one) => {
        expect(['document', 'deactivated', 'BAD_DOCUMENT']).toContain(await seen(one));
      }),
      { numRuns: 150 },
    );
  });
});

describe('transactions', () => {
  it('of a node that hides what they made are found again', async () => {
    const keypair = new Ed25519Keypair();
    const bob = await world.person(keypair);
    const { did: made, objectId } = await bob.controller.create(randomContent());
    const controlled = await world.reader.controlledBy(keypair.toIotaAddress());
    expect(controlled.map((one) => one.objectId)).toEqual([objectId]);
    expect(made.endsWith(objectId)).toBe(true);
  });
});
