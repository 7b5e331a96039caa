/**
 * The ledger: the committed store, the VM, and the one place where a transaction becomes part of both.
 *
 * Time: a transaction that takes the Clock (0x6) as input is preceded by a system transaction that sets it, in the
 * same checkpoint, whenever the time has moved; other transactions do so when the Clock lags by a second or more. A
 * dry run and a dev inspection see the Clock as such a transaction would leave it.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText, systemClock, type Clock, type Random } from '@wotid/core';
import { createMoveVm, MoveVmError, type MoveVm } from '@wotid/move-vm';
import { clockUpdate, type ClockUpdate } from './clock.ts';
import { ConservationCheck, readingSession } from './conservation.ts';
import { concludeTransaction } from './effects.ts';
import { executeTransaction, type EngineResult } from './engine.ts';
import { LedgerError } from './errors.ts';
import { Faucet } from './faucet.ts';
import { buildGenesis, type FrameworkFile } from './genesis.ts';
import { digestBytes } from './hashing.ts';
import { checkGas, checkOwnership, checkReceiving, loadInputs, type ObjectSource } from './input-check.ts';
import { LOCK_WINDOW_MS, ObjectLocks } from './locks.ts';
import { ledgerNatives } from './natives/index.ts';
import { CLOCK_ID, NANOS_PER_IOTA, REFERENCE_GAS_PRICE, ZERO_ADDRESS } from './protocol.ts';
import { signatureEnvelopeBytes, verifySignatures } from './signatures.ts';
import {
  inspectedTransaction,
  simulated,
  withMadeUpPayment,
  withObject,
  type Simulation,
} from './simulate.ts';
import { NO_GAS, sealCheckpoint, type Executable } from './seal.ts';
import { isLive, Store } from './store.ts';
import {
  decodeKind,
  decodeTransaction,
  inputSource,
  type DecodedTransaction,
  type InputSource,
  type ObjectRef,
} from './transaction-data.ts';
import { TransactionState } from './tx-state.ts';
import { checkProgrammable, checkValidity, referencedPackages } from './validity.ts';
import type {
  Address,
  Checkpoint,
  DatatypeLayout,
  Digest,
  ExecutedTransaction,
  InspectedCommand,
  Ledger,
  LedgerObject,
  MoveObject,
  SimulatedTransaction,
  StructTag,
  Tombstone,
} from './types.ts';

export interface LedgerInit {
  /** Framework packages of genesis. */
  readonly framework: FrameworkFile;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Where the faucet's key and the genesis ids come from; a seeded one makes a network reproducible. */
  readonly random?: Random;
  /** Refuse transactions that race for one owned object version, as equivocation ends on a real network. */
  readonly lockConflicts?: boolean;
  /** NANOS in the faucet's coins, at most 2^63 - 1; default 4.6 billion IOTA, the supply IOTA began with. */
  readonly faucetSupply?: bigint;
}

const DEFAULT_FAUCET_SUPPLY = 4_600_000_000n * NANOS_PER_IOTA;
/** Leaves room in a u64 balance for whatever is merged into it. */
const MAX_FAUCET_SUPPLY = (1n << 63n) - 1n;
/** The embedded network stays in its first epoch. */
const EPOCH = 0n;

const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

/** Makes a ledger with its genesis executed. @throws LedgerError `GENESIS_INVALID` */
export function createLedger(init: LedgerInit): Ledger {
  return new MemoryLedger(init);
}

/** A transaction whose inputs are checked, ready to execute. */
interface Prepared {
  readonly source: ObjectSource;
  readonly clock: ClockUpdate | undefined;
  readonly nowMs: bigint;
  readonly run: () => EngineResult;
}

class MemoryLedger implements Ledger {
  readonly epoch = EPOCH;
  readonly referenceGasPrice: bigint = REFERENCE_GAS_PRICE;
  readonly chainId: string;
  readonly #store = new Store();
  readonly #vm: MoveVm = createMoveVm();
  readonly #clock: Clock;
  readonly #conservation: ConservationCheck;
  readonly #faucet: Faucet;
  readonly #locks: ObjectLocks | undefined;
  readonly #epochStartMs: bigint;

  constructor(init: LedgerInit) {
    this.#clock = init.clock ?? systemClock;
    this.#conservation = new ConservationCheck(this.#vm, ledgerNatives);
    this.#locks = init.lockConflicts === true ? new ObjectLocks() : undefined;
    this.#epochStartMs = this.nowMs();
    const supply = init.faucetSupply ?? DEFAULT_FAUCET_SUPPLY;
    if (supply < 0n || supply > MAX_FAUCET_SUPPLY) {
      throw new LedgerError('GENESIS_INVALID', `a faucet supply of ${supply} NANOS is impossible`, {
        hint: `Choose 0 to ${MAX_FAUCET_SUPPLY}.`,
      });
    }
    const genesis = buildGenesis({
      framework: init.framework,
      random: init.random ?? systemRandom,
      timestampMs: this.#epochStartMs,
      faucetSupply: supply,
    });
    const state = new TransactionState(noInputs);
    state.record({
      written: new Map(genesis.drafts.map((draft) => [draft.id, draft])),
      created: new Set(genesis.drafts.map(({ id }) => id)),
      modified: new Set(),
      deleted: new Set(),
      events: [],
    });
    const outcome = concludeTransaction(state, {
      digest: genesis.transaction.digest,
      sender: ZERO_ADDRESS,
      epoch: EPOCH,
      timestampMs: this.#epochStartMs,
      gas: NO_GAS,
      gasCoin: undefined,
      failure: undefined,
    });
    this.#commit(
      [{ ...genesis.transaction, outcome, signatures: [], errorText: null, received: [], gas: NO_GAS }],
      this.#epochStartMs,
    );
    const first = this.#store.getCheckpoint(0n) as Checkpoint;
    this.chainId = digestBytes(first.digest).subarray(0, 4).toHex();
    this.#faucet = new Faucet(this, genesis.faucetKey);
  }

  nowMs(): bigint {
    return BigInt(Math.trunc(this.#clock.nowMs()));
  }

  getObject(id: Address): LedgerObject | Tombstone | undefined {
    return this.#store.get(id);
  }

  getObjectAt(id: Address, version: bigint): LedgerObject | Tombstone | undefined {
    return this.#store.getAt(id, version);
  }

  ownedBy(address: Address, afterId?: Address): Iterable<MoveObject> {
    return this.#store.ownedBy(address, afterId);
  }

  childrenOf(parent: Address, afterId?: Address): Iterable<MoveObject> {
    return this.#store.childrenOf(parent, afterId);
  }

  getTransaction(digest: Digest): ExecutedTransaction | undefined {
    return this.#store.getTransaction(digest);
  }

  getTransactionAt(sequence: bigint): ExecutedTransaction | undefined {
    return this.#store.getTransactionAt(sequence);
  }

  get transactionCount(): bigint {
    return this.#store.transactionCount;
  }

  getCheckpoint(sequence: bigint): Checkpoint | undefined {
    return this.#store.getCheckpoint(sequence);
  }

  getCheckpointByDigest(digest: Digest): Checkpoint | undefined {
    return this.#store.getCheckpointByDigest(digest);
  }

  get latestCheckpoint(): bigint {
    return this.#store.checkpointCount - 1n;
  }

  layoutOf(type: StructTag): DatatypeLayout {
    try {
      return readingSession(this.#vm, ledgerNatives, this.#store).layoutOf(type);
    } catch (error) {
      if (!(error instanceof MoveVmError)) throw error;
      throw new LedgerError('TYPE_NOT_FOUND', error.message, { cause: error });
    }
  }

  async execute(dataBytes: Uint8Array, signatures: readonly Uint8Array[]): Promise<ExecutedTransaction> {
    const transaction = decodeTransaction(dataBytes.slice());
    const known = this.#store.getTransaction(transaction.digest);
    if (known !== undefined) return known;
    const inputs = transaction.programmable.inputs.map(inputSource);
    checkValidity(transaction, inputs, {
      epoch: EPOCH,
      signatureBytes: signatureEnvelopeBytes(signatures),
      allowMissingGas: false,
    });
    await verifySignatures(transaction.bytes, signatures, transaction.sender, transaction.gasOwner);
    if (this.#locks !== undefined) await this.#takeLocks(this.#locks, transaction, inputs);
    return (
      this.#store.getTransaction(transaction.digest) ??
      this.#guard(() => this.#executeNow(transaction, inputs, signatures))
    );
  }

  dryRun(dataBytes: Uint8Array): SimulatedTransaction & { readonly suggestedGasPrice: bigint | null } {
    const transaction = decodeTransaction(dataBytes.slice());
    const inputs = transaction.programmable.inputs.map(inputSource);
    checkValidity(transaction, inputs, { epoch: EPOCH, signatureBytes: 0, allowMissingGas: true });
    return this.#guard(() => {
      const simulation = withMadeUpPayment(transaction, this.#store);
      const prepared = this.#prepare(simulation, inputs, false);
      const result = prepared.run();
      this.#conservation.assert(prepared.source, result.outcome.replaced, result.outcome.written, result.gas);
      return { ...simulated(transaction, result, prepared.nowMs), suggestedGasPrice: null };
    });
  }

  devInspect(
    sender: Address,
    kindBytes: Uint8Array,
    gasPrice: bigint | null,
  ): SimulatedTransaction & { readonly results: readonly InspectedCommand[] } {
    const kind = decodeKind(kindBytes.slice());
    return this.#guard(() => {
      const simulation = inspectedTransaction(kind, sender, gasPrice ?? REFERENCE_GAS_PRICE, this.#store);
      const { transaction } = simulation;
      const inputs = transaction.programmable.inputs.map(inputSource);
      checkProgrammable(transaction.programmable, inputs);
      const prepared = this.#prepare(simulation, inputs, true);
      const result = prepared.run();
      return { ...simulated(transaction, result, prepared.nowMs), results: result.inspected };
    });
  }

  faucet(recipient: Address, amounts: readonly bigint[]): Promise<ExecutedTransaction> {
    return this.#faucet.pay(recipient, amounts);
  }

  /** Checks, executes and commits in one synchronous step. */
  #executeNow(
    transaction: DecodedTransaction,
    inputs: readonly InputSource[],
    signatures: readonly Uint8Array[],
  ): ExecutedTransaction {
    const { payment } = transaction;
    const prepared = this.#prepare({ transaction, payment, source: this.#store }, inputs, false);
    const result = prepared.run();
    this.#conservation.assert(prepared.source, result.outcome.replaced, result.outcome.written, result.gas);
    const { clock } = prepared;
    const before: readonly Executable[] =
      clock === undefined
        ? []
        : [
            {
              ...clock.transaction,
              outcome: clock.outcome,
              signatures: [],
              errorText: null,
              received: [],
              gas: NO_GAS,
            },
          ];
    const { digest, bytes, data } = transaction;
    this.#commit(
      [
        ...before,
        { digest, dataBytes: bytes, data, signatures: signatures.map((one) => one.slice()), ...result },
      ],
      prepared.nowMs,
    );
    this.#locks?.release(ownedRefs(transaction, inputs));
    return this.#store.getTransaction(digest) as ExecutedTransaction;
  }

  /** Loads and checks the inputs, with the Clock set when the transaction has to see it so. */
  #prepare(simulation: Simulation, inputs: readonly InputSource[], isInspection: boolean): Prepared {
    const { transaction, payment } = simulation;
    const { commands } = transaction.programmable;
    if (commands.some((command) => command.Upgrade !== undefined)) {
      throw new LedgerError('UNSUPPORTED', 'Feature is not supported: package upgrades', {
        hint: 'Publish the new version as a package of its own.',
      });
    }
    const last = this.#store.getCheckpoint(this.latestCheckpoint)?.timestampMs ?? 0n;
    const now = this.nowMs();
    const nowMs = now > last ? now : last;
    const clock = clockUpdate(simulation.source, {
      nowMs,
      isRead: inputs.some((input) => input.kind === 'shared' && input.id === CLOCK_ID),
      epoch: EPOCH,
      round: this.#store.checkpointCount,
    });
    const source = clock === undefined ? simulation.source : withObject(simulation.source, clock.clock);
    const loaded = loadInputs(source, inputs, referencedPackages(commands), payment);
    const gas = {
      owner: transaction.gasOwner,
      price: transaction.gasPrice,
      budget: transaction.gasBudget,
      payment,
    };
    checkGas(gas, loaded.gasCoins);
    if (!isInspection) {
      checkOwnership(loaded, inputs, transaction.sender, gas);
      checkReceiving(source, loaded);
    }
    const run = (): EngineResult =>
      executeTransaction(
        { vm: this.#vm, natives: ledgerNatives, source },
        {
          digest: transaction.digest,
          sender: transaction.sender,
          epoch: EPOCH,
          epochStartMs: this.#epochStartMs,
          timestampMs: nowMs,
          inputs,
          commands,
          loaded,
          gasPrice: transaction.gasPrice,
          gasBudget: transaction.gasBudget,
          isInspection,
        },
      );
    return { source, clock, nowMs, run };
  }

  async #takeLocks(
    locks: ObjectLocks,
    transaction: DecodedTransaction,
    inputs: readonly InputSource[],
  ): Promise<void> {
    const { payment, digest } = transaction;
    this.#guard(() => this.#prepare({ transaction, payment, source: this.#store }, inputs, false));
    const refs = ownedRefs(transaction, inputs).filter(({ id }) => {
      const object = this.#store.get(id);
      return isLive(object) && object.owner.kind === 'address';
    });
    locks.acquire(digest, refs);
    locks.check(digest, refs);
    await delay(LOCK_WINDOW_MS);
    if (this.#store.getTransaction(digest) === undefined) locks.check(digest, refs);
  }

  #commit(executables: readonly Executable[], timestampMs: bigint): void {
    const { checkpointCount } = this.#store;
    const previous = checkpointCount === 0n ? undefined : this.#store.getCheckpoint(checkpointCount - 1n);
    const { transactions, checkpoint } = sealCheckpoint(executables, {
      previous,
      epoch: EPOCH,
      timestampMs,
      firstSequence: this.#store.transactionCount,
    });
    this.#store.commit(transactions, checkpoint);
  }

  /** Turns what nobody foresaw into a refusal; nothing was committed then. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError('INTERNAL', `the ledger failed and changed nothing: ${errorText(error)}`, {
        hint: 'This is a bug of the embedded network: report the transaction.',
        cause: error,
      });
    }
  }
}

const noInputs: ConstructorParameters<typeof TransactionState>[0] = {
  objects: new Map(),
  mutable: new Map(),
  readOnlyShared: [],
  deletedShared: [],
  receiving: [],
  gasCoins: [],
};

function ownedRefs(transaction: DecodedTransaction, inputs: readonly InputSource[]): ObjectRef[] {
  return [...transaction.payment, ...inputs.flatMap((input) => (input.kind === 'owned' ? [input.ref] : []))];
}
