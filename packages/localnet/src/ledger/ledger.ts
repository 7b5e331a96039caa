/**
 * The ledger: the committed store, the VM, and the one place where a transaction becomes part of both.
 *
 * Time: a transaction that takes the Clock (0x6) as input is preceded by a system transaction that sets it, in the
 * same checkpoint, whenever the time has moved; other transactions do so when the Clock lags by a second or more. A
 * dry run and a dev inspection see the Clock as such a transaction would leave it.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { errorText, systemClock, type Clock, type Random } from '@wotid/core';
import { createMoveVm, MoveVmError, type MoveVm } from '@wotid/move-vm';
import { clockUpdate, type ClockUpdate } from './clock.ts';
import { ConservationCheck, readingSession } from './conservation.ts';
import { executeTransaction, type EngineResult } from './engine.ts';
import { DatabaseError, type LedgerDatabase } from './database.ts';
import { LedgerError } from './errors.ts';
import { Faucet } from './faucet.ts';
import { buildGenesis, type FrameworkFile } from './genesis.ts';
import { digestBytes } from './hashing.ts';
import { checkGas, checkOwnership, checkReceiving, loadInputs, type ObjectSource } from './input-check.ts';
import { LedgerClock, Snapshots } from './life.ts';
import { LOCK_WINDOW_MS, ObjectLocks } from './locks.ts';
import { ledgerNatives } from './natives/index.ts';
import { CLOCK_ID, NANOS_PER_IOTA, REFERENCE_GAS_PRICE } from './protocol.ts';
import { signatureEnvelopeBytes, verifySignatures } from './signatures.ts';
import {
  inspectedTransaction,
  simulated,
  withMadeUpPayment,
  withObject,
  type Simulation,
} from './simulate.ts';
import { sealCheckpoint, type Executable } from './seal.ts';
import { isLive } from './store.ts';
import { StoreReader } from './store-reader.ts';
import { clockExecutable, epochChangeExecutable, genesisExecutable } from './system-executables.ts';
import {
  decodeKind,
  decodeTransaction,
  inputSource,
  type DecodedTransaction,
  type InputSource,
  type ObjectRef,
} from './transaction-data.ts';
import { checkProgrammable, checkValidity, referencedPackages } from './validity.ts';
import type {
  Address,
  Checkpoint,
  DatatypeLayout,
  ExecutedTransaction,
  InspectedCommand,
  Ledger,
  DryRun,
  SimulatedTransaction,
  StructTag,
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
  /** Where the state is kept; default nowhere. It goes on from there: genesis is for an empty one only. */
  readonly database?: LedgerDatabase;
}

const DEFAULT_FAUCET_SUPPLY = 4_600_000_000n * NANOS_PER_IOTA;
/** Leaves room in a u64 balance for whatever is merged into it. */
const MAX_FAUCET_SUPPLY = (1n << 63n) - 1n;
/** Parsed packages that are kept, about 150 KB each: more than any test run has in use at once. */
const MAX_PARSED_PACKAGES = 200;

const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

/**
 * Makes a ledger with its genesis executed, or goes on with the database's.
 * @throws LedgerError `GENESIS_INVALID`
 * @throws DatabaseError when the database is unusable, or is another network's than `random` makes
 */
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

class MemoryLedger extends StoreReader implements Ledger {
  readonly referenceGasPrice: bigint = REFERENCE_GAS_PRICE;
  readonly chainId: string;
  readonly #vm: MoveVm = createMoveVm({ maxPackages: MAX_PARSED_PACKAGES });
  readonly #clock: LedgerClock;
  readonly #conservation: ConservationCheck;
  readonly #faucet: Faucet;
  readonly #database: LedgerDatabase | undefined;
  readonly #snapshots = new Snapshots();
  #locks: ObjectLocks | undefined;
  #isClosed = false;
  reverts = 0;

  constructor(init: LedgerInit) {
    super();
    this.#clock = new LedgerClock(init.clock ?? systemClock);
    this.#conservation = new ConservationCheck(this.#vm, ledgerNatives);
    this.#locks = init.lockConflicts === true ? new ObjectLocks() : undefined;
    this.#database = init.database;
    const faucetKey = init.database?.load(this.store, init.random) ?? this.#begin(init);
    this.store.journal = init.database;
    const first = this.store.getCheckpoint(0n) as Checkpoint;
    this.chainId = digestBytes(first.digest).subarray(0, 4).toHex();
    this.#faucet = new Faucet(this, faucetKey);
    // Time goes on from where the database ended, also when the clock is behind.
    this.#clock.catchUp(this.#last().timestampMs);
  }

  /** Executes genesis. */
  #begin(init: LedgerInit): Ed25519Keypair {
    const timestampMs = this.nowMs();
    const supply = init.faucetSupply ?? DEFAULT_FAUCET_SUPPLY;
    if (supply < 0n || supply > MAX_FAUCET_SUPPLY) {
      throw new LedgerError('GENESIS_INVALID', `a faucet supply of ${supply} NANOS is impossible`, {
        hint: `Choose 0 to ${MAX_FAUCET_SUPPLY}.`,
      });
    }
    const genesis = buildGenesis({
      framework: init.framework,
      random: init.random ?? systemRandom,
      timestampMs,
      faucetSupply: supply,
    });
    init.database?.create(genesis.faucetKey);
    this.store.journal = init.database;
    this.#commit([genesisExecutable(genesis, timestampMs)], timestampMs);
    return genesis.faucetKey;
  }

  nowMs(): bigint {
    return this.#clock.nowMs();
  }

  snapshot(): number {
    return this.#snapshots.take({
      checkpoints: this.store.checkpointCount,
      locks: this.#locks?.copy(),
      clockOffsetMs: this.#clock.offsetMs,
    });
  }

  revert(snapshot: number): void {
    this.#checkOpen();
    const { checkpoints, locks, clockOffsetMs } = this.#snapshots.get(snapshot);
    this.store.truncate(checkpoints);
    this.#snapshots.discardAfter(snapshot);
    this.#locks = locks?.copy();
    this.#clock.offsetMs = clockOffsetMs;
    this.reverts++;
  }

  advanceClock(byMs: number): void {
    this.#clock.advance(byMs);
  }

  advanceEpoch(): void {
    this.#checkOpen();
    const timestampMs = this.#checkpointTime();
    this.#commit([epochChangeExecutable(this.epoch, this.#last(), timestampMs)], timestampMs, true);
    if (this.#locks !== undefined) this.#locks = new ObjectLocks();
  }

  close(): void {
    this.#isClosed = true;
    this.store.journal = undefined;
    this.#database?.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LedgerError('CLOSED', 'the ledger is closed');
  }

  #last(): Checkpoint {
    return this.store.getCheckpoint(this.latestCheckpoint) as Checkpoint;
  }

  /** Time of the next checkpoint: now, and never before the last one. */
  #checkpointTime(): bigint {
    const now = this.nowMs();
    const last = this.#last().timestampMs;
    return now > last ? now : last;
  }

  layoutOf(type: StructTag): DatatypeLayout {
    try {
      return readingSession(this.#vm, ledgerNatives, this.store).layoutOf(type);
    } catch (error) {
      if (!(error instanceof MoveVmError)) throw error;
      throw new LedgerError('TYPE_NOT_FOUND', error.message, { cause: error });
    }
  }

  async execute(dataBytes: Uint8Array, signatures: readonly Uint8Array[]): Promise<ExecutedTransaction> {
    const transaction = decodeTransaction(dataBytes.slice());
    const known = this.store.getTransaction(transaction.digest);
    if (known !== undefined) return known;
    const inputs = transaction.programmable.inputs.map(inputSource);
    checkValidity(transaction, inputs, {
      epoch: this.epoch,
      signatureBytes: signatureEnvelopeBytes(signatures),
      allowMissingGas: false,
    });
    await verifySignatures(transaction.bytes, signatures, transaction.sender, transaction.gasOwner);
    if (this.#locks !== undefined) await this.#takeLocks(this.#locks, transaction, inputs);
    return (
      this.store.getTransaction(transaction.digest) ??
      this.#guard(() => this.#executeNow(transaction, inputs, signatures))
    );
  }

  dryRun(dataBytes: Uint8Array): DryRun {
    const transaction = decodeTransaction(dataBytes.slice());
    const inputs = transaction.programmable.inputs.map(inputSource);
    checkValidity(transaction, inputs, { epoch: this.epoch, signatureBytes: 0, allowMissingGas: true });
    return this.#guard(() => {
      const simulation = withMadeUpPayment(transaction, this.store);
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
      const simulation = inspectedTransaction(kind, sender, gasPrice ?? REFERENCE_GAS_PRICE, this.store);
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
    this.#checkOpen();
    const { payment } = transaction;
    const prepared = this.#prepare({ transaction, payment, source: this.store }, inputs, false);
    const result = prepared.run();
    this.#conservation.assert(prepared.source, result.outcome.replaced, result.outcome.written, result.gas);
    const { clock } = prepared;
    const before = clock === undefined ? [] : [clockExecutable(clock)];
    const { digest, bytes, data } = transaction;
    this.#commit(
      [
        ...before,
        { digest, dataBytes: bytes, data, signatures: signatures.map((one) => one.slice()), ...result },
      ],
      prepared.nowMs,
    );
    this.#locks?.release(ownedRefs(transaction, inputs));
    return this.store.getTransaction(digest) as ExecutedTransaction;
  }

  /** Loads and checks the inputs, with the Clock set when the transaction has to see it so. */
  #prepare(simulation: Simulation, inputs: readonly InputSource[], isInspection: boolean): Prepared {
    const { transaction, payment } = simulation;
    const { commands } = transaction.programmable;
    const nowMs = this.#checkpointTime();
    const clock = clockUpdate(simulation.source, {
      nowMs,
      isRead: inputs.some((input) => input.kind === 'shared' && input.id === CLOCK_ID),
      epoch: this.epoch,
      round: this.store.checkpointCount,
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
          epoch: this.epoch,
          epochStartMs: this.epochStartMs,
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
    this.#guard(() => this.#prepare({ transaction, payment, source: this.store }, inputs, false));
    const refs = ownedRefs(transaction, inputs).filter(({ id }) => {
      const object = this.store.get(id);
      return isLive(object) && object.owner.kind === 'address';
    });
    locks.acquire(digest, refs);
    locks.check(digest, refs);
    await delay(LOCK_WINDOW_MS);
    if (this.store.getTransaction(digest) === undefined) locks.check(digest, refs);
  }

  #commit(executables: readonly Executable[], timestampMs: bigint, endsEpoch = false): void {
    const { checkpointCount } = this.store;
    const previous = checkpointCount === 0n ? undefined : this.store.getCheckpoint(checkpointCount - 1n);
    const { transactions, checkpoint } = sealCheckpoint(executables, {
      previous,
      epoch: this.epoch,
      timestampMs,
      firstSequence: this.store.transactionCount,
      endsEpoch,
    });
    this.store.commit(transactions, checkpoint);
  }

  /** Turns what nobody foresaw into a refusal; nothing was committed then. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof LedgerError || error instanceof DatabaseError) throw error;
      throw new LedgerError('INTERNAL', `the ledger failed and changed nothing: ${errorText(error)}`, {
        hint: 'This is a bug of the embedded network: report the transaction.',
        cause: error,
      });
    }
  }
}

function ownedRefs(transaction: DecodedTransaction, inputs: readonly InputSource[]): ObjectRef[] {
  return [...transaction.payment, ...inputs.flatMap((input) => (input.kind === 'owned' ? [input.ref] : []))];
}
