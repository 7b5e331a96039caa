/**
 * A machine with an issuer's keys, as a process of its own: it makes them, prints what is public of them, and signs what
 * comes in. JSON lines: `{ id, alg, bytes }` in, `{ id, signature }` out, both in base64.
 */
import { createInterface } from 'node:readline';
import { NodeProvider } from '@wotid/crypto';

const provider = new NodeProvider();
const keys = {
  EdDSA: provider.signGenerate('ed25519'),
  'ML-DSA-87': provider.signGenerate('ml-dsa-87'),
};
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

say({ EdDSA: text(keys.EdDSA.publicKey), 'ML-DSA-87': text(keys['ML-DSA-87'].publicKey) });
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, alg, bytes } = JSON.parse(line) as { id: number; alg: keyof typeof keys; bytes: string };
  say({ id, signature: text(provider.sign(keys[alg], Buffer.from(bytes, 'base64'))) });
});
