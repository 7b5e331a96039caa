/**
 * Writes `docs/vectors/*.json`: the test vectors of the protocol, for other implementations and for ours. Everything in
 * them is computed by the product's own code on seeded randomness, so they are the same on every run; a test compares.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardVectors, credentialVectors } from './vectors/documents.ts';
import { classicalGateVectors, gateVectors, prekeyGateVectors } from './vectors/gate.ts';
import { offlineVectors, oneTimeVectors, prekeyVectors, x3dhVectors } from './vectors/handshake.ts';
import { epochVectors } from './vectors/epochs.ts';
import { identityVectors, signatureVectors } from './vectors/identity.ts';
import { frameVectors, headerVectors, kdfVectors } from './vectors/kdf.ts';
import type { VectorFile } from './vectors/people.ts';
import { ratchetVectors } from './vectors/ratchet.ts';

/** Where the vectors are. */
export const vectorFolder: string = join(import.meta.dirname, '..', 'docs', 'vectors');

/** Every file of vectors by its name, without `.json`. */
export const vectorFiles: Readonly<Record<string, () => VectorFile | Promise<VectorFile>>> = {
  identity: identityVectors,
  'hybrid-signature': signatureVectors,
  kdf: kdfVectors,
  header: headerVectors,
  frame: frameVectors,
  prekeys: prekeyVectors,
  'pqxdh-offline': offlineVectors,
  'pqxdh-one-time': oneTimeVectors,
  'x3dh-one-time': x3dhVectors,
  ratchet: ratchetVectors,
  epochs: epochVectors,
  gate: gateVectors,
  'gate-prekey': prekeyGateVectors,
  'gate-level-1': classicalGateVectors,
  credential: credentialVectors,
  card: cardVectors,
};

/** The text of a file of vectors. */
export function vectorText(file: VectorFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

if (import.meta.main) {
  mkdirSync(vectorFolder, { recursive: true });
  for (const [name, build] of Object.entries(vectorFiles)) {
    const text = vectorText(await build());
    writeFileSync(join(vectorFolder, `${name}.json`), text);
    console.log(`${name}.json: ${text.length} bytes`);
  }
}
