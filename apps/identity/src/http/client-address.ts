/**
 * Who calls, as an address to count by. Behind a proxy the socket's address is the proxy's; then `X-Forwarded-For` says
 * more, but only as far as trusted proxies wrote it: everything to the left may be the client's own invention.
 */
import { BlockList, isIP } from 'node:net';
import { WotError } from '@wotid/core';

/** Longest chain that is read; ours are one or two hops. */
const maxHops = 16;

/** Which peers' `X-Forwarded-For` is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param ranges IP addresses or CIDR ranges
   * @throws WotError `BAD_PROXY` when one is neither
   */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', bits, ...rest] = range.split('/');
      const family = isIP(address);
      const width = family === 6 ? 128 : 32;
      const prefix = bits === undefined ? width : Number(bits);
      const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && prefix <= width);
      if (family === 0 || !isPrefix || rest.length > 0) {
        throw new WotError('BAD_PROXY', `${JSON.stringify(range.slice(0, 60))} is no address range`, {
          hint: 'a trusted proxy is an IP address or a range such as 10.0.0.0/8',
        });
      }
      this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /**
   * The client's address.
   * @param socketAddress the peer of the socket
   * @param forwardedFor the `X-Forwarded-For` header
   */
  clientOf(socketAddress: string, forwardedFor: string | undefined): string {
    const hops = (forwardedFor ?? '').split(',').slice(-maxHops);
    let client = plain(socketAddress);
    while (this.trusts(client) && hops.length > 0) {
      const hop = plain(hops.pop()?.trim() ?? '');
      if (isIP(hop) === 0) break;
      client = hop;
    }
    return client;
  }

  /** True for a trusted proxy, whose sockets are many clients'. */
  trusts(address: string): boolean {
    const family = isIP(plain(address));
    return family !== 0 && this.#list.check(plain(address), family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** True for an address of this machine itself. */
export function isLoopback(address: string): boolean {
  return loopback.check(plain(address), isIP(plain(address)) === 6 ? 'ipv6' : 'ipv4');
}

/** What a rate is counted by: an IPv4 address, or an IPv6 /64, which one customer has whole. */
export function rateKeyOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')}::/64`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An IPv4 address that a dual-stack socket shows as IPv6, as IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
