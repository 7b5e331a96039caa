import { expect, it } from 'vitest';
import { leaksIn, SeededRandom } from './index.ts';

const secret = new SeededRandom('secret').bytes(32);
const other = new SeededRandom('other').bytes(32);
const secrets = { secret };

it.each([
  ['a field', { key: secret }],
  ['a nested field', [new Map([[1, { deep: { deeper: [secret] } }]])]],
  ['a Buffer', { key: Buffer.from(secret) }],
  ['hexadecimal text', `key ${secret.toHex()}`],
  ['base64 text', `key ${secret.toBase64()}`],
  ['base64url text', `key ${secret.toBase64({ alphabet: 'base64url' })}`],
  ['the end of it alone', secret.slice(20)],
  ['an error message', new Error(`bad key ${secret.toHex()}`)],
  ['an error cause', new Error('bad', { cause: { secret } })],
  [
    'a getter',
    {
      get key() {
        return secret;
      },
    },
  ],
  ['a hidden field', Object.defineProperty({}, 'key', { value: secret, enumerable: false })],
  ['toJSON', { toJSON: () => [...secret] }],
])('a secret in %s is found', (_where, value) => {
  expect(leaksIn(value, secrets)).not.toEqual([]);
});

it('nothing is found where nothing is', () => {
  class Closed {
    readonly #key = secret;
    get length(): number {
      return this.#key.length;
    }
  }
  expect(leaksIn([new Closed(), { other }, other.toHex(), new Error('x')], secrets)).toEqual([]);
});
