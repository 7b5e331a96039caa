import { createTransport } from '@wotid/transport';
import { NodeProvider } from '@wotid/crypto';
import { encodeReceipt, messageTypes, parseReceipt } from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundAddresses, withAnyPort } from './addresses.ts';
import { assertNotOlder, type SeenPrekeys } from './mailbox-post.ts';
import { bytesType, messageTypeName, messageTypeNumber } from './message-type-names.ts';
import { peerIdOf } from './peer-id.ts';
import { rangesOf } from './receipts.ts';

describe('ranges of a receipt', () => {
  it('cover the numbers, nothing else, and are canonical', () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 256 });
    fc.assert(
      fc.property(numbers, (given) => {
        const ranges = parseReceipt(encodeReceipt(rangesOf(given)));
        const covered = ranges.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
        expect(covered).toEqual([...new Set(given)].toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('a publication of prekeys', () => {
  it('is older when its number is lower and it does not end later', () => {
    const isOlder = (number: number, notAfterMs: number, seen: SeenPrekeys): boolean => {
      try {
        assertNotOlder({ number, notAfterMs }, seen);
        return false;
      } catch (error) {
        expect(error).toMatchObject({ code: 'PREKEYS_OUTDATED' });
        return true;
      }
    };
    const seen = { number: 7, notAfterMs: 1_000 };
    expect([6, 7, 8].map((number) => isOlder(number, 999, seen))).toEqual([true, false, false]);
    expect([999, 1_000, 1_001].map((notAfterMs) => isOlder(6, notAfterMs, seen))).toEqual([
      true,
      true,
      false,
    ]);
    expect(isOlder(6, 1_001, { number: 7, notAfterMs: null })).toBe(true);
    expect(isOlder(1, 5, { number: 0, notAfterMs: null })).toBe(false);
  });
});

describe('names of message types', () => {
  it('lead back to every number, known or not', () => {
    for (let type = 0; type <= 0xffff; type++) expect(messageTypeNumber(messageTypeName(type))).toBe(type);
    expect([messageTypeName(messageTypes.text), messageTypeName(bytesType)]).toEqual(['text', 'bytes']);
    expect(messageTypeName(0x9000)).toBe('type-36864');
  });

  it('are no others', () => {
    for (const name of ['', 'Text', 'type-', 'type-65536', 'type--1', 'type-1.5']) {
      expect(() => messageTypeNumber(name)).toThrow(RangeError);
    }
  });
});

describe('ports that were bound', () => {
  const wanted = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws', '/ip6/::/tcp/0', '/ip4/127.0.0.1/tcp/9/ws'];

  it('take the place of port 0, by kind of address', () => {
    const bound = [
      '/ip4/127.0.0.1/tcp/9/ws/p2p/x',
      '/ip4/127.0.0.1/tcp/41/p2p/x',
      '/ip4/192.0.2.1/tcp/41/p2p/x',
      '/ip4/127.0.0.1/tcp/42/ws/p2p/x',
      '/ip4/192.0.2.1/tcp/42/ws/p2p/x',
      '/ip6/::1/tcp/43/p2p/x',
    ];
    expect(boundAddresses(wanted, bound)).toEqual([
      '/ip4/0.0.0.0/tcp/41',
      '/ip4/0.0.0.0/tcp/42/ws',
      '/ip6/::/tcp/43',
      '/ip4/127.0.0.1/tcp/9/ws',
    ]);
  });

  it('are one each for two addresses of a kind, and stay open when nothing fits', () => {
    const two = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.2/tcp/0'];
    expect(boundAddresses(two, ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.2/tcp/2'])).toEqual([
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/127.0.0.2/tcp/2',
    ]);
    expect(boundAddresses(wanted, [])).toEqual(wanted);
    expect(withAnyPort('/ip4/127.0.0.1/tcp/4001/ws')).toBe('/ip4/127.0.0.1/tcp/0/ws');
  });
});

describe('a PeerId without a node', () => {
  it('is the one that a node gives itself', async () => {
    const peerKeySeed = new Uint8Array(32).fill(9);
    const node = await createTransport({ peerKeySeed });
    const { text, bytes } = peerIdOf(new NodeProvider(), peerKeySeed);
    expect([text, bytes]).toEqual([node.peerId, node.peerIdBytes]);
    await node.close();
  });
});
