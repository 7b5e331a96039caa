/** Importing a private key costs as much as using it (X25519 23 us, ML-KEM 43, ML-DSA 190): hot paths import none. */
import { NodeProvider } from '@wotid/crypto';
import { decodeSession, encodeSession, openEnvelope, sealMessage } from '@wotid/session';
import { expect, it } from 'vitest';
import { offlinePair, person, startMs, text } from './people.ts';

class CountingProvider extends NodeProvider {
  imported: string[] = [];

  override x25519FromSecret(secret: Uint8Array): ReturnType<NodeProvider['x25519FromSecret']> {
    this.imported.push('x25519');
    return super.x25519FromSecret(secret);
  }

  override kemFromSeed(seed: Uint8Array): ReturnType<NodeProvider['kemFromSeed']> {
    this.imported.push('ml-kem-1024');
    return super.kemFromSeed(seed);
  }

  override signFromSecret(
    ...given: Parameters<NodeProvider['signFromSecret']>
  ): ReturnType<NodeProvider['signFromSecret']> {
    this.imported.push(given[0]);
    return super.signFromSecret(...given);
  }

  override importVerifyingKey(
    ...given: Parameters<NodeProvider['importVerifyingKey']>
  ): ReturnType<NodeProvider['importVerifyingKey']> {
    this.imported.push(`public ${given[0]}`);
    return super.importVerifyingKey(...given);
  }

  take(): string[] {
    return this.imported.splice(0);
  }
}

const provider = new CountingProvider();
const [alice, bob] = [person('alice', provider), person('bob', provider)];

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
  // The new ratchet key: generating is drawing a secret and importing it.
  // Its KEM pair is the Offer that a first reply carries after a last-resort key.
  expect(provider.take()).toEqual(['ml-kem-1024', 'x25519']);
  decodeSession(provider, encodeSession(a));
  expect(provider.take()).toEqual(['x25519']);
});
