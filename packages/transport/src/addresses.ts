/**
 * Which addresses wot.id dials and listens on: TCP and plain WebSocket, nothing else. An allow-list, so that a
 * transport nobody thought of is refused too. Confidentiality comes from Noise; TLS between peers is never used.
 */
import { tryGetNetConfig } from '@libp2p/utils';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { peerIdFromString } from '@libp2p/peer-id';
import type { PeerId } from '@libp2p/interface';
import { errorText } from '@wotid/core';
import { TransportError } from './errors.ts';
import { MAX_ADDRESS_LENGTH, MAX_DIAL_ADDRESSES } from './limits.ts';

const hostNames: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);

/** Whom to dial: one address that ends in `/p2p/<PeerId>`, or a PeerId with its addresses. */
export type DialTarget = string | { readonly peerId: string; readonly addrs: readonly string[] };

/** A checked dial target: at least one address, each ending in the PeerId. */
export interface ParsedDialTarget {
  readonly peerId: PeerId;
  readonly addrs: readonly Multiaddr[];
}

/** True for `/{ip4,ip6,dns,dns4,dns6}/HOST/tcp/PORT[/ws][/p2p/PEERID]` and nothing else. */
export function isAllowedAddress(address: Multiaddr): boolean {
  const names = address.getComponents().map((component) => component.name);
  if (names.at(-1) === 'p2p') names.pop();
  if (names.at(-1) === 'ws') names.pop();
  return names.length === 2 && hostNames.has(names[0] ?? '') && names[1] === 'tcp';
}

/** @throws TransportError `BAD_ADDRESS` when `text` is not a multiaddr */
export function parseAddress(text: string): Multiaddr {
  if (text.length > MAX_ADDRESS_LENGTH)
    throw badAddress(`an address of ${text.length} characters is too long`);
  try {
    const address = multiaddr(text);
    if (address.getComponents().length > 0) return address;
  } catch (error) {
    throw badAddress(`"${text}" is not a multiaddr: ${errorText(error)}`, error);
  }
  throw badAddress('an empty address');
}

/** @throws TransportError `BAD_ADDRESS` when it does not parse, `DENIED` for a transport we never listen on */
export function parseListenAddress(text: string): Multiaddr {
  const address = parseAddress(text);
  if (!isAllowedAddress(address)) throw denied([text]);
  if (address.getComponents().at(-1)?.name === 'p2p') {
    throw badAddress(`"${text}" has a PeerId: a node listens under its own`);
  }
  return address;
}

/**
 * Checks a dial target. Of several addresses those that are not for us are left out; at least one must remain.
 * @throws TransportError `BAD_ADDRESS` without a PeerId, with a different PeerId in an address, or without any
 *   address; `DENIED` when all addresses are of a transport we never dial
 */
export function parseDialTarget(target: DialTarget): ParsedDialTarget {
  const texts = typeof target === 'string' ? [target] : target.addrs;
  if (texts.length === 0) throw badAddress('the peer has no address');
  if (texts.length > MAX_DIAL_ADDRESSES) {
    throw badAddress(`${texts.length} addresses for one peer, the limit is ${MAX_DIAL_ADDRESSES}`);
  }
  const addresses = texts.map(parseAddress);
  const allowed = addresses.filter(isAllowedAddress);
  if (allowed.length === 0) throw denied(texts);
  const peerIdText =
    typeof target === 'string' ? addresses[0]?.getComponents().findLast(isPeerId)?.value : target.peerId;
  if (peerIdText === undefined) throw badAddress(`"${texts[0]}" does not end in /p2p/ and the PeerId`);
  const peerId = parsePeerId(peerIdText);
  const addrs = allowed.map((address) => {
    const own = address.getComponents().findLast(isPeerId)?.value;
    if (own === undefined) return address.encapsulate(`/p2p/${peerId.toString()}`);
    if (!parsePeerId(own).equals(peerId))
      throw badAddress(`"${address}" is of another peer than ${peerIdText}`);
    return address;
  });
  return { peerId, addrs };
}

/** @throws TransportError `BAD_ADDRESS` */
export function parsePeerId(text: string): PeerId {
  try {
    return peerIdFromString(text);
  } catch (error) {
    throw badAddress(`"${text.slice(0, MAX_ADDRESS_LENGTH)}" is not a PeerId`, error);
  }
}

/** What rate limits need to know of a remote address. */
export interface IpFacts {
  /** The network that one party plausibly controls: IPv4 /24, IPv6 /56; `undefined` when dialled by name. */
  readonly ipPrefix: string | undefined;
  /** 127.0.0.0/8 or ::1, also IPv4-mapped. */
  readonly isLoopback: boolean;
}

/** The {@link IpFacts} of a connection's remote address; IPv4-mapped IPv6 counts as IPv4. */
export function ipFacts(address: Multiaddr): IpFacts {
  const host = tryGetNetConfig(address);
  if (host?.type !== 'ip4' && host?.type !== 'ip6') return { ipPrefix: undefined, isLoopback: false };
  // One byte of multicodec (ip4 = 4, ip6 = 41), then the address in network order.
  const ip = multiaddr(`/${host.type}/${host.host}`).bytes.subarray(1);
  const mapped = ip.length === 16 && ip.subarray(0, 12).toHex() === '00000000000000000000ffff';
  const ip4 = ip.length === 4 ? ip : mapped ? ip.subarray(12) : undefined;
  if (ip4 !== undefined) {
    return { ipPrefix: `${ip4[0]}.${ip4[1]}.${ip4[2]}.0/24`, isLoopback: ip4[0] === 127 };
  }
  const isLoopback = ip[15] === 1 && ip.subarray(0, 15).every((byte) => byte === 0);
  const groups = ip.subarray(0, 7).toHex().padEnd(16, '0').match(/.{4}/g) ?? [];
  return { ipPrefix: `${groups.join(':')}::/56`, isLoopback };
}

const isPeerId = (component: { readonly name: string }): boolean => component.name === 'p2p';

function badAddress(message: string, cause?: unknown): TransportError {
  return new TransportError('BAD_ADDRESS', message, {
    hint: 'use an address such as /ip4/203.0.113.5/tcp/4001/p2p/12D3Koo... or .../tcp/4002/ws/p2p/12D3Koo...',
    cause,
  });
}

function denied(texts: readonly string[]): TransportError {
  return new TransportError('DENIED', `wot.id uses TCP and plain WebSocket only, not ${texts.join(', ')}`, {
    hint: 'peers are protected by Noise; TLS, wss, QUIC, WebRTC, WebTransport and relayed addresses are not used',
    data: { addresses: texts },
  });
}
