/** The transcript and the key schedule, against values computed by hand from the formulas (Python's hashlib and hmac). */
import { concatBytes } from '@wotid/core';
import { NobleProvider, NodeProvider } from '@wotid/crypto';
import { describe, expect, it } from 'vitest';
import { GateChannel, helloHash } from '../../src/gate/transcript.ts';

const peerIds = { initiator: new Uint8Array(38).fill(0xaa), responder: new Uint8Array(38).fill(0xbb) };
const count = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => from + at);
const m1 = concatBytes(Uint8Array.of(1), count(0, 100));
const m2 = concatBytes(Uint8Array.of(2), count(100, 80));
/** X25519 secret 09 x 32, ML-KEM secret 06 x 32. */
const known = {
  th2: 'dcd2ff065f12bff3484fe867e811830dd364c2f092886b74357fb2bd8a7024fad25c0bfd1d2614bdf9c72ab80a4c3682cb54ff57e04f8f52d764e97971771770',
  kA: 'da23249c7f26820fed6b30f33d775d2811f25eb6f396051b2de9d69a009243a2',
  kB: '72467f6dcaf100c34cda851fb42e005ba9dfd3132b864b54e2d9d1f7a8e730dc',
  exporter:
    '674708cbaa31038844e81c25551fa406a7a5f00ba64a00d24e54aa2a8ec24847992f5640a8ed5a56dc64868d1d1d9105e51c837990e3ccc75ce601c2974c4990',
};

describe.each([new NodeProvider(), new NobleProvider()])('gate transcript on $name', (provider) => {
  const th2 = helloHash(provider, peerIds, m1, m2);
  const channel = (role: 'initiator' | 'responder'): GateChannel =>
    new GateChannel(
      provider,
      role,
      { dh: new Uint8Array(32).fill(9), kem: new Uint8Array(32).fill(6), prekey: null },
      th2,
    );

  it('has the known th2, keys and exporter', () => {
    expect(th2.toHex()).toBe(known.th2);
    for (const role of ['initiator', 'responder'] as const) {
      expect(channel(role).exporter().toHex()).toBe(known.exporter);
    }
  });

  it('seals with kA and kB, counted nonces, and the moving hash as associated data', () => {
    const [initiator, responder] = [channel('initiator'), channel('responder')];
    const nonce = (n: number): Uint8Array => concatBytes(Uint8Array.of(n), new Uint8Array(11));
    let hash = th2;
    for (const [sender, receiver, key, n] of [
      [initiator, responder, known.kA, 0],
      [responder, initiator, known.kB, 0],
      [initiator, responder, known.kA, 1],
      [responder, initiator, known.kB, 1],
    ] as const) {
      const plaintext = count(n, 40);
      const frame = sender.seal(plaintext);
      const ciphertext = frame.subarray(1);
      expect(frame[0]).toBe(3);
      expect(provider.open('aes-256-gcm', Uint8Array.fromHex(key), nonce(n), ciphertext, hash)).toEqual(
        plaintext,
      );
      expect(receiver.open(frame)).toEqual(plaintext);
      hash = provider.sha512(concatBytes(hash, ciphertext));
      expect(sender.hash).toEqual(hash);
      expect(receiver.hash).toEqual(hash);
    }
  });
});
