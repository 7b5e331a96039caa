import { VirtualClock } from '@wotid/testkit';
import type { DidReader, ResolvedDid } from '@wotid/did-iota';
import { beforeEach, describe, expect, it } from 'vitest';
import { AgentDidResolver } from './did-resolver.ts';

const did = `did:iota:0badcafe:0x${'ab'.repeat(32)}`;
const clock = new VirtualClock(1_000_000);
let asked: number;
let answer: () => Promise<ResolvedDid>;
let resolver: AgentDidResolver;

const found: ResolvedDid = {
  did,
  document: { id: did },
  deactivated: false,
  forever: false,
  createdAt: null,
  updatedAt: null,
  isShared: false,
};

beforeEach(() => {
  asked = 0;
  answer = () => Promise.resolve(found);
  const reader: Pick<DidReader, 'resolve'> = {
    resolve: () => {
      asked++;
      return answer();
    },
  };
  resolver = new AgentDidResolver({
    clock,
    reader: reader as DidReader,
    isTrustedIssuer: (one) => one === 'did:web:issuer.invalid',
  });
});

const errorOf = async (one: string): Promise<string | undefined> =>
  (await resolver.resolve(one)).didResolutionMetadata.error;

describe('documents', () => {
  it('are asked for twice a minute, and once at a time', async () => {
    await Promise.all([resolver.resolve(did), resolver.resolve(did)]);
    expect(asked).toBe(1);
    clock.advance(29_000);
    await resolver.resolve(did);
    expect(asked).toBe(1);
    clock.advance(2_000);
    await resolver.resolve(did);
    expect(asked).toBe(2);
  });

  it('are asked for again when they are forgotten', async () => {
    expect(resolver.forget(did)).toBe(false);
    await resolver.resolve(did);
    expect(resolver.forget(did)).toBe(true);
    await resolver.resolve(did);
    expect(asked).toBe(2);
  });

  it('that could not be had are not remembered as missing', async () => {
    answer = () => Promise.reject(new Error('the node is gone'));
    expect(await errorOf(did)).toBe('internalError');
    answer = () => Promise.resolve({ ...found, document: null, deactivated: true });
    expect((await resolver.resolve(did)).didDocumentMetadata.deactivated).toBe(true);
    answer = () => Promise.resolve(found);
    expect((await resolver.resolve(did)).didDocumentMetadata.deactivated).toBeUndefined();
    expect(asked).toBe(3);
  });
});

describe('methods', () => {
  it('are did:jwk, did:key, did:iota, and did:web of trusted issuers', async () => {
    expect(await errorOf('did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp')).toBeUndefined();
    expect(await errorOf('did:web:somebody.invalid')).toBe('methodNotSupported');
    expect(await errorOf('did:web:issuer.invalid')).toBe('internalError');
    expect(await errorOf('did:ion:EiA')).toBe('unsupportedDidMethod');
    const without = new AgentDidResolver({ clock, reader: null, isTrustedIssuer: () => false });
    expect((await without.resolve(did)).didResolutionMetadata.error).toBe('unsupportedDidMethod');
  });
});
