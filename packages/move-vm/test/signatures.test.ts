import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ByteVector, GasMeter, type MoveVmError, type Session } from '../src/index.ts';
import { Bench, framework, plain } from './harness.ts';

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const KECCAK256 = 0;
const SHA256 = 1;

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

/** Calls a native of the framework. */
function call(
  target: string,
  args: readonly (Uint8Array | number)[],
  session: Session = bench.session(),
): unknown {
  const [module = '', name = ''] = target.split('::');
  const values = args.map((arg) => (typeof arg === 'number' ? arg : new ByteVector(arg.slice())));
  return session.call(session.loadFunction(framework, module, name, []), values).map(plain)[0];
}

function abortOf(target: string, args: readonly (Uint8Array | number)[]): bigint {
  try {
    call(target, args);
  } catch (error) {
    const { failure } = error as MoveVmError;
    if (failure.kind === 'MoveAbort') return failure.abortCode;
    throw error;
  }
  throw new Error(`${target} did not abort`);
}

/** Curves, as Node's OpenSSL knows them and as the framework does. */
const curves = [
  { name: 'secp256k1', node: 'secp256k1', module: 'ecdsa_k1', curve: secp256k1 },
  { name: 'secp256r1', node: 'prime256v1', module: 'ecdsa_r1', curve: p256 },
] as const;
type NamedCurve = (typeof curves)[number];

function coordinates(key: KeyObject): { readonly full: Uint8Array; readonly compressed: Uint8Array } {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const [xBytes, yBytes] = [x, y].map((text) => Uint8Array.fromBase64(text, { alphabet: 'base64url' }));
  const [xs, ys] = [xBytes as Uint8Array, yBytes as Uint8Array];
  return {
    full: Uint8Array.of(4, ...xs, ...ys),
    compressed: Uint8Array.of(2 + ((ys.at(-1) as number) & 1), ...xs),
  };
}

function withLowS({ curve }: NamedCurve, signature: Uint8Array): { low: Uint8Array; high: Uint8Array } {
  const order = curve.Point.Fn.ORDER;
  const s = BigInt(`0x${signature.subarray(32).toHex()}`);
  const bytes = (value: bigint): Uint8Array =>
    Uint8Array.of(...signature.subarray(0, 32), ...hex(value.toString(16).padStart(64, '0')));
  const [small, large] = s > order / 2n ? [order - s, s] : [s, order - s];
  return { low: bytes(small), high: bytes(large) };
}

describe('ed25519', () => {
  // RFC 8032, section 7.1, TEST 3.
  const key = hex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025');
  const signature = hex(
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  );
  const verify = (...args: Uint8Array[]): unknown => call('ed25519::ed25519_verify', args);

  it('verifies what RFC 8032 says', () => {
    expect(verify(signature, key, hex('af82'))).toBe(true);
    expect(verify(signature, key, hex('af83'))).toBe(false);
  });

  it('is false for anything malformed', () => {
    expect(verify(signature.subarray(1), key, hex('af82'))).toBe(false);
    expect(verify(signature, key.subarray(1), hex('af82'))).toBe(false);
    expect(verify(signature, new Uint8Array(), hex('af82'))).toBe(false);
    // s + L, which names the same number (RFC 8032, section 5.1.7 demands s < L).
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${signature.slice(32).reverse().toHex()}`) + order;
    const unreduced = Uint8Array.of(
      ...signature.subarray(0, 32),
      ...hex(s.toString(16).padStart(64, '0')).reverse(),
    );
    expect(verify(unreduced, key, hex('af82'))).toBe(false);
  });

  it('follows ZIP 215 where RFC 8032 leaves a choice: points of small order are points', () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    expect(verify(Uint8Array.of(...identity, ...new Uint8Array(32)), identity, hex('00'))).toBe(true);
  });
});

describe.each(curves)('ECDSA over $name', (named) => {
  const verify = (...args: (Uint8Array | number)[]): unknown =>
    call(`${named.module}::${named.name}_verify`, args);
  const ecrecover = `${named.module}::${named.name}_ecrecover`;
  const keys = generateKeyPairSync('ec', { namedCurve: named.node });
  const { full, compressed } = coordinates(createPublicKey(keys.privateKey));
  const signed = (message: Uint8Array): { low: Uint8Array; high: Uint8Array } =>
    withLowS(
      named,
      new Uint8Array(sign('sha256', message, { key: keys.privateKey, dsaEncoding: 'ieee-p1363' })),
    );

  it('verifies and recovers what OpenSSL signs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (message, at, flip) => {
          const { low, high } = signed(message);
          expect(verify(low, compressed, message, SHA256)).toBe(true);
          expect(verify(low, full, message, SHA256)).toBe(true);
          expect(verify(high, compressed, message, SHA256)).toBe(false);
          expect(verify(low, compressed, message, KECCAK256)).toBe(false);
          const broken = low.slice();
          broken[at % 64] = (broken[at % 64] as number) ^ flip;
          expect(verify(broken, compressed, message, SHA256)).toBe(false);
          for (const signature of [low, high]) {
            const found = [0, 1].map((v) =>
              call(ecrecover, [Uint8Array.of(...signature, v), message, SHA256]),
            );
            expect(found).toContain(`hex:${compressed.toHex()}`);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is false for anything malformed', () => {
    const message = utf8('text');
    const { low } = signed(message);
    expect(verify(low, compressed, message, 2)).toBe(false);
    expect(verify(low.subarray(1), compressed, message, SHA256)).toBe(false);
    expect(verify(low, compressed.subarray(1), message, SHA256)).toBe(false);
    expect(verify(new Uint8Array(64), compressed, message, SHA256)).toBe(false);
    expect(verify(new Uint8Array(64).fill(255), compressed, message, SHA256)).toBe(false);
    expect(verify(low, new Uint8Array(33), message, SHA256)).toBe(false);
    expect(verify(low, Uint8Array.of(0), message, SHA256)).toBe(false);
  });

  it('aborts as a node when there is no key to recover', () => {
    const message = utf8('text');
    const { low } = signed(message);
    expect(abortOf(ecrecover, [Uint8Array.of(...low, 0), message, 2])).toBe(0n);
    expect(abortOf(ecrecover, [low, message, SHA256])).toBe(1n);
    expect(abortOf(ecrecover, [Uint8Array.of(...low, 4), message, SHA256])).toBe(1n);
    expect(abortOf(ecrecover, [new Uint8Array(65).fill(255, 0, 64), message, SHA256])).toBe(1n);
    // No point has x = 5 on secp256k1; none has x = 1 on secp256r1 (no square root of x³ + ax + b there).
    const noPoint = named.name === 'secp256k1' ? 5 : 1;
    const offCurve = Uint8Array.of(...new Uint8Array(31), noPoint, ...low.subarray(32), 0);
    expect(abortOf(ecrecover, [offCurve, message, SHA256])).toBe(0n);
    // A zero is a number to libsecp256k1, for which it finds no key, and malformed to the P-256 library.
    expect(abortOf(ecrecover, [new Uint8Array(65), message, SHA256])).toBe(
      named.name === 'secp256k1' ? 0n : 1n,
    );
  });

  it('costs by the byte and by the block', () => {
    const { low } = signed(utf8('text'));
    const used = (length: number, hash: number): number => {
      const gas = new GasMeter(1e9);
      call(
        `${named.module}::${named.name}_verify`,
        [low, compressed, new Uint8Array(length), hash],
        bench.session(gas),
      );
      return gas.used;
    };
    expect(used(96, SHA256) - used(32, SHA256)).toBe(2 * 64 + 2);
    expect(used(137, KECCAK256) - used(136, KECCAK256)).toBe(2 + 2);
    expect(used(0, 9) - used(0, SHA256)).toBe(100 - 52);
  });
});

describe('ecdsa_k1', () => {
  it('has the keys of published signatures', () => {
    // Bitcoin's RFC 6979 vector for the private key 1, whose public key is the generator.
    const generator = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const signature = hex(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
        '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
    const text = utf8('Satoshi Nakamoto');
    expect(call('ecdsa_k1::secp256k1_ecrecover', [Uint8Array.of(...signature, 1), text, SHA256])).toBe(
      `hex:${generator}`,
    );
    // The transaction of EIP-155's example, with a key that is 32 bytes of 0x46.
    const transaction = hex(
      'ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
    );
    const signed = hex(
      '28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
        '67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300',
    );
    expect(call('ecdsa_k1::secp256k1_ecrecover', [signed, transaction, KECCAK256])).toBe(
      'hex:024bc2a31265153f07e70e0bab08724e6b85e217f8cd628ceb62974247bb493382',
    );
  });

  it('writes keys in full, in whichever form they come', () => {
    const { full, compressed } = coordinates(
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    );
    const odd = (full[64] as number) & 1;
    const hybrid = Uint8Array.of(6 + odd, ...full.subarray(1));
    for (const form of [full, compressed, hybrid]) {
      expect(call('ecdsa_k1::decompress_pubkey', [form])).toBe(`hex:${full.toHex()}`);
    }
    const wrong = [
      Uint8Array.of(7 - odd, ...full.subarray(1)),
      compressed.subarray(1),
      new Uint8Array(33),
      hex(''),
    ];
    for (const form of wrong) expect(abortOf('ecdsa_k1::decompress_pubkey', [form])).toBe(2n);
  });
});

describe('ecdsa_r1', () => {
  // RFC 6979, appendix A.2.5: the signature of "sample" has a high s, that of "test" a low one.
  const key = hex('0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6');
  const test = hex(
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367' +
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  );
  const sample = hex(
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  );

  it('verifies low s and recovers from any', () => {
    expect(call('ecdsa_r1::secp256r1_verify', [test, key, utf8('test'), SHA256])).toBe(true);
    expect(call('ecdsa_r1::secp256r1_verify', [sample, key, utf8('sample'), SHA256])).toBe(false);
    for (const [signature, text] of [
      [test, 'test'],
      [sample, 'sample'],
    ] as const) {
      expect(
        call('ecdsa_r1::secp256r1_ecrecover', [Uint8Array.of(...signature, 0), utf8(text), SHA256]),
      ).toBe(`hex:${key.toHex()}`);
    }
  });
});

describe('hmac', () => {
  it("has the digest of NIST's example, and costs by the byte and by the block", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(call('hmac::hmac_sha3_256', [key, utf8('Sample message for keylen<blocklen')])).toBe(
      'hex:4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205',
    );
    const used = (length: number): number => {
      const gas = new GasMeter(1e9);
      call('hmac::hmac_sha3_256', [key, new Uint8Array(length)], bench.session(gas));
      return gas.used;
    };
    // Blocks are those of key and message, plus two and rounded up as the node does: a new one at 138 bytes.
    expect(used(106) - used(105)).toBe(2 + 2);
    expect(used(107) - used(106)).toBe(2);
  });
});
