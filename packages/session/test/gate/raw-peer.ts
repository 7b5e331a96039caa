/**
 * An attacker who can do everything that the protocol lets anybody do: its own key exchange with either role, and then
 * whatever plaintext it likes. Built on the gate's inner parts, not on its machines.
 */
import { concatBytes } from '@wotid/core';
import {
  signHybrid,
  type HybridAlgorithm,
  type HybridSigningKeys,
  type SignaturePurpose,
} from '@wotid/crypto';
import {
  decodeHello,
  encodeTagged,
  frameKinds,
  m1Type,
  m2Type,
  type HelloM1,
  type HelloM2,
} from '../../src/gate/messages.ts';
import { initiatorClaimsType, responderClaimsType, sealedKinds } from '../../src/gate/messages.ts';
import type { InitiatorClaims, ResponderClaims } from '../../src/gate/messages.ts';
import { offerOf } from '../../src/gate/negotiation.ts';
import { gateSignatureBody } from '../../src/gate/peer-check.ts';
import { GateChannel, helloHash, type GateSecrets } from '../../src/gate/transcript.ts';
import { defaultSecurityPolicy, type SecurityLevel } from '@wotid/session';
import { prekeyId } from '../../src/kdf.ts';
import { encodeKem } from '../../src/pqxdh/encoding.ts';
import type { GatePerson } from './gate-people.ts';

/** M1 of an attacker, and what it needs to go on. */
export function rawM1(
  attacker: GatePerson,
  changes: Partial<HelloM1> = {},
  /** ML-KEM prekey of the responder, 1568 bytes. */
  prekeyOf?: Uint8Array,
): {
  readonly frame: Uint8Array;
  /** All secrets of the key exchange. */
  secrets(
    m2: Uint8Array,
    responderPeerId: Uint8Array,
    initiatorPeerId?: Uint8Array,
  ): { readonly secrets: GateSecrets; readonly th2: Uint8Array<ArrayBuffer> };
  finish(m2: Uint8Array, responderPeerId: Uint8Array, initiatorPeerId?: Uint8Array): GateChannel;
} {
  const { provider } = attacker;
  const ephemeral = provider.x25519Generate();
  const kem = provider.kemGenerate();
  const toPrekey =
    prekeyOf === undefined ? null : provider.kemEncapsulate(provider.kemImportPublic(prekeyOf));
  const frame = encodeTagged(frameKinds.m1, m1Type, {
    ...offerOf(defaultSecurityPolicy),
    nonce: provider.random.bytes(32),
    ephemeral: ephemeral.publicKey,
    kemPublicKey: kem.publicKey,
    prekeyEncapsulation:
      toPrekey === null || prekeyOf === undefined
        ? null
        : { kemId: prekeyId(provider, encodeKem(prekeyOf)), ciphertext: toPrekey.ciphertext },
    ...changes,
  });
  const secrets = (
    m2: Uint8Array,
    responder: Uint8Array,
    initiator: Uint8Array = attacker.peerId,
  ): { secrets: GateSecrets; th2: Uint8Array<ArrayBuffer> } => {
    const hello = decodeHello(m2Type, m2);
    return {
      secrets: {
        dh: provider.x25519(ephemeral, hello.ephemeral),
        kem: provider.kemDecapsulate(kem, hello.ciphertext),
        prekey:
          toPrekey === null || prekeyOf === undefined
            ? null
            : { publicKey: prekeyOf, secret: toPrekey.sharedSecret.slice() },
      },
      th2: helloHash(provider, { initiator, responder }, frame, m2),
    };
  };
  return {
    frame,
    secrets,
    finish: (m2, responder, initiator) => {
      const made = secrets(m2, responder, initiator);
      return new GateChannel(provider, 'initiator', made.secrets, made.th2);
    },
  };
}

/** M2 of an attacker to somebody's M1, and the channel behind it. */
export function rawM2(
  attacker: GatePerson,
  m1: Uint8Array,
  initiatorPeerId: Uint8Array,
  changes: Partial<Pick<HelloM2, 'version' | 'level' | 'suite' | 'nonce'>> = {},
): {
  readonly frame: Uint8Array;
  readonly channel: GateChannel;
  /** What this key exchange has given, for other channels. */
  secrets(): { readonly dh: Uint8Array; readonly kem: Uint8Array; readonly th2: Uint8Array<ArrayBuffer> };
} {
  const { provider } = attacker;
  const hello = decodeHello(m1Type, m1);
  const ephemeral = provider.x25519Generate();
  const { ciphertext, sharedSecret } = provider.kemEncapsulate(provider.kemImportPublic(hello.kemPublicKey));
  const frame = encodeTagged(frameKinds.m2, m2Type, {
    version: 1,
    level: 3,
    suite: 1,
    nonce: provider.random.bytes(32),
    ...changes,
    ephemeral: ephemeral.publicKey,
    ciphertext,
  });
  const th2 = helloHash(provider, { initiator: initiatorPeerId, responder: attacker.peerId }, m1, frame);
  const dh = provider.x25519(ephemeral, hello.ephemeral);
  // A channel wipes what it is made from.
  const secrets = () => ({ dh: dh.slice(), kem: sharedSecret.slice(), th2 });
  const channel = new GateChannel(provider, 'responder', { ...secrets(), prekey: null }, th2);
  return { frame, channel, secrets };
}

/** The claims of an honest M3. */
export function m3Claims(person: GatePerson): InitiatorClaims {
  return { block: person.own.block, credential: person.credential, ts: BigInt(person.clock.nowMs()) };
}

/** The claims of an honest M4 with fresh prekeys. */
export function m4Claims(person: GatePerson, level: SecurityLevel = 3): ResponderClaims {
  return { ...m3Claims(person), sid: null, ...person.sessions.bundle(person.own, level) };
}

/** A sealed M3 with these claims, signed by these keys. */
export function rawM3(
  attacker: GatePerson,
  channel: GateChannel,
  claims: InitiatorClaims,
  keys: HybridSigningKeys,
  purpose: SignaturePurpose = 'gate-A',
  algorithm: HybridAlgorithm = 1,
): Uint8Array {
  const bytes = encodeTagged(sealedKinds.m3, initiatorClaimsType, claims);
  return sealSigned(attacker, channel, bytes, keys, purpose, algorithm);
}

/** A sealed M4 with these claims, signed by these keys. */
export function rawM4(
  attacker: GatePerson,
  channel: GateChannel,
  claims: ResponderClaims,
  keys: HybridSigningKeys,
  purpose: SignaturePurpose = 'gate-B',
  algorithm: HybridAlgorithm = 1,
): Uint8Array {
  const bytes = encodeTagged(sealedKinds.m4, responderClaimsType(claims.kem === null ? 1 : 3), claims);
  return sealSigned(attacker, channel, bytes, keys, purpose, algorithm);
}

function sealSigned(
  attacker: GatePerson,
  channel: GateChannel,
  claims: Uint8Array,
  keys: HybridSigningKeys,
  purpose: SignaturePurpose,
  algorithm: HybridAlgorithm,
): Uint8Array {
  const body = gateSignatureBody(attacker.provider, channel.hash, claims.subarray(1));
  return channel.seal(concatBytes(claims, signHybrid(attacker.provider, keys, purpose, body, algorithm)));
}
