import { describe, expect, it } from 'vitest';
import { assertMayPublish, didNetworkOf } from '../src/index.ts';

const ours = `0x${'12'.repeat(32)}`;
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('the identity package', () => {
  it('of IOTA’s networks is IOTA’s, whatever is asked for', () => {
    for (const [chainId, name] of [
      ['6364aad5', 'iota'],
      ['2304aa97', 'testnet'],
      ['daf90477', 'devnet'],
    ] as const) {
      const network = didNetworkOf(chainId, ours);
      expect(network).toMatchObject({ chainId, name, isOfficial: true });
      expect(network.packageId).not.toBe(ours);
    }
  });

  it('of any other network is the one that is named', () => {
    expect(didNetworkOf('0badcafe', ours)).toEqual({
      chainId: '0badcafe',
      name: '0badcafe',
      packageId: ours,
      isOfficial: false,
    });
    expect(() => didNetworkOf('0badcafe', null)).toThrow(coded('NO_PACKAGE'));
    expect(() => didNetworkOf('0badcafe', '0x1')).toThrow(coded('NO_PACKAGE'));
    expect(() => didNetworkOf('constructor', ours)).toThrow(coded('NO_PACKAGE'));
  });

  it('of ours is never published where IOTA’s is', () => {
    expect(() => assertMayPublish({ chainId: '2304aa97', name: 'http://127.0.0.1:9000' })).toThrow(
      coded('OFFICIAL_NETWORK'),
    );
    // After a restart devnet has another chain id.
    expect(() => assertMayPublish({ chainId: '0badcafe', name: 'devnet' })).toThrow(
      coded('OFFICIAL_NETWORK'),
    );
    expect(() => assertMayPublish({ chainId: '0badcafe', name: 'localnet' })).not.toThrow();
  });
});
