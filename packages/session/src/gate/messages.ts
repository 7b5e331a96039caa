/**
 * The messages of `/wot.id/gate/1` as bytes. Nothing is checked here but form.
 *
 * A frame is one kind byte and a body. Before keys exist: 0 Terminate, 1 M1, 2 M2; afterwards only 3, an AEAD
 * ciphertext whose plaintext is again one kind byte (0 Terminate, 3 M3, 4 M4, 5 M5, 6 M6) and a body. Bodies are BCS:
 *
 * | message | fields |
 * |---|---|
 * | M1 | version u8, levels u8, minLevel u8, suites u8, nonce 32, e 32 (X25519), ek 1568 (ML-KEM-1024), Option{kemId u32, ct 1568} |
 * | M2 | version u8, level u8, suite u8, nonce 32, e 32, ct 1568 |
 * | M3 | identity block, credential (ULEB128 length), ts u64, signature |
 * | M4 | identity block, credential, ts u64, Option{sid 16}, spk 32, opk 32, at level 3 kem 1568, signature |
 * | M5, M6 | verdict u8 = 0, Option{sid 16}, message (ULEB128 length) |
 * | Terminate | code u8 |
 *
 * In the bitmaps, bit n - 1 stands for level or suite n. M1's Option is an encapsulation to the responder's published
 * last-resort KEM prekey, where the initiator knows one. M4's sid names the live session that the responder has with the
 * initiator's identity; M5 carries it when the initiator has the same one and goes on with it.
 */
import {
  bcs,
  bytesType,
  concatBytes,
  decodeStrict,
  fixedBytesType,
  optionType,
  u64Type,
  type BcsType,
} from '@wotid/core';
import { decodeSigned, identityBlockType, type IdentityBlock } from '@wotid/crypto';
import { levelFacts, type SecurityLevel } from '../levels.ts';
import { MAX_GATE_FRAME_BYTES, MAX_GATE_HELLO_BYTES } from './limits.ts';

/** Of a sealed frame: kind of the frame, kind of the plaintext and AEAD tag go off. */
const MAX_BODY_BYTES = MAX_GATE_FRAME_BYTES - 1 - 1 - 16;

/** First byte of a frame. */
export const frameKinds = { terminate: 0, m1: 1, m2: 2, sealed: 3 } as const;
/** First byte of a sealed plaintext. */
export const sealedKinds = { terminate: 0, m3: 3, m4: 4, m5: 5, m6: 6 } as const;
/** One of {@link sealedKinds}. */
export type SealedKind = (typeof sealedKinds)[keyof typeof sealedKinds];

export interface HelloM1 {
  readonly version: number;
  readonly levels: number;
  readonly minLevel: number;
  readonly suites: number;
  readonly nonce: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly kemPublicKey: Uint8Array;
  readonly prekeyEncapsulation: { readonly kemId: number; readonly ciphertext: Uint8Array } | null;
}

export interface HelloM2 {
  readonly version: number;
  readonly level: number;
  readonly suite: number;
  readonly nonce: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The signed part of M3. */
export interface InitiatorClaims {
  readonly block: IdentityBlock;
  readonly credential: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly ts: bigint;
}

/** One-time prekeys of the responder, made for this gate. */
export interface GateBundle {
  /** X25519, 32 bytes; becomes the responder's first ratchet key. */
  readonly spk: Uint8Array;
  /** X25519, 32 bytes. */
  readonly opk: Uint8Array;
  /** ML-KEM-1024, 1568 bytes; `null` at levels 1 and 2. */
  readonly kem: Uint8Array | null;
}

/** The signed part of M4. */
export interface ResponderClaims extends InitiatorClaims, GateBundle {
  readonly sid: Uint8Array | null;
}

export interface SessionM5M6 {
  readonly verdict: number;
  readonly sid: Uint8Array | null;
  readonly message: Uint8Array;
}

const key32 = fixedBytesType(32);
const sidType = optionType(fixedBytesType(16));
const initiatorFields = { block: identityBlockType, credential: bytesType, ts: u64Type };

export const m1Type: BcsType<HelloM1, HelloM1> = bcs.struct('M1', {
  version: bcs.u8(),
  levels: bcs.u8(),
  minLevel: bcs.u8(),
  suites: bcs.u8(),
  nonce: key32,
  ephemeral: key32,
  kemPublicKey: fixedBytesType(1568),
  prekeyEncapsulation: optionType(
    bcs.struct('prekey encapsulation', { kemId: bcs.u32(), ciphertext: fixedBytesType(1568) }),
  ),
});

export const m2Type: BcsType<HelloM2, HelloM2> = bcs.struct('M2', {
  version: bcs.u8(),
  level: bcs.u8(),
  suite: bcs.u8(),
  nonce: key32,
  ephemeral: key32,
  ciphertext: fixedBytesType(1568),
});

/** M3 up to its signature. */
export const initiatorClaimsType: BcsType<InitiatorClaims, InitiatorClaims> = bcs.struct(
  'M3',
  initiatorFields,
);

const bundleFields = { ...initiatorFields, sid: sidType, spk: key32, opk: key32 };
const postQuantumClaimsType = bcs.struct('M4', { ...bundleFields, kem: fixedBytesType(1568) });
const classicalClaimsType = bcs.struct('M4', bundleFields).transform({
  input: (claims: ResponderClaims) => claims,
  output: (claims): ResponderClaims => ({ ...claims, kem: null }),
});

/** M4 up to its signature, whose layout is that of the level. */
export function responderClaimsType(level: SecurityLevel): BcsType<ResponderClaims, ResponderClaims> {
  const type = levelFacts(level).isPostQuantum ? postQuantumClaimsType : classicalClaimsType;
  return type as unknown as BcsType<ResponderClaims, ResponderClaims>;
}

export const sessionType: BcsType<SessionM5M6, SessionM5M6> = bcs.struct('M5/M6', {
  verdict: bcs.u8(),
  sid: sidType,
  message: bytesType,
});

/** Kind byte and body. @throws when the body does not fit into a frame: too large a message of our own */
export function encodeTagged<T>(kind: number, type: BcsType<T, T>, value: T): Uint8Array<ArrayBuffer> {
  const body = type.serialize(value, { maxSize: MAX_BODY_BYTES }).toBytes();
  return concatBytes(Uint8Array.of(kind), body);
}

/** The body of M1 or M2. @throws DecodeError */
export function decodeHello<T>(type: BcsType<T, T>, frame: Uint8Array): T {
  // A copy: the BCS reader of a view may see what follows it in the underlying buffer.
  return decodeStrict(type, frame.slice(1), { what: type.name, maxBytes: MAX_GATE_HELLO_BYTES });
}

/** The body of a sealed plaintext. @throws DecodeError */
export function decodeSealed<T>(type: BcsType<T, T>, body: Uint8Array): T {
  return decodeStrict(type, body.slice(), { what: type.name, maxBytes: MAX_GATE_FRAME_BYTES });
}

/** Claims and the signature over them, split. @throws DecodeError */
export function decodeClaims<T>(
  type: BcsType<T, T>,
  body: Uint8Array,
): { readonly claims: T; readonly claimBytes: Uint8Array; readonly signature: Uint8Array } {
  const signed = decodeSigned(type, body, { what: type.name, maxBytes: MAX_GATE_FRAME_BYTES });
  return { claims: signed.value, claimBytes: signed.body, signature: signed.signature };
}

/** A plaintext Terminate, for the time before keys exist. */
export function encodeTerminate(code: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(frameKinds.terminate, code);
}
