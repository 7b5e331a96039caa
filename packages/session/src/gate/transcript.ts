/**
 * Transcript and keys of the gate. It knows no identities and no credentials.
 *
 * P = "wot.id/v1/gate" + version u8 + LP8(peerId of A) + LP8(peerId of B), both as the connection has proved them.
 * th2 = H512(P + LP32(M1) + LP32(M2)) over whole frames; each sealed frame then moves it on: th' = H512(th +
 * ciphertext), so th3 covers M3 and th4, the gate hash, M4.
 *
 * HKDF-SHA-512(DH(eA, eB) + ssB, salt = th2, info = "wot.id/v1/gate-keys", 128) = kA 32 | kB 32 | exporter 64. With an
 * encapsulation to the responder's published KEM prekey: HKDF(DH(eA, eB) + ssB + ssK, th2, "wot.id/v1/gate-keys" +
 * H256(EncodeKEM(that prekey)), 128). M1 names the prekey by four bytes only, so the whole key goes in here.
 * Sealed frames: AES-256-GCM, nonce = number of the frame under its key (12 bytes, little-endian), AAD = current th.
 */
import { concatBytes, u32le, u64le, utf8 } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { encodeKem } from '../pqxdh/encoding.ts';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import { GATE_VERSION, MAX_GATE_FRAME_BYTES } from './limits.ts';
import { frameKinds } from './messages.ts';

/** Multihash bytes of the two PeerIds, as the connection's Noise handshake proved them. */
export interface GatePeerIds {
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

/** th2, 64 bytes. */
export function helloHash(
  provider: CryptoProvider,
  peerIds: GatePeerIds,
  m1: Uint8Array,
  m2: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return provider.sha512(
    concatBytes(
      utf8('wot.id/v1/gate'),
      Uint8Array.of(GATE_VERSION, peerIds.initiator.length),
      peerIds.initiator,
      Uint8Array.of(peerIds.responder.length),
      peerIds.responder,
      u32le(m1.length),
      m1,
      u32le(m2.length),
      m2,
    ),
  );
}

/** The shared secrets of one key exchange; each is wiped once the keys exist. */
export interface GateSecrets {
  /** X25519, 32 bytes. */
  readonly dh: Uint8Array;
  /** ML-KEM, to the initiator's ephemeral key, 32 bytes. */
  readonly kem: Uint8Array;
  /** ML-KEM, to the responder's published prekey: its public key and the secret; `null` without. */
  readonly prekey: { readonly publicKey: Uint8Array; readonly secret: Uint8Array } | null;
}

/** The sealed part of one gate, after the key exchange. */
export class GateChannel implements Disposable {
  readonly #provider: CryptoProvider;
  readonly #sendingKey: Uint8Array;
  readonly #receivingKey: Uint8Array;
  readonly #exporter: Uint8Array;
  #hash: Uint8Array<ArrayBuffer>;
  #sent = 0n;
  #received = 0n;
  #isDisposed = false;

  constructor(
    provider: CryptoProvider,
    role: 'initiator' | 'responder',
    secrets: GateSecrets,
    th2: Uint8Array<ArrayBuffer>,
  ) {
    const { dh, kem, prekey } = secrets;
    const label = utf8('wot.id/v1/gate-keys');
    const ikm = concatBytes(dh, kem, ...(prekey === null ? [] : [prekey.secret]));
    const info = prekey === null ? label : concatBytes(label, provider.sha256(encodeKem(prekey.publicKey)));
    const keys = provider.hkdfSha512(ikm, th2, info, 128);
    const [kA, kB] = [keys.slice(0, 32), keys.slice(32, 64)];
    this.#provider = provider;
    this.#exporter = keys.slice(64);
    this.#sendingKey = role === 'initiator' ? kA : kB;
    this.#receivingKey = role === 'initiator' ? kB : kA;
    this.#hash = th2;
    wipe(dh, kem, ikm, keys, ...(prekey === null ? [] : [prekey.secret]));
  }

  /** The current transcript hash, 64 bytes: th2 at first, then one step per sealed frame. */
  get hash(): Uint8Array<ArrayBuffer> {
    return this.#hash;
  }

  /** 64 secret bytes; wiped with the channel. A method, because inspection can call getters. */
  exporter(): Uint8Array {
    this.#assertUsable();
    return this.#exporter;
  }

  /** A sealed frame around `plaintext`. @throws TypeError once it was disposed of */
  seal(plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#assertUsable();
    const nonce = counterNonce(this.#sent++);
    const ciphertext = this.#provider.seal('aes-256-gcm', this.#sendingKey, nonce, plaintext, this.#hash);
    this.#advance(ciphertext);
    return concatBytes(Uint8Array.of(frameKinds.sealed), ciphertext);
  }

  /** The plaintext of a sealed frame. @throws GateRefusal `MALFORMED`, `AEAD`; TypeError once it was disposed of */
  open(frame: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#assertUsable();
    if (frame[0] !== frameKinds.sealed || frame.length > MAX_GATE_FRAME_BYTES) {
      throw new GateRefusal(
        gateCodes.MALFORMED,
        `not a sealed frame of at most ${MAX_GATE_FRAME_BYTES} bytes`,
      );
    }
    const ciphertext = frame.subarray(1);
    const nonce = counterNonce(this.#received++);
    const plaintext = this.#provider.open('aes-256-gcm', this.#receivingKey, nonce, ciphertext, this.#hash);
    this.#advance(ciphertext);
    if (plaintext === null) throw new GateRefusal(gateCodes.AEAD, 'a sealed frame does not open');
    return plaintext;
  }

  /** Wipes the keys and the exporter. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    wipe(this.#sendingKey, this.#receivingKey, this.#exporter);
  }

  /** Wiped keys are keys that everybody knows. */
  #assertUsable(): void {
    if (this.#isDisposed) throw new TypeError('the keys of this gate were wiped');
  }

  #advance(ciphertext: Uint8Array): void {
    this.#hash = this.#provider.sha512(concatBytes(this.#hash, ciphertext));
  }
}

function counterNonce(count: bigint): Uint8Array<ArrayBuffer> {
  return concatBytes(u64le(count), new Uint8Array(4));
}
