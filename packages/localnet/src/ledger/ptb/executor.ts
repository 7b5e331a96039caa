/** Runs the commands of a programmable transaction and collects what they changed. */
import {
  ByteVector,
  MoveVmError,
  StructValue,
  ValueSlot,
  VmHalt,
  withoutLocation,
  type MoveVm,
  type NativeTable,
  type Session,
} from '@wotid/move-vm';
import { errorText } from '@wotid/core';
import { coinBalance, coinContents, MAX_COIN_BALANCE } from '../coins.ts';
import { ExecutionFailure } from '../failure.ts';
import type { GasCharger } from '../gas-charger.ts';
import { digestBytes } from '../hashing.ts';
import type { ObjectSource } from '../input-check.ts';
import { ObjectRuntime, objectIdOf } from '../object-runtime.ts';
import { packageView } from '../packages.ts';
import { MAX_OBJECT_BYTES } from '../protocol.ts';
import { isLive } from '../store.ts';
import type { CommandValue, InputSource } from '../transaction-data.ts';
import {
  toMoveDraft,
  type Draft,
  type ExecutionWrites,
  type MoveDraft,
  type TransactionState,
} from '../tx-state.ts';
import type { Address, Digest, InspectedCommand, MoveObject, Owner, PackageObject } from '../types.ts';
import { Arguments, newSlot, type Slot } from './arguments.ts';
import { makeMoveVec, mergeCoins, splitCoins, transferObjects } from './coin-commands.ts';
import { PtbContext } from './context.ts';
import { moveCall } from './move-call.ts';
import { publish } from './publish.ts';
import { upgrade } from './upgrade.ts';
import { has, type PtbValue } from './values.ts';
import { vmFailure } from './vm-failure.ts';
import { parseType } from '../validity.ts';

export interface ExecutorInit {
  readonly vm: MoveVm;
  readonly natives: NativeTable;
  readonly source: ObjectSource;
}

export interface PtbInit {
  readonly digest: Digest;
  readonly sender: Address;
  readonly epoch: bigint;
  readonly epochStartMs: bigint;
  readonly inputs: readonly InputSource[];
  readonly commands: readonly CommandValue[];
  readonly state: TransactionState;
  readonly charger: GasCharger;
  /** Dev inspect: any function, any value, leftovers allowed, results kept. */
  readonly isInspection: boolean;
}

export interface PtbOutcome {
  readonly failure: { readonly reason: ExecutionFailure; readonly command: number | null } | undefined;
  readonly inspected: readonly InspectedCommand[];
}

/** Runs all commands; what they changed is recorded in `init.state`, nothing when they fail. Never throws. */
export function runProgrammable(host: ExecutorInit, init: PtbInit): PtbOutcome {
  const inspected: InspectedCommand[] = [];
  let runtime: ObjectRuntime | undefined;
  let command: number | null = null;
  try {
    runtime = new ObjectRuntime(host.source, inputOwners(init.state));
    const context = openContext(host, init, runtime);
    for (const [index, value] of init.commands.entries()) {
      command = index;
      const results = runCommand(context, host.source, value);
      if (init.isInspection) {
        inspected.push({
          returnValues: results.map((result) => context.bytesAndTag(result)),
          mutableReferenceOutputs: context.updates,
        });
        context.updates = [];
      }
      context.arguments.push(results);
    }
    command = null;
    init.state.record(finish(context, host.source, init));
    return { failure: undefined, inspected };
  } catch (error) {
    return { failure: { reason: asFailure(error), command }, inspected };
  } finally {
    for (const [id, object] of runtime?.loaded() ?? []) init.state.loaded.set(id, object);
  }
}

/** Anything thrown while commands run fails the transaction; what nobody foresaw is our bug, and only that one's. */
export function asFailure(error: unknown): ExecutionFailure {
  if (error instanceof ExecutionFailure) return error;
  if (error instanceof MoveVmError) return vmFailure(error);
  if (error instanceof VmHalt) {
    try {
      withoutLocation(() => {
        throw error;
      });
    } catch (located) {
      if (located instanceof MoveVmError) return vmFailure(located);
    }
  }
  return new ExecutionFailure('InvariantViolation', errorText(error));
}

function inputOwners(state: TransactionState): ReadonlyMap<Address, Owner> {
  const owners = new Map<Address, Owner>();
  for (const object of state.inputs.objects.values()) owners.set(object.id, object.owner);
  return owners;
}

function openContext(host: ExecutorInit, init: PtbInit, runtime: ObjectRuntime): PtbContext {
  const { state, charger } = init;
  const resolver = {
    getPackage: (id: Address) => {
      const entry = host.source.get(id);
      return entry?.kind === 'package' ? packageView(entry) : undefined;
    },
  };
  const session = host.vm.openSession({
    resolver,
    natives: host.natives,
    gas: charger.meter,
    extensions: runtime,
  });
  const bytes = digestBytes(init.digest);
  const txContext = new ValueSlot(
    new StructValue([init.sender, new ByteVector(bytes.slice()), init.epoch, init.epochStartMs, 0n]),
  );
  runtime.transaction = {
    txContext,
    sponsor: sponsorOf(init),
    gasPrice: charger.price,
    gasBudget: charger.budget,
  };
  return new PtbContext({
    vm: host.vm,
    session,
    resolver,
    runtime,
    arguments: new Arguments(
      session,
      init.inputs.map((input) => inputSlot(input, state)),
      gasSlot(state, charger),
      charger.budget,
      init.isInspection,
    ),
    charger,
    txContext,
    digestBytes: bytes,
    isInspection: init.isInspection,
  });
}

/** The owner of the gas coin, unless that is the sender. */
function sponsorOf({ charger, sender, state }: PtbInit): Address | undefined {
  const owner = charger.coinId === undefined ? undefined : state.inputs.objects.get(charger.coinId)?.owner;
  return owner?.kind === 'address' && owner.address !== sender ? owner.address : undefined;
}

function inputSlot(input: InputSource, state: TransactionState): Slot {
  if (input.kind === 'pure') return newSlot({ kind: 'pure', bytes: input.bytes });
  if (input.kind === 'receiving') {
    return newSlot({ kind: 'receiving', id: input.ref.id, version: input.ref.version, type: undefined });
  }
  const id = input.kind === 'owned' ? input.ref.id : input.id;
  const object = state.inputs.objects.get(id);
  if (object?.kind !== 'move') throw new ExecutionFailure('InvariantViolation', `input ${id} is not loaded`);
  return newSlot({ kind: 'stored', object }, { object, mutable: state.inputs.mutable.has(id) });
}

/** The first gas coin, with the others already merged into it. */
function gasSlot(state: TransactionState, charger: GasCharger): Slot {
  if (charger.coinId === undefined) return newSlot(undefined);
  const stored = state.inputs.mutable.get(charger.coinId);
  const merged = state.current(charger.coinId);
  if (stored === undefined || merged?.kind !== 'move') {
    throw new ExecutionFailure('InvariantViolation', 'the gas coin is not loaded');
  }
  const object: MoveObject = { ...stored, contents: merged.contents };
  return newSlot({ kind: 'stored', object }, { object, mutable: true });
}

function runCommand(context: PtbContext, source: ObjectSource, command: CommandValue): PtbValue[] {
  if (command.MoveCall !== undefined) {
    const { package: id, module, function: name, typeArguments, arguments: args } = command.MoveCall;
    const fn = context.session.loadFunction(id, module, name, typeArguments.map(parseType));
    return moveCall(context, fn, args, undefined);
  }
  if (command.TransferObjects !== undefined) return transferObjects(context, command.TransferObjects);
  if (command.SplitCoins !== undefined) return splitCoins(context, command.SplitCoins);
  if (command.MergeCoins !== undefined) return mergeCoins(context, command.MergeCoins);
  if (command.MakeMoveVec !== undefined) return makeMoveVec(context, command.MakeMoveVec);
  const getPackageObject = (id: Address): PackageObject | undefined => {
    const entry = source.get(id);
    return entry?.kind === 'package' ? entry : undefined;
  };
  if (command.Publish !== undefined) return publish(context, { getPackageObject }, command.Publish);
  return upgrade(context, { getPackageObject }, command.Upgrade);
}

/** Everything written, with leftovers and shared objects checked. */
function finish(context: PtbContext, source: ObjectSource, init: PtbInit): ExecutionWrites {
  const { arguments: args, session, charger } = context;
  const written = new Map<Address, Draft>();
  const modified = new Set<Address>();
  const takenShared: Address[] = [];
  for (const slot of [...args.inputs, args.gas]) {
    if (slot.input?.mutable !== true) continue;
    const { object } = slot.input;
    modified.add(object.id);
    if (slot.value === undefined) {
      if (object.owner.kind === 'shared') takenShared.push(object.id);
    } else written.set(object.id, draftOf(session, slot.value, object.owner));
  }
  if (!context.isInspection) checkLeftovers(args.results);
  for (const { recipient, object } of context.transfers) {
    const draft = draftOf(session, object, { kind: 'address', address: recipient });
    written.set(draft.id, draft);
  }
  if (charger.coinId !== undefined) refundBudget(written, args.gas, charger);
  const results = context.runtime.finish(session);
  for (const id of results.modified) modified.add(id);
  const created = new Set(results.created);
  for (const draft of context.packages) {
    created.add(draft.id);
    written.set(draft.id, draft);
  }
  for (const [id, { owner, type, value }] of results.writes) {
    written.set(id, draftOf(session, { kind: 'object', type, abilities: 0, touched: false, value }, owner));
  }
  for (const [id, draft] of written) {
    if (results.loaded.has(id)) modified.add(id);
    const objectSize = draft.kind === 'move' ? draft.contents.length : 0;
    if (objectSize > MAX_OBJECT_BYTES) {
      throw new ExecutionFailure({ MoveObjectTooBig: { objectSize, maxObjectSize: MAX_OBJECT_BYTES } });
    }
  }
  for (const id of takenShared) checkTakenShared(id, written.get(id), results.deleted);
  const { deleted, loaded } = results;
  checkConsistency(init.state, source, { written, modified, created, deleted, loaded });
  return { written, modified, created, deleted, events: context.events };
}

function draftOf(session: Session, value: PtbValue, owner: Owner): MoveDraft {
  if (value.kind === 'stored') return { ...toMoveDraft(value.object), owner };
  if (value.kind !== 'object') throw new ExecutionFailure('InvariantViolation', 'only objects are written');
  const tag = session.tagOf(value.type);
  if (typeof tag === 'string' || !('struct' in tag)) {
    throw new ExecutionFailure('InvariantViolation', 'only structs are objects');
  }
  const contents = session.encodeValue(value.type, value.value);
  return { kind: 'move', id: objectIdOf(value.value), type: tag.struct, contents, owner };
}

/** What commands returned must be used up, or be droppable. */
function checkLeftovers(results: readonly (readonly Slot[])[]): void {
  for (const [resultIdx, slots] of results.entries()) {
    for (const [secondaryIdx, { value, lastUsage }] of slots.entries()) {
      if (value === undefined || value.kind === 'pure' || value.kind === 'receiving') continue;
      if (value.kind === 'raw') {
        if (has(value.abilities, 'drop')) continue;
        if (has(value.abilities, 'copy') && lastUsage === 'value') continue;
      }
      throw new ExecutionFailure({ UnusedValueWithoutDrop: { resultIdx, secondaryIdx } });
    }
  }
}

/** Gives the gas coin back the budget that commands did not see. */
function refundBudget(written: Map<Address, Draft>, gas: Slot, charger: GasCharger): void {
  const id = charger.coinId as Address;
  const draft = written.get(id);
  if (draft?.kind !== 'move') throw new ExecutionFailure('InvariantViolation', 'the gas coin was destroyed');
  // A coin that no command looked at still has its whole balance.
  if (gas.value?.kind === 'stored') return;
  const balance = coinBalance(draft.contents) + charger.budget;
  if (balance > MAX_COIN_BALANCE) throw new ExecutionFailure('CoinBalanceOverflow');
  written.set(id, { ...draft, contents: coinContents(id, balance) });
}

/** A shared object taken by value must be shared again or deleted. */
function checkTakenShared(id: Address, draft: Draft | undefined, deleted: ReadonlySet<Address>): void {
  const shared = draft?.kind === 'move' && draft.owner.kind === 'shared';
  if (!shared && (draft !== undefined || !deleted.has(id))) {
    throw new ExecutionFailure(
      'SharedObjectOperationNotAllowed',
      `${id} cannot be frozen, transferred or wrapped`,
    );
  }
}

/** What must hold whatever the bytecode did; a breach fails the transaction before anything is written. */
function checkConsistency(
  state: TransactionState,
  source: ObjectSource,
  changes: Omit<ExecutionWrites, 'events'> & { readonly loaded: ReadonlyMap<Address, MoveObject> },
): void {
  const broken = (message: string): never => {
    throw new ExecutionFailure('InvariantViolation', message);
  };
  for (const id of changes.created) {
    // A dynamic field that was removed before comes back under its old id.
    if (changes.deleted.has(id) || changes.modified.has(id) || isLive(source.get(id))) {
      broken(`new id ${id} was there before`);
    }
  }
  for (const id of changes.modified) {
    if (!state.inputs.mutable.has(id) && !changes.loaded.has(id)) broken(`${id} was changed without access`);
  }
  for (const id of changes.written.keys()) {
    if (changes.deleted.has(id)) broken(`${id} is both written and deleted`);
    if (!changes.created.has(id) && !changes.modified.has(id) && isLive(source.get(id))) {
      broken(`${id} was written without access`);
    }
  }
  for (const id of changes.deleted) {
    if (!changes.modified.has(id) && isLive(source.get(id))) broken(`${id} was deleted without access`);
  }
}
