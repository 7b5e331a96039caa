/** What an agent tells of its DID. Plain data, no secrets. */
import type { IdentityKeyName } from '@wotid/crypto';
import type { DidReceipt } from '@wotid/did-iota';
import type { DidMethod } from './identity.ts';
import { gasCost } from './own-mailbox.ts';
import type { GasCost } from './types.ts';

/** A transaction that changed the DID or its document. */
export interface DidTransaction {
  readonly digest: string;
  readonly gas: GasCost;
}

/** Our DID, and what others find under it. */
export interface DidFacts {
  /** `null` before it is published. */
  readonly did: string | null;
  readonly method: DidMethod;
  /** Fingerprint of the identity block, 32 bytes in hex; `null` without a DID. */
  readonly fingerprint: string | null;
  /** Key ids in the document; `null` for a did:jwk and before it is published. */
  readonly keyIds: readonly string[] | null;
  /** `fixed` for a did:jwk, which has no document on chain. */
  readonly state: 'unpublished' | 'active' | 'deactivated' | 'fixed';
  /** False when the document does not say what it should: `wotid did create` puts that right. */
  readonly isCurrent: boolean;
  /** The mailbox that the document names. */
  readonly mailboxId: string | null;
  readonly updatedAt: string | null;
  /** Keys that are to take the place of the present ones, while a rotation is not finished. */
  readonly isRotating: boolean;
}

/** A DID that was created, or found again, with the transactions that this took. */
export interface CreatedDidFacts {
  readonly did: string;
  readonly fingerprint: string;
  /** `null` when it was there already. */
  readonly created: DidTransaction | null;
  /** `null` when the document said everything already. */
  readonly published: DidTransaction | null;
}

/** Keys that were rotated. */
export interface RotatedKeys {
  readonly did: string;
  /** Fingerprints in hex. */
  readonly before: string;
  readonly after: string;
  readonly keys: readonly IdentityKeyName[];
  /** `null` for a did:jwk. */
  readonly published: DidTransaction | null;
}

export function didTransaction({ digest, gas }: DidReceipt): DidTransaction {
  return { digest, gas: gasCost(gas) };
}
