/**
 * PQXDH, X3DH and the keys of the gate a second time: written from `docs/security.md`, sections 4 and 6, with node:crypto.
 * Nothing of the product is imported.
 */
import { decapsulate } from 'node:crypto';
import {
  ascii,
  cat,
  dh,
  ec,
  F,
  h,
  hkdf,
  kem,
  le,
  mlKem,
  parts32,
  PQXDH,
  rawPublic,
  X3DH,
  x25519,
  zeros,
} from './vectors-reader.ts';

/** What the responder has: secrets as 32-byte scalars and a 64-byte ML-KEM seed. */
export interface SecondResponder {
  readonly ik: Uint8Array;
  readonly spk: Uint8Array;
  readonly opk: Uint8Array | null;
  readonly kemSeed: Uint8Array | null;
}

/** What {@link secondHandshake} gives, in hexadecimal. */
export interface SecondSession {
  readonly sessionAd: string;
  readonly sid: string;
  /** Key 32, nonce 12. */
  readonly seal: string;
  /** Root key, both header keys, PQ root, PQ chains from initiator and from responder. */
  readonly keys: readonly string[];
}

export interface SecondInput {
  readonly level: number;
  readonly suite: number;
  readonly responder: SecondResponder;
  readonly initiatorIk: Uint8Array;
  readonly initiatorIdFp: Uint8Array;
  readonly responderIdFp: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly ciphertext: Uint8Array | null;
  /** Transcript hash and exporter, 64 bytes each. */
  readonly gate: { readonly hash: Uint8Array; readonly exporter: Uint8Array } | null;
}

/** Section 6, from the responder's side; everything in hexadecimal. */
export function secondHandshake(input: SecondInput): SecondSession {
  const { level, suite, responder, ephemeral, ciphertext, gate } = input;
  const { ik, spk, opk, kemSeed } = responder;
  const others = [dh(ik, ephemeral), dh(spk, ephemeral)];
  if (opk !== null) others.push(dh(opk, ephemeral));
  const isPostQuantum = kemSeed !== null && ciphertext !== null;
  const ss = isPostQuantum ? decapsulate(mlKem(kemSeed), ciphertext) : zeros(0);
  const sk = hkdf(
    cat(F, dh(spk, input.initiatorIk), ...others, ss),
    zeros(64),
    isPostQuantum ? PQXDH : X3DH,
    32,
  );
  const sealLabel = isPostQuantum ? 'wot.id/v1/init-seal' : 'wot.id/v1/init-seal-x3dh';
  const seal = hkdf(cat(F, ...others, ss), zeros(64), sealLabel, 44);
  const sessionAd = h(
    'sha512',
    ec(input.initiatorIk),
    ec(rawPublic(x25519(ik))),
    isPostQuantum ? kem(rawPublic(mlKem(kemSeed))) : zeros(0),
    ec(ephemeral),
    ec(rawPublic(x25519(spk))),
    opk === null ? zeros(1) : cat(Uint8Array.of(1), ec(rawPublic(x25519(opk)))),
    isPostQuantum ? h('sha256', ciphertext) : zeros(0),
    input.initiatorIdFp,
    input.responderIdFp,
    Uint8Array.of(suite, level),
    gate?.hash ?? zeros(64),
  );
  const info = cat(ascii('wot.id/v1/session'), Uint8Array.of(level), sessionAd);
  return {
    sessionAd: sessionAd.toString('hex'),
    sid: h('sha512', ascii('wot.id/v1/sid'), sessionAd).subarray(0, 16).toString('hex'),
    seal: seal.toString('hex'),
    keys: parts32(hkdf(sk, gate?.exporter ?? zeros(64), info, 192)),
  };
}

export interface SecondGate {
  readonly peerIdA: Uint8Array;
  readonly peerIdB: Uint8Array;
  readonly m1: Uint8Array;
  readonly m2: Uint8Array;
  /** The initiator's ephemeral secrets. */
  readonly secret: Uint8Array;
  readonly kemSeed: Uint8Array;
  /** The responder's ephemeral key and ciphertext. */
  readonly ephemeral: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** Seed of the responder's published KEM prekey and the ciphertext for it. */
  readonly published: { readonly seed: Uint8Array; readonly ciphertext: Uint8Array } | null;
}

/** Section 4: th2, then kA, kB and exporter. */
export function secondGate(gate: SecondGate): {
  readonly th2: Buffer;
  readonly kA: Buffer;
  readonly kB: Buffer;
  readonly exporter: Buffer;
} {
  const { peerIdA, peerIdB, m1, m2, published } = gate;
  const th2 = h(
    'sha512',
    ascii('wot.id/v1/gate'),
    Uint8Array.of(1, peerIdA.length),
    peerIdA,
    Uint8Array.of(peerIdB.length),
    peerIdB,
    le(m1.length, 4),
    m1,
    le(m2.length, 4),
    m2,
  );
  const ikm = [dh(gate.secret, gate.ephemeral), decapsulate(mlKem(gate.kemSeed), gate.ciphertext)];
  const info = [ascii('wot.id/v1/gate-keys')];
  if (published !== null) {
    ikm.push(decapsulate(mlKem(published.seed), published.ciphertext));
    info.push(h('sha256', kem(rawPublic(mlKem(published.seed)))));
  }
  const okm = hkdf(cat(...ikm), th2, cat(...info), 128);
  return { th2, kA: okm.subarray(0, 32), kB: okm.subarray(32, 64), exporter: okm.subarray(64) };
}
