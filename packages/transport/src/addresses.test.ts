import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { ipFacts, isAllowedAddress, parseDialTarget, parseListenAddress } from './addresses.ts';
import type { TransportError } from './errors.ts';
import { MAX_DIAL_ADDRESSES } from './limits.ts';

const peer = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const other = '12D3KooWEKMXGu5tJmU7kQ83JwPdJ5fgSkMcE5CDLrGoNTPcbCsX';

const foreignAddresses = [
  '/ip4/127.0.0.1/tcp/4001/tls/ws',
  '/ip4/127.0.0.1/tcp/4001/wss',
  '/dns4/example.org/tcp/443/tls/sni/example.org/ws',
  '/ip4/127.0.0.1/tcp/4001/tls',
  '/ip4/127.0.0.1/tcp/443/https',
  '/ip4/127.0.0.1/tcp/80/http',
  '/ip4/127.0.0.1/udp/4001/quic',
  '/ip4/127.0.0.1/udp/4001/quic-v1',
  '/ip4/127.0.0.1/udp/4001/quic-v1/webtransport',
  '/ip4/127.0.0.1/udp/4001/webrtc-direct',
  '/ip4/127.0.0.1/tcp/4001/webrtc',
  '/ip4/127.0.0.1/udp/4001',
  '/ip4/127.0.0.1/tcp/4001/noise',
  '/unix/tmp%2fsock',
  '/dnsaddr/bootstrap.libp2p.io',
  `/ip4/127.0.0.1/tcp/4001/p2p/${other}/p2p-circuit`,
];

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as TransportError).code;
  }
  return 'no error';
}

describe('addresses', () => {
  it.each([
    '/ip4/127.0.0.1/tcp/0',
    '/ip6/::1/tcp/4001/ws',
    '/dns4/example.org/tcp/80/ws',
    '/dns/example.org/tcp/1',
    '/dns6/a/tcp/1',
  ])('allows %s', (text) => {
    expect(isAllowedAddress(multiaddr(text))).toBe(true);
    expect(parseListenAddress(text).toString()).toBe(text);
    const target = parseDialTarget(`${text}/p2p/${peer}`);
    expect([target.peerId.toString(), String(target.addrs)]).toEqual([peer, `${text}/p2p/${peer}`]);
    expect(String(parseDialTarget({ peerId: peer, addrs: [text] }).addrs)).toBe(`${text}/p2p/${peer}`);
  });

  it.each(foreignAddresses)('denies %s', (text) => {
    expect(isAllowedAddress(multiaddr(text))).toBe(false);
    expect(codeOf(() => parseListenAddress(text))).toBe('DENIED');
    expect(codeOf(() => parseDialTarget(`${text}/p2p/${peer}`))).toBe('DENIED');
    expect(codeOf(() => parseDialTarget({ peerId: peer, addrs: [text] }))).toBe('DENIED');
  });

  it('leaves out foreign addresses of a card when a usable one remains', () => {
    const { addrs } = parseDialTarget({
      peerId: peer,
      addrs: [...foreignAddresses.slice(0, 9), '/ip4/10.0.0.1/tcp/5'],
    });
    expect(addrs.map(String)).toEqual([`/ip4/10.0.0.1/tcp/5/p2p/${peer}`]);
  });

  it.each([
    ['nonsense', 'nonsense'],
    ['empty', ''],
    ['no PeerId', '/ip4/127.0.0.1/tcp/1'],
    ['a bad PeerId', '/ip4/127.0.0.1/tcp/1/p2p/abc'],
    ['a port too large', `/ip4/127.0.0.1/tcp/65536/p2p/${peer}`],
    ['too long', `/dns4/${'a'.repeat(600)}/tcp/1/p2p/${peer}`],
    ['no addresses', { peerId: peer, addrs: [] }],
    ['another PeerId inside', { peerId: peer, addrs: [`/ip4/127.0.0.1/tcp/1/p2p/${other}`] }],
    ['a bad peerId', { peerId: '', addrs: ['/ip4/127.0.0.1/tcp/1'] }],
    ['too many', { peerId: peer, addrs: Array(MAX_DIAL_ADDRESSES + 1).fill('/ip4/127.0.0.1/tcp/1') }],
  ])('refuses a dial target with %s', (_what, target) => {
    expect(codeOf(() => parseDialTarget(target))).toBe('BAD_ADDRESS');
  });

  it('does not listen under a PeerId', () => {
    expect(codeOf(() => parseListenAddress(`/ip4/127.0.0.1/tcp/0/p2p/${peer}`))).toBe('BAD_ADDRESS');
  });

  it.each([
    ['/ip4/203.0.113.77/tcp/1', '203.0.113.0/24', false],
    ['/ip4/127.9.9.9/tcp/1/ws', '127.9.9.0/24', true],
    ['/ip6/::ffff:203.0.113.77/tcp/1', '203.0.113.0/24', false],
    ['/ip6/::ffff:127.0.0.1/tcp/1', '127.0.0.0/24', true],
    ['/ip6/2001:db8:1:2ff:3:4:5:6/tcp/1', '2001:0db8:0001:0200::/56', false],
    ['/ip6/::1/tcp/1', '0000:0000:0000:0000::/56', true],
    ['/dns4/example.org/tcp/1', undefined, false],
  ])('finds the network of %s', (text, ipPrefix, isLoopback) => {
    expect(ipFacts(multiaddr(text))).toEqual({ ipPrefix, isLoopback });
  });
});
