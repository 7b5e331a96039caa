/** Vectors of identity blocks and hybrid signatures. */
import { concatBytes, utf8 } from '@wotid/core';
import {
  encodeIdentityBlock,
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type SignaturePurpose,
} from '@wotid/crypto';
import { didJwkOf } from '@wotid/credential';
import { alice, bob, hex, vectorPerson, type VectorFile, type VectorPerson } from './people.ts';

/** `identity.json` */
export function identityVectors(): VectorFile {
  const withDidJwk = (): VectorPerson => {
    const { own } = bob('identity');
    return vectorPerson(didJwkOf(own.block.ed25519), 0x80, 'identity/did-jwk');
  };
  return {
    about:
      'Identity blocks: BCS of {01, did, ik, ed25519, mlDsa87, 00}; idFp = SHA-256("wot.id/v1/identity" + block).',
    people: [alice('identity'), bob('identity'), withDidJwk()].map(({ own, seeds }) => ({
      did: own.block.did,
      x25519Secret: hex(seeds.subarray(1, 33)),
      ed25519Seed: hex(seeds.subarray(33, 65)),
      mlDsa87Seed: hex(seeds.subarray(65)),
      ik: hex(own.block.ik),
      ed25519: hex(own.block.ed25519),
      mlDsa87: hex(own.block.mlDsa87),
      block: hex(encodeIdentityBlock(own.block)),
      idFp: hex(own.idFp),
    })),
  };
}

/** `hybrid-signature.json` */
export function signatureVectors(): VectorFile {
  const { provider, own } = alice('hybrid-signature');
  const stranger = bob('hybrid-signature');
  const body = utf8('the body of a signed thing');
  const signed = (purpose: SignaturePurpose, who = own): Uint8Array<ArrayBuffer> =>
    signHybrid(provider, who.keys, purpose, body);
  const good = signed('init');
  const other = signed('init', stranger.own);
  const message = (purpose: string): Uint8Array =>
    concatBytes(
      utf8('wot.id/v1/sig'),
      Uint8Array.of(0),
      utf8(purpose),
      Uint8Array.of(0),
      provider.sha512(body),
    );
  const flipped = (at: number): Uint8Array => {
    const copy = good.slice();
    copy[at] = (copy[at] as number) ^ 1;
    return copy;
  };
  const keys = importIdentityVerifyingKeys(provider, own.block);
  const cases = [
    { name: 'valid', purpose: 'init', signature: good },
    { name: 'another purpose', purpose: 'prekeys', signature: good },
    { name: 'Ed25519 half of somebody else', purpose: 'init', signature: spliced(good, other, 1, 65) },
    { name: 'ML-DSA-87 half of somebody else', purpose: 'init', signature: spliced(good, other, 65, 4692) },
    { name: 'Ed25519 half damaged', purpose: 'init', signature: flipped(1) },
    { name: 'ML-DSA-87 half damaged', purpose: 'init', signature: flipped(4691) },
    { name: 'unknown algorithm', purpose: 'init', signature: flipped(0) },
    { name: 'one byte short', purpose: 'init', signature: good.subarray(0, -1) },
  ] as const;
  return {
    about:
      'Both halves sign "wot.id/v1/sig" 00 purpose 00 SHA-512(body); ML-DSA-87 with context "wot.id/v1". Signature: 01, Ed25519 64, ML-DSA-87 4627.',
    purposes: Object.values(signaturePurposes),
    ed25519: hex(own.block.ed25519),
    mlDsa87: hex(own.block.mlDsa87),
    body: hex(body),
    messageForInit: hex(message('init')),
    cases: cases.map(({ name, purpose, signature }) => ({
      name,
      purpose,
      signature: hex(signature),
      isValid: verifyHybrid(provider, keys, purpose, body, signature),
    })),
  };
}

function spliced(into: Uint8Array, from: Uint8Array, start: number, end: number): Uint8Array {
  const out = into.slice();
  out.set(from.subarray(start, end), start);
  return out;
}
