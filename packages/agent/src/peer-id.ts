/**
 * PeerIds of Ed25519 keys, without a node (libp2p specs, peer-ids): the key as protobuf {type 1, data 32 bytes} inside an
 * identity multihash, in base58btc. A command that talks to nobody need not start a node to know its own.
 */
import { toBase58 } from '@iota/iota-sdk/utils';
import { concatBytes } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';

/** Identity multihash (0x00) of 36 bytes: field 1 (type) = 1 (Ed25519), field 2 (data) of 32 bytes. */
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/** A PeerId in both its forms. */
export interface PeerIdForms {
  readonly text: string;
  /** 38 bytes. */
  readonly bytes: Uint8Array;
}

/** The PeerId of a 32-byte Ed25519 seed. */
export function peerIdOf(provider: CryptoProvider, seed: Uint8Array): PeerIdForms {
  using key = provider.signFromSecret('ed25519', seed);
  const bytes = concatBytes(prefix, key.publicKey);
  return { text: toBase58(bytes), bytes };
}
