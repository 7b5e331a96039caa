/**
 * The ratchet and its epochs a second time: written from `docs/security.md`, sections 7 and 8, with node:crypto. It sends
 * and receives in order and keeps no skipped keys. Nothing of the product is imported.
 */
import { createCipheriv, decapsulate, type CipherGCMTypes } from 'node:crypto';
import {
  ascii,
  cat,
  dh,
  h,
  hkdf,
  hmac,
  le,
  mlKem,
  openWith,
  rawPublic,
  sealSiv,
  x25519,
  zeros,
} from './vectors-reader.ts';

/** The AEAD of message bodies by suite. */
export const BODY: Readonly<Record<number, string>> = {
  1: 'aes-256-gcm',
  2: 'aes-256-gcm-siv',
  3: 'chacha20-poly1305',
};

/** A sending or receiving chain with its numbers. */
export interface SecondChain {
  headerKey: Buffer;
  chainKey: Buffer;
  /** The sender's ratchet key; zeros at level 1. */
  dh: Buffer;
  pn: number;
  n: number;
}

/** A chain of the post-quantum half. */
export interface SecondPqChain {
  epoch: number;
  pi: number;
  i: number;
  chainKey: Buffer;
}

/** Section 7, "message": the 44 bytes of a key, and both chain keys after it. */
export function secondMessageKey(
  chainKey: Uint8Array,
  pqChainKey: Uint8Array | null,
): { readonly once: Buffer; readonly chainKey: Buffer; readonly pqChainKey: Buffer | null } {
  const ec = hmac(chainKey, 1);
  const pq = pqChainKey === null ? null : hmac(pqChainKey, 2);
  return {
    once: hkdf(ec.subarray(32), pq === null ? zeros(32) : pq.subarray(32), 'wot.id/v1/mk', 44),
    chainKey: ec.subarray(0, 32),
    pqChainKey: pq === null ? null : pq.subarray(0, 32),
  };
}

/** Section 7, "header": its 42 bytes. */
export function secondHeader(chain: SecondChain, pq: SecondPqChain | null): Buffer {
  return cat(
    chain.dh,
    le(chain.pn, 2),
    le(chain.n, 2),
    le(pq?.epoch ?? 0, 2),
    le(pq?.pi ?? 0, 2),
    le(pq?.i ?? 0, 2),
  );
}

/** Section 7, "envelope": seals `plaintext` and moves the chains on. */
export function secondSeal(
  suite: number,
  sessionAd: Uint8Array,
  chain: SecondChain,
  pq: SecondPqChain | null,
  plaintext: Uint8Array,
): Buffer {
  const header = secondHeader(chain, pq);
  const keys = secondMessageKey(chain.chainKey, pq?.chainKey ?? null);
  const [key, nonce] = [keys.once.subarray(0, 32), keys.once.subarray(32)];
  const cipher = createCipheriv(BODY[suite] as CipherGCMTypes, key, nonce, { authTagLength: 16 });
  cipher.setAAD(cat(sessionAd, Uint8Array.of(1), header), { plaintextLength: plaintext.length });
  const body = cat(cipher.update(plaintext), cipher.final());
  const sealedHeader = Buffer.from(sealSiv(chain.headerKey, header), 'hex');
  chain.chainKey = keys.chainKey;
  chain.n += 1;
  if (pq !== null && keys.pqChainKey !== null) {
    pq.chainKey = keys.pqChainKey;
    pq.i += 1;
  }
  return cat(Uint8Array.of(1), sealedHeader, body, cipher.getAuthTag());
}

/** Opens what {@link secondSeal} would have made next, and moves the chains on. */
export function secondOpen(
  suite: number,
  sessionAd: Uint8Array,
  chain: SecondChain,
  pq: SecondPqChain | null,
  envelope: Uint8Array,
): Buffer {
  const header = openWith('aes-256-gcm-siv', chain.headerKey, zeros(12), envelope.subarray(1, 59), zeros(0));
  if (!header.equals(secondHeader(chain, pq))) throw new Error('another message than the next one');
  const keys = secondMessageKey(chain.chainKey, pq?.chainKey ?? null);
  const aad = cat(sessionAd, Uint8Array.of(1), header);
  const body = openWith(
    BODY[suite] ?? '',
    keys.once.subarray(0, 32),
    keys.once.subarray(32),
    envelope.subarray(59),
    aad,
  );
  chain.chainKey = keys.chainKey;
  chain.n += 1;
  if (pq !== null && keys.pqChainKey !== null) {
    pq.chainKey = keys.pqChainKey;
    pq.i += 1;
  }
  return body;
}

/** Section 7, "root": rk', chain key, next header key. */
export function secondTurn(
  rootKey: Uint8Array,
  secret: Uint8Array,
  theirs: Uint8Array,
): { readonly rootKey: Buffer; readonly chainKey: Buffer; readonly nextHeaderKey: Buffer } {
  const okm = hkdf(dh(secret, theirs), rootKey, 'wot.id/v1/rk', 96);
  return { rootKey: okm.subarray(0, 32), chainKey: okm.subarray(32, 64), nextHeaderKey: okm.subarray(64) };
}

/** Section 7, "epoch": root' | ckA2B | ckB2A. */
export function secondEpoch(
  ss: Uint8Array,
  root: Uint8Array,
  epoch: number,
  ek: Uint8Array,
  ciphertext: Uint8Array,
): { readonly root: Buffer; readonly aToB: Buffer; readonly bToA: Buffer } {
  const info = cat(ascii('wot.id/v1/pq-epoch'), le(epoch, 4), h('sha256', ek, ciphertext));
  const okm = hkdf(ss, root, info, 96);
  return { root: okm.subarray(0, 32), aToB: okm.subarray(32, 64), bToA: okm.subarray(64) };
}

/** The same from the offering side: the seed of the Offer's key and the Answer's ciphertext. */
export function secondEpochFromSeed(
  seed: Uint8Array,
  root: Uint8Array,
  epoch: number,
  ciphertext: Uint8Array,
): ReturnType<typeof secondEpoch> {
  const key = mlKem(seed);
  return secondEpoch(decapsulate(key, ciphertext), root, epoch, rawPublic(key), ciphertext);
}

/** Section 8, the body of a signed Offer (`ciphertext` = `null`) or Answer. */
export function secondRekeyBody(facts: {
  readonly sid: Uint8Array;
  readonly signerIdFp: Uint8Array;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly sentAtMs: number;
  readonly ek: Uint8Array;
  readonly ciphertext: Uint8Array | null;
}): Buffer {
  const { sid, signerIdFp, from, to, epoch, sentAtMs, ek, ciphertext } = facts;
  return cat(
    sid,
    signerIdFp,
    Uint8Array.of(from.length),
    ascii(from),
    Uint8Array.of(to.length),
    ascii(to),
    le(epoch, 4),
    le(sentAtMs, 8),
    h('sha512', ek),
    ciphertext === null ? zeros(1) : cat(Uint8Array.of(1), h('sha512', ciphertext)),
  );
}

/** An Offer or Answer as it stands in a frame that begins with it (flags 02). */
export function secondControl(frame: Buffer): {
  readonly kind: number;
  readonly epoch: number;
  readonly key: Buffer;
  readonly sentAtMs: number;
  readonly signature: Buffer | null;
} {
  if (frame[0] !== 2) throw new Error('the frame has other flags');
  const isSigned = frame[1_582] === 1;
  return {
    kind: frame[1] as number,
    epoch: frame.readUInt32LE(2),
    key: frame.subarray(6, 1_574),
    sentAtMs: Number(frame.readBigUInt64LE(1_574)),
    signature: isSigned ? frame.subarray(1_583, 1_583 + 4_692) : null,
  };
}

/** The public part of a ratchet secret. */
export const ratchetKey = (secret: Uint8Array): Buffer => rawPublic(x25519(secret));
