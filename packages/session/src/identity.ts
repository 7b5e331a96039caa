/** The two ends of a session: our keys under our DID, and a peer's verified block. */
import { equalBytes } from '@wotid/core';
import {
  identityFingerprint,
  type CryptoProvider,
  type IdentityBlock,
  type IdentityKeys,
} from '@wotid/crypto';
import { SessionError } from './errors.ts';

/** A peer, by the keys that its credential or its publication vouches for. */
export interface PeerIdentity {
  readonly block: IdentityBlock;
  /** Fingerprint of `block`, 32 bytes. */
  readonly idFp: Uint8Array;
}

/** Ourselves. */
export interface OwnIdentity extends PeerIdentity {
  readonly keys: IdentityKeys;
}

/** A peer's block with its fingerprint. @throws CryptoError `BAD_IDENTITY`, `BAD_PUBLIC_KEY` */
export function peerIdentity(provider: CryptoProvider, block: IdentityBlock): PeerIdentity {
  return { block, idFp: identityFingerprint(provider, block) };
}

/** Our keys under `did`, with the fingerprint. `keys` stay the caller's. @throws CryptoError `BAD_IDENTITY` */
export function ownIdentity(provider: CryptoProvider, keys: IdentityKeys, did: string): OwnIdentity {
  return { keys, ...peerIdentity(provider, keys.block(did)) };
}

/** @throws SessionError `SELF_SESSION` when both are the same DID or the same identity */
export function assertOther(ours: PeerIdentity, theirs: PeerIdentity): void {
  if (ours.block.did === theirs.block.did || equalBytes(ours.idFp, theirs.idFp)) {
    throw new SessionError('SELF_SESSION', 'a session needs two different identities');
  }
}
