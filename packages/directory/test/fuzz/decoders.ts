/** What this package reads of strangers' bytes: records as a directory serves them, and its answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes } from '@wotid/core';
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, NodeProvider, signaturePurposes, signHybrid, type IdentityBlock } from '@wotid/crypto';
import { decoder, VirtualClock, type Decoder } from '@wotid/testkit';
import { DirectoryClient, signContactRecord, verifyContactRecord } from '../../src/index.ts';

const provider = new NodeProvider();
const keys = IdentityKeys.generate(provider);
const block: IdentityBlock = {
  did: didJwkOf(keys.ed25519.publicKey),
  ik: keys.ik.publicKey,
  ed25519: keys.ed25519.publicKey,
  mlDsa87: keys.mlDsa87.publicKey,
  falcon1024: null,
};
const nowMs = Date.UTC(2026, 0, 1);
const common = { block, peerId: '12D3KooWExample', seq: 3n, issuedAtMs: nowMs };
const records = [
  signContactRecord(provider, keys, { ...common, addresses: [], mailbox: null }),
  signContactRecord(provider, keys, {
    ...common,
    addresses: ['/ip4/127.0.0.1/tcp/1', '/dns4/a.example/tcp/443/wss'],
    mailbox: { chainId: '2304aa97', packageId: `0x${'12'.repeat(32)}`, mailboxId: `0x${'34'.repeat(32)}` },
  }),
];
/** The block is first, then the length of the record in two bytes, then the record and its signature of 4,692 bytes. */
const blockBytes = 2_659 + block.did.length;
const bodies = records.map((record) => record.subarray(blockBytes + 2, -4_692));

/** Signed by its owner, whatever it says. */
function signed(body: Uint8Array): Uint8Array {
  const head = (records[0] as Uint8Array).subarray(0, blockBytes);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  const signature = signHybrid(provider, keys, signaturePurposes.contactRecord, body);
  return concatBytes(head, Uint8Array.from(length), body, signature);
}

/** A directory that gives tokens and then answers what it is told to. */
let answer: Uint8Array = new Uint8Array();
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  const text = request.url === '/directory/token' ? '{"token":"t","expiresInSec":600}' : answer;
  request.resume().once('end', () => response.end(text));
});
server.listen(0, '127.0.0.1');
// Nothing keeps the process alive for its sake.
server.unref();
await new Promise((resolve) => server.once('listening', resolve));
const client = new DirectoryClient({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  provider,
  clock: new VirtualClock(nowMs),
  keys,
  block,
  kid: `${block.did}#0`,
  credential: () => null,
});

const answered = <Value>(name: string, seed: object, call: () => Promise<Value | null>): Decoder =>
  decoder({
    name: `directory/answer ${name}`,
    form: 'json',
    seeds: [Buffer.from(JSON.stringify(seed))],
    decode: (bytes) => {
      answer = bytes;
      return call();
    },
    codes: ['BAD_ANSWER'],
    isCostly: true,
  });
const did = 'did:example:somebody';

export const decoders: readonly Decoder[] = [
  decoder({
    name: 'directory/contact record',
    seeds: records,
    decode: (bytes) => verifyContactRecord(provider, bytes, nowMs),
    codes: ['BAD_CONTACT_RECORD'],
    isAuthentic: true,
  }),
  decoder({
    name: 'directory/contact record of a bad owner',
    seeds: bodies,
    wrap: signed,
    decode: (bytes) => verifyContactRecord(provider, bytes, nowMs),
    codes: ['BAD_CONTACT_RECORD'],
    isCostly: true,
  }),
  answered('contact', { record: 'AAAA' }, () => client.contact(did)),
  answered('prekeys', { prekeys: 'AAAA' }, () => client.prekeys(did)),
  answered('pairs', { number: 3, left: 9 }, () => client.pairsLeft()),
  answered('claim', { number: 3, pair: 'AAAA' }, () => client.claimPair(did)),
];
