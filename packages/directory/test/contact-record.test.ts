/** Contact records: what earlier versions have published is read, and nothing of a record can be changed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { IdentityKeys, NobleProvider, NodeProvider } from '@wotid/crypto';
import { contactCredentialHash, signContactRecord, verifyContactRecord } from '@wotid/directory';
import { describe, expect, it } from 'vitest';

const provider = new NodeProvider();
const keys = IdentityKeys.generate(provider);
const block = keys.block('did:iota:0a1b2c3d:0x01');
const nowMs = Date.UTC(2026, 5, 1);
const says = {
  peerId: '12D3KooWExample',
  addresses: ['/ip4/192.0.2.1/tcp/4001'],
  mailbox: {
    chainId: '0a1b2c3d',
    packageId: `0x${'b'.repeat(64)}`,
    mailboxId: `0x${'c'.repeat(64)}`,
  },
};
const sign = (change: Partial<Parameters<typeof signContactRecord>[2]> = {}): Uint8Array =>
  signContactRecord(provider, keys, { ...says, block, seq: 7n, issuedAtMs: nowMs, ...change });

describe('a contact record', () => {
  const folder = join(import.meta.dirname, 'fixtures');
  it.each(readdirSync(folder))('of %s is read by this version', (version) => {
    const written = JSON.parse(readFileSync(join(folder, version, 'contact-record.json'), 'utf8')) as {
      readonly published: string;
      readonly says: Readonly<Record<string, unknown>>;
    };
    for (const one of [provider, new NobleProvider()]) {
      const record = verifyContactRecord(one, Uint8Array.fromBase64(written.published), nowMs);
      const { block: named, seq, idFp, credentialHash } = record;
      expect({
        ...record,
        did: named.did,
        seq: String(seq),
        idFp: idFp.toHex(),
        credentialHash: credentialHash?.toHex() ?? null,
      }).toMatchObject({ credentialHash: null, ...written.says });
    }
  });

  it('names the credential that is left beside it, or none', () => {
    const credential = provider.random.bytes(9_000);
    const [without, with_] = [sign(), sign({ credential })].map((bytes) =>
      verifyContactRecord(provider, bytes, nowMs),
    );
    expect(without?.credentialHash).toBeNull();
    expect(with_?.credentialHash).toEqual(contactCredentialHash(provider, credential));
    expect(with_).toMatchObject({ ...says, seq: 7n });
    // What is said tells records apart, who signed when does not: signatures are randomised.
    const again = verifyContactRecord(provider, sign({ credential }), nowMs);
    expect(again.digest).toEqual(with_?.digest);
    expect(without?.digest).not.toEqual(with_?.digest);
  });

  it('changes in no byte, and has no other end', () => {
    const published = sign({ credential: new Uint8Array([1]) });
    const refusal = expect.objectContaining({ code: 'BAD_CONTACT_RECORD' });
    fc.assert(
      fc.property(fc.nat(published.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = published.with(at, (published[at] ?? 0) ^ flip);
        expect(() => verifyContactRecord(provider, changed, nowMs)).toThrow(refusal);
      }),
      { numRuns: 300 },
    );
    for (const other of [published.subarray(0, -1), new Uint8Array([...published, 0])]) {
      expect(() => verifyContactRecord(provider, other, nowMs)).toThrow(refusal);
    }
  });

  it('of a version that is not known is refused by its number', () => {
    const published = sign();
    const record = Buffer.from(published).indexOf(
      Buffer.from([1, block.did.length, ...Buffer.from(block.did)]),
      100,
    );
    expect(record).toBeGreaterThan(2_600);
    expect(() => verifyContactRecord(provider, published.with(record, 3), nowMs)).toThrow(
      expect.objectContaining({ code: 'BAD_CONTACT_RECORD' }),
    );
  });
});
