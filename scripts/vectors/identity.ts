/** Vectors of identity blocks and hybrid signatures. */
import { falcon1024padded } from '@noble/post-quantum/falcon.js';
import { concatBytes, utf8 } from '@wotid/core';
import {
  encodeIdentityBlock,
  identityFingerprint,
  hybridAlgorithm,
  IdentityKeys,
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type HybridAlgorithm,
  type SignaturePurpose,
  type SigningKey,
} from '@wotid/crypto';
import { didJwkOf } from '@wotid/credential';
import { SeededRandom } from '@wotid/testkit';
import {
  alice,
  bob,
  counting,
  hex,
  RecordingProvider,
  vectorPerson,
  type VectorFile,
  type VectorPerson,
} from './people.ts';

/** Signs with Falcon repeatably: for vectors alone, never for a key that anybody uses (see the crypto package). */
class RepeatableFalcon extends RecordingProvider {
  readonly #samplerRandom = new SeededRandom('hybrid-signature/falcon');

  override sign(key: SigningKey, message: Uint8Array, context?: Uint8Array): Uint8Array<ArrayBuffer> {
    if (key.algorithm !== 'falcon-1024') return super.sign(key, message, context);
    const extraEntropy = this.#samplerRandom.bytes(48);
    return new Uint8Array(falcon1024padded.sign(message, key.exportSecret(), { extraEntropy }));
  }
}

/** Alice's keys with a Falcon key beside them: her 97 secret bytes as version 2, the Falcon secret behind. */
function aliceWithFalcon(provider: RecordingProvider): { keys: IdentityKeys; falconSecret: Uint8Array } {
  const { secretKey } = falcon1024padded.keygen(counting(0x40, 48));
  const secrets = concatBytes(Uint8Array.of(2), alice('identity').seeds.subarray(1), secretKey);
  return { keys: IdentityKeys.fromSecrets(provider, secrets), falconSecret: secretKey };
}

/** `identity.json` */
export function identityVectors(): VectorFile {
  const provider = new RecordingProvider('identity/falcon');
  const falcon = aliceWithFalcon(provider);
  const withFalcon = falcon.keys.block('did:example:alice');
  const withDidJwk = (): VectorPerson => {
    const { own } = bob('identity');
    return vectorPerson(didJwkOf(own.block.ed25519), 0x80, 'identity/did-jwk');
  };
  return {
    about:
      'Identity blocks: BCS of {01, did, ik, ed25519, mlDsa87, Option<falcon1024>}; idFp = SHA-256("wot.id/v1/identity" + block).',
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
    withFalcon: {
      about: 'The first person with a Falcon-1024 key beside the others.',
      falconSecret: hex(falcon.falconSecret),
      falcon1024: hex(withFalcon.falcon1024 as Uint8Array),
      block: hex(encodeIdentityBlock(withFalcon)),
      idFp: hex(identityFingerprint(provider, withFalcon)),
    },
  };
}

/** `hybrid-signature.json` */
export function signatureVectors(): VectorFile {
  const { provider, own } = alice('hybrid-signature');
  const stranger = bob('hybrid-signature');
  const repeatable = new RepeatableFalcon('hybrid-signature/alice-falcon');
  const falcon = aliceWithFalcon(repeatable);
  const body = utf8('the body of a signed thing');
  const signed = (purpose: SignaturePurpose, who = own): Uint8Array<ArrayBuffer> =>
    signHybrid(provider, who.keys, purpose, body);
  const good = signed('init');
  const of = (algorithm: HybridAlgorithm): Uint8Array<ArrayBuffer> =>
    signHybrid(repeatable, falcon.keys, 'init', body, algorithm);
  const [withFalcon, ed25519Alone] = [of(hybridAlgorithm.ed25519Falcon1024), of(hybridAlgorithm.ed25519)];
  const other = signed('init', stranger.own);
  const message = (purpose: string, domain = 'wot.id/v1/sig'): Uint8Array =>
    concatBytes(utf8(domain), Uint8Array.of(0), utf8(purpose), Uint8Array.of(0), provider.sha512(body));
  const flipped = (at: number): Uint8Array => flippedIn(good, at);
  const block = falcon.keys.block(own.block.did);
  const keys = importIdentityVerifyingKeys(provider, block);
  const cases = [
    { name: 'valid', purpose: 'init', signature: good },
    { name: 'another purpose', purpose: 'prekeys', signature: good },
    { name: 'Ed25519 half of somebody else', purpose: 'init', signature: spliced(good, other, 1, 65) },
    { name: 'ML-DSA-87 half of somebody else', purpose: 'init', signature: spliced(good, other, 65, 4692) },
    { name: 'Ed25519 half damaged', purpose: 'init', signature: flipped(1) },
    { name: 'ML-DSA-87 half damaged', purpose: 'init', signature: flipped(4691) },
    { name: 'unknown algorithm', purpose: 'init', signature: flipped(0) },
    { name: 'one byte short', purpose: 'init', signature: good.subarray(0, -1) },
    { name: 'Ed25519 and Falcon-1024', purpose: 'init', signature: withFalcon, accepted: [2] },
    { name: 'Falcon half damaged', purpose: 'init', signature: flippedIn(withFalcon, 1344), accepted: [2] },
    { name: 'an algorithm that is not taken', purpose: 'init', signature: withFalcon },
    { name: 'Ed25519 alone', purpose: 'init', signature: ed25519Alone, accepted: [3] },
    {
      name: 'post-quantum half cut off',
      purpose: 'init',
      signature: concatBytes(Uint8Array.of(3), good.subarray(1, 65)),
      accepted: [3],
    },
  ] as const;
  return {
    about:
      'All parts sign domain 00 purpose 00 SHA-512(body); domain "wot.id/v1/sig", "wot.id/v1/sig-2", "wot.id/v1/sig-3"; ML-DSA-87 with context "wot.id/v1". Signature: algorithm 01 to 03, Ed25519 64, then 01 ML-DSA-87 4627, 02 Falcon-1024 padded 1280, 03 nothing. A verifier takes the algorithms in "accepted".',
    purposes: Object.values(signaturePurposes),
    ed25519: hex(own.block.ed25519),
    mlDsa87: hex(own.block.mlDsa87),
    falcon1024: hex(falcon.keys.falcon1024?.publicKey as Uint8Array),
    body: hex(body),
    messagesForInit: ['wot.id/v1/sig', 'wot.id/v1/sig-2', 'wot.id/v1/sig-3'].map((domain) =>
      hex(message('init', domain)),
    ),
    cases: cases.map((one) => {
      const accepted: readonly HybridAlgorithm[] = 'accepted' in one ? one.accepted : [1];
      return {
        name: one.name,
        purpose: one.purpose,
        accepted,
        signature: hex(one.signature),
        isValid: verifyHybrid(provider, keys, one.purpose, body, one.signature, accepted),
      };
    }),
  };
}

function flippedIn(signature: Uint8Array, at: number): Uint8Array {
  const copy = signature.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

function spliced(into: Uint8Array, from: Uint8Array, start: number, end: number): Uint8Array {
  const out = into.slice();
  out.set(from.subarray(start, end), start);
  return out;
}
