import { concatBytes } from '@wotid/core';
import { NobleProvider, NodeProvider, type CryptoProvider } from '@wotid/crypto';
import { describe, expect, it } from 'vitest';
import {
  ecChainStep,
  handshakeSecret,
  initSealKey,
  messageKey,
  pqChainStep,
  prekeyId,
  rootStep,
  sessionId,
  sessionKeys,
} from './kdf.ts';
import { encodeHeader, decodeHeader, openHeader, sealHeader } from './ratchet/header.ts';

const range = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, k) => from + k);
const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
const start = (bytes: Uint8Array): string => bytes.subarray(0, 8).toHex();

// Expected values were computed from the specification's formulas apart from this code.
describe.each<[string, CryptoProvider]>([
  ['native', new NodeProvider()],
  ['portable', new NobleProvider()],
])('known answers, %s', (_, provider) => {
  const dhs = [1, 2, 3, 4].map((byte) => fill(byte));
  const sk = handshakeSecret(provider, dhs, fill(5));

  it('PQXDH shared secret with and without a one-time prekey', () => {
    expect(start(sk)).toBe('2c016c31687f544e');
    expect(start(handshakeSecret(provider, dhs.slice(0, 3), fill(5)))).toBe('c91dd20c32054424');
  });

  it('session keys', () => {
    const keys = sessionKeys(provider, sk, null, 3, fill(0xad, 64));
    expect(start(keys.rootKey)).toBe('748924f91eb98985');
    const all = concatBytes(
      keys.rootKey,
      keys.headerKeyA,
      keys.nextHeaderKeyB,
      keys.pqRoot,
      keys.pqInitiatorToResponder,
      keys.pqResponderToInitiator,
    );
    expect(start(provider.sha256(all))).toBe('f0587c16b70788c7');
  });

  it('root step', () => {
    const { rootKey } = sessionKeys(provider, sk, null, 3, fill(0xad, 64));
    const step = rootStep(provider, rootKey, fill(9));
    const all = concatBytes(step.rootKey, step.chainKey, step.nextHeaderKey);
    expect(start(provider.sha256(all))).toBe('5f705b6959b85631');
  });

  it('chains and message key', () => {
    const ec = ecChainStep(provider, range(0, 32));
    const pq = pqChainStep(provider, range(0x20, 32));
    expect([start(ec.chainKey), start(ec.messageKey)]).toEqual(['a5df768b23b9d396', '5e78abb05cb83f47']);
    expect(start(pq.messageKey)).toBe('774343e7ccd0e554');
    const once = messageKey(provider, ec.messageKey, pq.messageKey);
    expect(start(concatBytes(once.key, once.nonce))).toBe('ddfb3c58f8249069');
    expect([once.key.length, once.nonce.length]).toEqual([32, 12]);
  });

  it('sealed header', () => {
    const sealed = sealHeader(provider, range(0x40, 32), range(0, 42));
    expect(start(provider.sha256(sealed))).toBe('7f3fb5f9b3900b3e');
    expect(sealed.length).toBe(58);
    expect(openHeader(provider, range(0x40, 32), sealed)).toEqual(range(0, 42));
    expect(openHeader(provider, range(0x41, 32), sealed)).toBeNull();
  });

  it('labels keep derivations over one secret apart', () => {
    const seal = initSealKey(provider, dhs, fill(5));
    expect(seal.key.toHex()).not.toBe(sk.toHex());
    expect(seal.nonce.length).toBe(12);
    expect(sessionId(provider, fill(0xad, 64)).toHex()).toBe(
      provider
        .sha512(concatBytes(new TextEncoder().encode('wot.id/v1/sid'), fill(0xad, 64)))
        .toHex()
        .slice(0, 32),
    );
    const hash = provider.sha256(fill(1));
    expect(prekeyId(provider, fill(1))).toBe(Buffer.from(hash).readUInt32LE(0));
  });
});

describe('header', () => {
  it('has the documented layout', () => {
    const header = { dh: range(0, 32), pn: 0x2221, n: 0x2423, epoch: 0x2625, pi: 0x2827, i: 0x2a29 };
    const bytes = encodeHeader(header);
    expect(bytes.toHex()).toBe(concatBytes(range(0, 32), range(0x21, 10)).toHex());
    expect(decodeHeader(bytes)).toEqual(header);
  });
});
