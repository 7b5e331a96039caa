/**
 * What the hot paths leave out. Importing a private key costs as much as using it (X25519 23 us, ML-KEM 43, ML-DSA 190);
 * a hybrid signature costs what fifteen messages do, its verification five.
 */
import { NodeProvider } from '@wotid/crypto';
import { decodeSession, encodeSession, openEnvelope, sealMessage } from '@wotid/session';
import { expect, it } from 'vitest';
import { offlinePair, person, startMs, text } from './people.ts';

class CountingProvider extends NodeProvider {
  calls: string[] = [];

  override x25519FromSecret(secret: Uint8Array): ReturnType<NodeProvider['x25519FromSecret']> {
    this.calls.push('x25519');
    return super.x25519FromSecret(secret);
  }

  override x25519Generate(): ReturnType<NodeProvider['x25519Generate']> {
    this.calls.push('new x25519');
    return super.x25519Generate();
  }

  override kemGenerate(): ReturnType<NodeProvider['kemGenerate']> {
    this.calls.push('new ml-kem-1024');
    return super.kemGenerate();
  }

  override kemFromSeed(seed: Uint8Array): ReturnType<NodeProvider['kemFromSeed']> {
    this.calls.push('ml-kem-1024');
    return super.kemFromSeed(seed);
  }

  override signFromSecret(
    ...given: Parameters<NodeProvider['signFromSecret']>
  ): ReturnType<NodeProvider['signFromSecret']> {
    this.calls.push(given[0]);
    return super.signFromSecret(...given);
  }

  override importVerifyingKey(
    ...given: Parameters<NodeProvider['importVerifyingKey']>
  ): ReturnType<NodeProvider['importVerifyingKey']> {
    this.calls.push(`public ${given[0]}`);
    return super.importVerifyingKey(...given);
  }

  override sign(...given: Parameters<NodeProvider['sign']>): ReturnType<NodeProvider['sign']> {
    this.calls.push(`sign ${given[0].algorithm}`);
    return super.sign(...given);
  }

  override verify(...given: Parameters<NodeProvider['verify']>): boolean {
    this.calls.push(`verify ${given[0].algorithm}`);
    return super.verify(...given);
  }

  override open(...given: Parameters<NodeProvider['open']>): ReturnType<NodeProvider['open']> {
    const opened = super.open(...given);
    if (opened === null) this.calls.push('failed trial');
    return opened;
  }

  take(): string[] {
    return this.calls.splice(0);
  }
}

const provider = new CountingProvider();
const [alice, bob] = [person('alice', provider), person('bob', provider)];

it('a signed Offer that goes again keeps its signature for an hour, and its copies are not verified', () => {
  let { a, b } = offlinePair(alice, bob);
  const send = (seq: number, nowMs: number, rekey: 'due' | 'signed' = 'due'): void => {
    const init = { route: 'online', nowMs, rekeyWith: alice.own, rekey } as const;
    const sealed = sealMessage(provider, a, text(provider, 'hello', seq), init);
    a = sealed.session;
    b = openEnvelope(provider, b, sealed.envelope, { nowMs, peer: alice.own.block }).session;
  };
  provider.take();
  const only = (kind: string): string[] => provider.take().filter((each) => each.startsWith(kind));
  send(1, startMs, 'signed');
  expect(provider.take()).toEqual([
    'new ml-kem-1024',
    'sign ed25519',
    'sign ml-dsa-87',
    'public ed25519',
    'public ml-dsa-87',
    'verify ed25519',
    'verify ml-dsa-87',
  ]);
  // Sent again with the 17th and 33rd message after it; nobody answers.
  for (let seq = 2; seq <= 40; seq++) send(seq, startMs + seq);
  expect(provider.take()).toEqual([]);
  for (let seq = 41; seq <= 60; seq++) send(seq, startMs + 3_600_001);
  expect(only('sign')).toEqual(['sign ed25519', 'sign ml-dsa-87']);
});

it('sealing and opening in a loaded session imports no key; a turn makes one and imports none other', () => {
  let { a, b } = offlinePair(alice, bob);
  provider.take();
  for (let seq = 1; seq <= 20; seq++) {
    const sealed = sealMessage(provider, a, text(provider, 'hello', seq), {
      route: 'online',
      nowMs: startMs,
    });
    a = sealed.session;
    b = openEnvelope(provider, b, sealed.envelope, { nowMs: startMs, peer: alice.own.block }).session;
  }
  expect(provider.take()).toEqual([]);
  const back = sealMessage(provider, b, text(provider, 'back'), { route: 'online', nowMs: startMs });
  a = openEnvelope(provider, a, back.envelope, { nowMs: startMs, peer: bob.own.block }).session;
  // The KEM pair is the Offer that a first reply carries after a last-resort key.
  expect(provider.take()).toEqual(['new ml-kem-1024', 'new x25519']);
  decodeSession(provider, encodeSession(a));
  expect(provider.take()).toEqual(['x25519']);
});

it('the likely header key comes first: neither in a row of messages nor in turns does a trial fail', () => {
  let { a, b } = offlinePair(alice, bob);
  const init = { route: 'online', nowMs: startMs } as const;
  const there = (seq: number): void => {
    const sent = sealMessage(provider, a, text(provider, 'there', seq), init);
    a = sent.session;
    b = openEnvelope(provider, b, sent.envelope, { nowMs: startMs, peer: alice.own.block }).session;
  };
  const back = (seq: number): void => {
    const sent = sealMessage(provider, b, text(provider, 'back', seq), init);
    b = sent.session;
    a = openEnvelope(provider, a, sent.envelope, { nowMs: startMs, peer: bob.own.block }).session;
  };
  there(1);
  provider.take();
  for (let seq = 2; seq <= 10; seq++) {
    back(seq);
    there(seq);
  }
  for (let seq = 11; seq <= 20; seq++) there(seq);
  expect(provider.take()).not.toContain('failed trial');
});
