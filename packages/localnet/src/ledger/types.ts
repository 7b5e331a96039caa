/**
 * What the ledger holds and what it offers to the JSON-RPC. Addresses and object ids are `0x` + 64 lower-case hex
 * digits; digests are base58; versions and amounts are `bigint`. Nothing here knows HTTP or JSON.
 */
import type { bcs } from '@iota/iota-sdk/bcs';
import type { Address, StructTag, TypeTag } from '@wotid/move-vm';

/** 32 bytes in base58. */
export type Digest = string;

export type { Address, StructTag, TypeTag };

export type Owner =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'object'; readonly parent: Address }
  | { readonly kind: 'shared'; readonly initialSharedVersion: bigint }
  | { readonly kind: 'immutable' };

interface ObjectBase {
  readonly id: Address;
  readonly version: bigint;
  readonly owner: Owner;
  readonly previousTransaction: Digest;
  /** NANOS given back when this version is replaced or deleted. */
  readonly storageRebate: bigint;
  /** H("Object::" || BCS), base58. */
  readonly digest: Digest;
}

export interface MoveObject extends ObjectBase {
  readonly kind: 'move';
  readonly type: StructTag;
  /** BCS of the struct; the first 32 bytes are the id. */
  readonly contents: Uint8Array;
}

export interface PackageObject extends ObjectBase {
  readonly kind: 'package';
  /** The id under which the package's modules name themselves: that of its first version. */
  readonly originalId: Address;
  readonly modules: ReadonlyMap<string, Uint8Array>;
  readonly typeOrigins: readonly {
    readonly module: string;
    readonly datatype: string;
    readonly package: Address;
  }[];
  /** Original id of a dependency to the id and version this package runs against. */
  readonly linkage: ReadonlyMap<Address, { readonly id: Address; readonly version: bigint }>;
}

export type LedgerObject = MoveObject | PackageObject;

/** What is left of an object that was deleted or wrapped. */
export interface Tombstone {
  readonly kind: 'deleted' | 'wrapped';
  readonly id: Address;
  readonly version: bigint;
  /** The transaction that deleted or wrapped it. */
  readonly transaction: Digest;
}

export interface LedgerEvent {
  readonly txDigest: Digest;
  /** Index within the transaction. */
  readonly eventSeq: number;
  readonly packageId: Address;
  readonly transactionModule: string;
  readonly sender: Address;
  readonly type: StructTag;
  readonly contents: Uint8Array;
  readonly timestampMs: bigint;
}

export type TransactionDataValue = ReturnType<typeof bcs.TransactionData.parse>;
export type TransactionEffectsValue = ReturnType<typeof bcs.TransactionEffects.parse>;

/** An executed transaction, successful or not, and what a node answers about it. */
export interface ExecutedTransaction {
  readonly digest: Digest;
  /** Position in the ledger; genesis is 0. */
  readonly sequence: bigint;
  /** BCS of TransactionData. */
  readonly dataBytes: Uint8Array;
  readonly data: TransactionDataValue;
  /** Raw serialized signatures, flag first. */
  readonly signatures: readonly Uint8Array[];
  readonly effectsBytes: Uint8Array;
  readonly effects: TransactionEffectsValue;
  /** Status text of a failure as a node prints it; null on success. */
  readonly errorText: string | null;
  readonly events: readonly LedgerEvent[];
  readonly timestampMs: bigint;
  readonly checkpoint: bigint;
  /** Every object written, in its new version. */
  readonly written: readonly LedgerObject[];
  /** The versions that were replaced, deleted or wrapped. */
  readonly replaced: readonly LedgerObject[];
}

export interface Checkpoint {
  readonly sequence: bigint;
  readonly digest: Digest;
  readonly previousDigest: Digest | null;
  readonly epoch: bigint;
  readonly timestampMs: bigint;
  readonly transactions: readonly Digest[];
  readonly networkTotalTransactions: bigint;
  /** Sums over the epoch so far. */
  readonly gas: { readonly computation: bigint; readonly storage: bigint; readonly rebate: bigint };
  /** True for the last checkpoint of an epoch. */
  readonly endsEpoch: boolean;
}

export type SimulatedTransaction = Omit<ExecutedTransaction, 'sequence' | 'checkpoint' | 'signatures'>;

/** What a dry run tells more. */
export interface DryRun extends SimulatedTransaction {
  /** The price that congestion would ask for; null as there is none. */
  readonly suggestedGasPrice: bigint | null;
  /** What went wrong in words; null on success, and when the status text says it all. */
  readonly errorSource: string | null;
}

/** One command's results in dev inspect: BCS bytes with their types. */
export interface InspectedCommand {
  readonly returnValues: readonly (readonly [Uint8Array, TypeTag])[];
  /** The argument is as in the SDK's BCS `Argument`. */
  readonly mutableReferenceOutputs: readonly (readonly [unknown, Uint8Array, TypeTag])[];
}

/** The layout of a struct or enum, with names, to render bytes as JSON. */
export type DatatypeLayout =
  | { readonly kind: 'struct'; readonly type: StructTag; readonly fields: readonly NamedLayout[] }
  | {
      readonly kind: 'enum';
      readonly type: StructTag;
      readonly variants: readonly { readonly name: string; readonly fields: readonly NamedLayout[] }[];
    };
export interface NamedLayout {
  readonly name: string;
  readonly type: TypeTag;
}

/** The reading half of the ledger. Iteration order is stated and stable under writes. */
export interface LedgerReader {
  /** First 4 bytes of the genesis checkpoint digest, 8 hex digits. */
  readonly chainId: string;
  readonly epoch: bigint;
  /** Time of the checkpoint that the epoch began after; genesis for the first. */
  readonly epochStartMs: bigint;
  /** The last checkpoint of each epoch that has ended, ascending. */
  readonly epochEnds: readonly Checkpoint[];
  /** Reference gas price in NANOS. */
  readonly referenceGasPrice: bigint;
  nowMs(): bigint;
  getObject(id: Address): LedgerObject | Tombstone | undefined;
  getObjectAt(id: Address, version: bigint): LedgerObject | Tombstone | undefined;
  /** Objects whose owner is this address (also an object's id that things were transferred to), ascending id. */
  ownedBy(address: Address, afterId?: Address): Iterable<MoveObject>;
  /** Dynamic fields: objects whose owner is this object, ascending id. */
  childrenOf(parent: Address, afterId?: Address): Iterable<MoveObject>;
  getTransaction(digest: Digest): ExecutedTransaction | undefined;
  getTransactionAt(sequence: bigint): ExecutedTransaction | undefined;
  readonly transactionCount: bigint;
  getCheckpoint(sequence: bigint): Checkpoint | undefined;
  getCheckpointByDigest(digest: Digest): Checkpoint | undefined;
  readonly latestCheckpoint: bigint;
  /** How often the ledger went back to a snapshot; what was remembered of the log before is void when it changes. */
  readonly reverts: number;
  /** Names and types of a datatype's fields. @throws LedgerError when the type does not exist. */
  layoutOf(type: StructTag): DatatypeLayout;
}

/** The whole ledger. */
export interface Ledger extends LedgerReader {
  /**
   * Checks and executes a signed transaction; an executed one is answered from the log. Asynchronous because the
   * SDK's signature verification is; everything from the input check to the commit happens in one synchronous step.
   * @param dataBytes BCS of TransactionData
   * @param signatures serialized signatures, flag first
   * @throws LedgerError when the transaction is refused: nothing changed
   */
  execute(dataBytes: Uint8Array, signatures: readonly Uint8Array[]): Promise<ExecutedTransaction>;
  /** As execute, without signatures and without effect; an empty gas payment is paid from a made-up coin. */
  dryRun(dataBytes: Uint8Array): DryRun;
  /** Runs a TransactionKind without most checks, and shows each command's results. */
  devInspect(
    sender: Address,
    kindBytes: Uint8Array,
    gasPrice: bigint | null,
  ): SimulatedTransaction & { readonly results: readonly InspectedCommand[] };
  /**
   * Pays `amounts` to `recipient` from the faucet's own coins in one ordinary transaction.
   * @throws LedgerError `FAUCET_EMPTY` when the faucet's coins do not cover amounts and gas
   */
  faucet(recipient: Address, amounts: readonly bigint[]): Promise<ExecutedTransaction>;
  /** Every object there is: BLAKE2b-256 over id, version (u64) and digest of each in ascending order of ids, hex. */
  stateRoot(): string;
  /** Remembers the state as it is; good for {@link Ledger.revert} until an earlier snapshot is reverted to. */
  snapshot(): number;
  /**
   * Goes back to a snapshot: objects, log, checkpoints, locks and clock. It may be gone back to again.
   * @throws LedgerError `UNKNOWN_SNAPSHOT`; nothing changed
   */
  revert(snapshot: number): void;
  /** Moves this ledger's time forward. @throws LedgerError `BAD_ARGUMENT` unless 0 to 100 years in milliseconds */
  advanceClock(byMs: number): void;
  /** Ends the epoch with a system transaction of its own checkpoint. Locks of the old epoch are gone. */
  advanceEpoch(): void;
  /** Lets go of the database, if there is one. Nothing can be executed afterwards. Idempotent. */
  close(): void;
}
