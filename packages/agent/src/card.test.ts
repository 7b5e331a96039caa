import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';
import { ownIdentity } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { armor, armorLabels, unarmor } from './armor.ts';
import { encodeCard, parseCard, type ContactCard } from './card.ts';
import {
  credentialRequestLifetimeMs,
  encodeCredentialRequest,
  parseCredentialRequest,
} from './credential-request.ts';

const provider = new NodeProvider();
const nowMs = Date.UTC(2026, 5, 1);
const person = (): ReturnType<typeof ownIdentity> => {
  const keys = IdentityKeys.generate(provider);
  return ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
};
const alice = person();
const mallory = person();

const card = (change: Partial<ContactCard> = {}): ContactCard => ({
  block: alice.block,
  credential: new Uint8Array(5_000).fill(3),
  peerId: '12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba',
  addresses: ['/ip4/192.0.2.1/tcp/4001', '/ip4/192.0.2.1/tcp/4002/ws'],
  mailbox: { chainId: '0b456266', packageId: `0x${'4e'.repeat(32)}`, mailboxId: `0x${'2f'.repeat(32)}` },
  issuedAtMs: nowMs,
  ...change,
});
const write = (change: Partial<ContactCard> = {}, keys = alice.keys): string =>
  encodeCard(provider, keys, card(change));

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'accepted';
}

describe('a contact card', () => {
  it('says what was written, with and without a mailbox, address or credential', () => {
    for (const change of [{}, { mailbox: null }, { addresses: [] }, { credential: new Uint8Array() }]) {
      expect(parseCard(provider, write(change), nowMs)).toEqual(card(change));
    }
    const many = Array.from({ length: 12 }, (_, i) => `/ip4/192.0.2.${i}/tcp/1`);
    expect(parseCard(provider, write({ addresses: many }), nowMs).addresses).toEqual(many.slice(0, 8));
  });

  it('is refused with any byte changed, cut or added', () => {
    const bytes = unarmor(armorLabels.card, write());
    const parse = (changed: Uint8Array): string =>
      codeOf(() => parseCard(provider, armor(armorLabels.card, changed), nowMs));
    expect(parse(bytes)).toBe('accepted');
    // Every byte of the head, and every 61st of the rest: a signature check each.
    for (let at = 0; at < bytes.length; at += at < 64 ? 1 : 61) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect([at, parse(changed)]).toEqual([at, 'BAD_CARD']);
    }
    for (const length of [0, 1, 4_691, 4_692, 4_693, bytes.length - 1]) {
      expect(parse(bytes.slice(0, length))).toBe('BAD_CARD');
    }
    expect(parse(new Uint8Array([...bytes, 0]))).toBe('BAD_CARD');
    expect(parse(new Uint8Array(100_000))).toBe('BAD_CARD');
  });

  it('is refused when somebody else signed it, also as another document', () => {
    expect(codeOf(() => parseCard(provider, write({}, mallory.keys), nowMs))).toBe('BAD_CARD');
    const request = encodeCredentialRequest(provider, alice.keys, alice.block, nowMs);
    expect(codeOf(() => parseCard(provider, request, nowMs))).toBe('BAD_ARMOR');
    const relabelled = armor(armorLabels.card, unarmor(armorLabels.request, request));
    expect(codeOf(() => parseCard(provider, relabelled, nowMs))).toBe('BAD_CARD');
  });

  it('may be five minutes ahead of our clock and no more', () => {
    expect(codeOf(() => parseCard(provider, write(), nowMs - 300_000))).toBe('accepted');
    expect(codeOf(() => parseCard(provider, write(), nowMs - 300_001))).toBe('BAD_CARD');
  });
});

describe('a credential request', () => {
  const request = encodeCredentialRequest(provider, alice.keys, alice.block, nowMs);
  const parse = (text: string, atMs: number): string =>
    codeOf(() => parseCredentialRequest(provider, text, atMs));

  it('names the keys of its sender, for 30 days', () => {
    expect(parseCredentialRequest(provider, request, nowMs)).toEqual(alice.block);
    expect(parse(request, nowMs + credentialRequestLifetimeMs)).toBe('accepted');
    expect(parse(request, nowMs + credentialRequestLifetimeMs + 1)).toBe('BAD_REQUEST');
    expect(parse(request, nowMs - 300_001)).toBe('BAD_REQUEST');
  });

  it('is refused when its sender does not hold those keys', () => {
    expect(parse(encodeCredentialRequest(provider, mallory.keys, alice.block, nowMs), nowMs)).toBe(
      'BAD_REQUEST',
    );
    const bytes = unarmor(armorLabels.request, request);
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect([at, parse(armor(armorLabels.request, changed), nowMs)]).toEqual([at, 'BAD_REQUEST']);
    }
  });
});
