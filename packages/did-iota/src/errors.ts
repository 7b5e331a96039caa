/** Failures of this package. */
import { WotError } from '@wotid/core';

/** Codes of {@link DidIotaError}. */
export type DidIotaErrorCode =
  /** No did:iota with an object id, or one that is not written the one way. */
  | 'BAD_DID'
  /** A did:iota of another network. */
  | 'WRONG_NETWORK'
  /** There is no identity under this DID. */
  | 'NOT_FOUND'
  /** The DID is deactivated; where it is for good, `data.forever` is true. */
  | 'DEACTIVATED'
  /** The object is something else than an identity of the package that is believed on this network. */
  | 'NOT_AN_IDENTITY'
  /** What lies on chain is no DID document of ours to read: too large, about another DID, not a document. */
  | 'BAD_DOCUMENT'
  /** The address holds no capability of this identity. */
  | 'NOT_CONTROLLER'
  /** Several must agree to change this identity. */
  | 'SHARED_CONTROL'
  /** The network has no identity package that is known here. */
  | 'NO_PACKAGE'
  /** The network has IOTA's own identity package, and no other is used there. */
  | 'OFFICIAL_NETWORK'
  /** The node serves another chain. */
  | 'WRONG_CHAIN'
  /** The node did not answer in time or at all. */
  | 'RPC_UNREACHABLE'
  /** The node answered with an error, or with what no node answers. */
  | 'RPC_REFUSED'
  /** IOTA's library failed in itself. */
  | 'LIBRARY_FAILED'
  /** Too many operations at once. */
  | 'BUSY';

/** What this package throws on purpose. Nothing on chain has changed. */
export class DidIotaError extends WotError<DidIotaErrorCode> {}
