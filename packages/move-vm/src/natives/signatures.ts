/**
 * Natives of `0x2` that check signatures. They accept exactly what IOTA's library, fastcrypto, accepts: Ed25519 by the
 * rules of ZIP 215, ECDSA with a low s only, and for recovery any s. One thing differs: the point encoding with tag 05,
 * which no other library has, is refused in `ecdsa_r1`.
 *
 * Sources: `iota-move-natives/src/crypto` of IOTA for prices and abort codes; `fastcrypto/src` for what is accepted.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { NativeContext, NativeFunction } from '../api.ts';
import { workOf } from '../gas/work-meter.ts';
import { ByteVector } from '../values/value.ts';
import { asBytes, costPerBlock, costPerByte, nativeBaseCost } from './arguments.ts';

/** What an unknown hash function costs. */
const invalidArgumentsCost = 100;
const ed25519BlockBytes = 128;

const failToRecoverPublicKey = 0;
const invalidSignature = 1;
const invalidPublicKey = 2;

interface MessageHash {
  readonly digest: (message: Uint8Array) => Uint8Array;
  readonly blockBytes: number;
}

/** By the number that Move code names them with. */
const messageHashes: readonly (MessageHash | undefined)[] = [
  { digest: keccak_256, blockBytes: 136 },
  { digest: sha256, blockBytes: 64 },
];

function chargeMessage(context: NativeContext, message: Uint8Array, blockBytes: number): void {
  const blocks = Math.ceil(message.length / blockBytes);
  context.charge(nativeBaseCost + costPerByte * message.length + costPerBlock * blocks);
  context.session.work.spend(workOf.signature + workOf.hashedByte * message.length);
}

/** `ed25519_verify(signature, public_key, msg): bool` */
const ed25519Verify: NativeFunction = (context, _types, [signature, publicKey, msg]) => {
  const message = asBytes(msg);
  chargeMessage(context, message, ed25519BlockBytes);
  const [bytes, key] = [asBytes(signature), asBytes(publicKey)];
  const valid = attempt(
    () => bytes.length === 64 && key.length === 32 && ed25519.verify(bytes, message, key, { zip215: true }),
  );
  return [valid === true];
};

type Curve = typeof secp256k1 | typeof p256;

/** `verify(signature, public_key, msg, hash): bool` on one curve. */
function ecdsaVerify(curve: Curve): NativeFunction {
  return (context, _types, [signature, publicKey, msg, hash]) => {
    const messageHash = messageHashes[hash as number];
    if (messageHash === undefined) {
      context.charge(invalidArgumentsCost);
      return [false];
    }
    const message = asBytes(msg);
    chargeMessage(context, message, messageHash.blockBytes);
    const [bytes, key] = [asBytes(signature), asBytes(publicKey)];
    const valid = attempt(
      () =>
        bytes.length === 64 &&
        curve.verify(bytes, messageHash.digest(message), plainKey(curve, key), {
          prehash: false,
          lowS: true,
        }),
    );
    return [valid === true];
  };
}

/** `ecrecover(signature, msg, hash): vector<u8>` on one curve. */
function ecdsaRecover(curve: Curve): NativeFunction {
  return (context, _types, [signature, msg, hash]) => {
    const messageHash = messageHashes[hash as number];
    if (messageHash === undefined) {
      context.charge(invalidArgumentsCost);
      return context.abort(failToRecoverPublicKey);
    }
    const message = asBytes(msg);
    chargeMessage(context, message, messageHash.blockBytes);
    const parsed = parseRecoverable(curve, asBytes(signature));
    if (parsed === undefined) return context.abort(invalidSignature);
    const { r, s, v } = parsed;
    const key = attempt(() => recover(curve, r, s, v, messageHash.digest(message)));
    return key === undefined ? context.abort(failToRecoverPublicKey) : [new ByteVector(key)];
  };
}

/** `decompress_pubkey(pubkey): vector<u8>` */
const decompressPublicKey: NativeFunction = (context, _types, [publicKey]) => {
  context.charge(nativeBaseCost);
  context.session.work.spend(workOf.signature);
  const key = asBytes(publicKey);
  const bytes = attempt(() => secp256k1.Point.fromBytes(plainKey(secp256k1, key)).toBytes(false));
  return bytes === undefined ? context.abort(invalidPublicKey) : [new ByteVector(bytes)];
};

/** libsecp256k1 knows a third form of points, 06 or 07 with both coordinates, the tag telling y's last bit. */
function plainKey(curve: Curve, key: Uint8Array): Uint8Array {
  const tag = key[0];
  if (curve !== secp256k1 || key.length !== 65 || (tag !== 6 && tag !== 7)) return key;
  if ((tag & 1) !== ((key[64] as number) & 1)) throw new RangeError('the tag contradicts y');
  return Uint8Array.of(4, ...key.subarray(1));
}

function parseRecoverable(
  curve: Curve,
  bytes: Uint8Array,
): { readonly r: bigint; readonly s: bigint; readonly v: number } | undefined {
  const v = bytes[64];
  if (bytes.length !== 65 || v === undefined || v > 3) return undefined;
  const [r, s] = [toNumber(bytes.subarray(0, 32)), toNumber(bytes.subarray(32, 64))];
  const order = curve.Point.Fn.ORDER;
  if (r >= order || s >= order) return undefined;
  // On secp256r1 a zero is malformed; on secp256k1 no key is found for it.
  return curve === p256 && (r === 0n || s === 0n) ? undefined : { r, s, v };
}

/**
 * SEC 1, section 4.1.6: the key Q = r⁻¹(sR - zG), with R the point that `r` and `v` name: v's first bit is y's last,
 * its second says that x is r + n. On secp256k1 that sum must be below p; on secp256r1 it is taken modulo 2²⁵⁶.
 * @throws Error when there is no such point or no key
 */
function recover(curve: Curve, r: bigint, s: bigint, v: number, digest: Uint8Array): Uint8Array {
  if (r === 0n || s === 0n) throw new RangeError('r or s is zero');
  const { Point } = curve;
  const scalars = Point.Fn;
  let x = r;
  if ((v & 2) !== 0) {
    x += scalars.ORDER;
    if (curve === p256) x = BigInt.asUintN(256, x);
  }
  if (x >= Point.Fp.ORDER) throw new RangeError('x is not in the field');
  const candidate = Point.fromHex((v & 1 ? '03' : '02') + x.toString(16).padStart(64, '0'));
  const inverse = scalars.inv(r);
  const ofGenerator = scalars.mul(scalars.neg(scalars.create(toNumber(digest))), inverse);
  const key = Point.BASE.multiplyUnsafe(ofGenerator).add(candidate.multiplyUnsafe(scalars.mul(s, inverse)));
  // Encoding refuses the point at infinity.
  return key.toBytes(true);
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}

/** What the library computes, or undefined when it refuses the input, which it does by throwing. */
function attempt<Result>(compute: () => Result): Result | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}

/** By `module::function` of `0x2`. */
export const signatureNatives: Readonly<Record<string, NativeFunction>> = {
  'ed25519::ed25519_verify': ed25519Verify,
  'ecdsa_k1::secp256k1_verify': ecdsaVerify(secp256k1),
  'ecdsa_k1::secp256k1_ecrecover': ecdsaRecover(secp256k1),
  'ecdsa_k1::decompress_pubkey': decompressPublicKey,
  'ecdsa_r1::secp256r1_verify': ecdsaVerify(p256),
  'ecdsa_r1::secp256r1_ecrecover': ecdsaRecover(p256),
};
