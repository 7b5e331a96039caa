/**
 * Loads a transaction's inputs and checks that it may use them; sentences as in `iota-types`: error and
 * `iota-transaction-checks`. Order of the checks as on a node: existence and version, gas, ownership, receiving.
 */
import { userInput } from './errors.ts';
import {
  AUTHENTICATOR_STATE_ID,
  CLOCK_ID,
  MAX_GAS_BUDGET,
  MAX_GAS_PRICE,
  MIN_GAS_UNITS,
  RANDOMNESS_ID,
  REFERENCE_GAS_PRICE,
} from './protocol.ts';
import { coinBalance } from './coins.ts';
import { isLive, type Entry } from './store.ts';
import type { InputSource, ObjectRef } from './transaction-data.ts';
import { isGasCoin } from './type-tags.ts';
import type { Address, Digest, LedgerObject, MoveObject, PackageObject } from './types.ts';

/** How state is read: the committed store, or an overlay of it. */
export interface ObjectSource {
  get(id: Address): Entry | undefined;
  /** True when this version of the object was received before. */
  wasReceived(id: Address, version: bigint): boolean;
}

/** A shared input that was deleted before; the transaction will execute and fail. */
export interface DeletedShared {
  readonly id: Address;
  readonly version: bigint;
  readonly mutable: boolean;
  readonly transaction: Digest;
}

export interface LoadedInputs {
  /** Move objects and packages that the transaction names, gas included, by id. */
  readonly objects: ReadonlyMap<Address, LedgerObject>;
  /** Inputs that the transaction may change; all of them get a new version. */
  readonly mutable: ReadonlyMap<Address, MoveObject>;
  readonly readOnlyShared: readonly MoveObject[];
  readonly deletedShared: readonly DeletedShared[];
  readonly receiving: readonly ObjectRef[];
  readonly gasCoins: readonly MoveObject[];
}

export interface GasTerms {
  readonly owner: Address;
  readonly price: bigint;
  readonly budget: bigint;
  readonly payment: readonly ObjectRef[];
}

const refText = (ref: ObjectRef): string => `(${ref.id}, SequenceNumber(${ref.version}), o#${ref.digest})`;

function notFound(id: Address, version: bigint | null): never {
  const text = version === null ? 'None' : `Some(SequenceNumber(${version}))`;
  throw userInput(`Could not find the referenced object ${id} at version ${text}`);
}

/** The object that a reference names in its current version. @throws LedgerError `USER_INPUT` */
function loadOwned(source: ObjectSource, ref: ObjectRef): LedgerObject {
  const entry = source.get(ref.id);
  if (entry === undefined) notFound(ref.id, ref.version);
  if (!isLive(entry)) {
    if (ref.version > entry.version) notFound(ref.id, ref.version);
    throw unavailable(ref, entry.version);
  }
  if (entry.kind === 'package') {
    throw userInput(`A move object is expected, instead a move package is passed: ${ref.id}`);
  }
  if (ref.version > entry.version) notFound(ref.id, ref.version);
  if (ref.version < entry.version) throw unavailable(ref, entry.version);
  if (ref.digest !== entry.digest) {
    throw userInput(`Invalid Object digest for object ${ref.id}. Expected digest : o#${entry.digest}`);
  }
  return entry;
}

function unavailable(ref: ObjectRef, current: bigint): Error {
  return userInput(
    `Object ${refText(ref)} is not available for consumption, its current version: SequenceNumber(${current})`,
    'Read the object again and rebuild the transaction.',
  );
}

/** Loads what inputs, commands and gas name. @throws LedgerError `USER_INPUT` */
export function loadInputs(
  source: ObjectSource,
  inputs: readonly InputSource[],
  packages: Iterable<Address>,
  payment: readonly ObjectRef[],
  options: { readonly checkReferences: boolean } = { checkReferences: true },
): LoadedInputs {
  const objects = new Map<Address, LedgerObject>();
  const mutable = new Map<Address, MoveObject>();
  const readOnlyShared: MoveObject[] = [];
  const deletedShared: DeletedShared[] = [];
  const receiving: ObjectRef[] = [];
  const gasCoins: MoveObject[] = [];
  const own = (ref: ObjectRef): MoveObject => {
    const object = options.checkReferences ? loadOwned(source, ref) : source.get(ref.id);
    if (object?.kind !== 'move') notFound(ref.id, ref.version);
    objects.set(ref.id, object);
    if (object.owner.kind !== 'immutable') mutable.set(ref.id, object);
    return object;
  };
  for (const input of inputs) {
    if (input.kind === 'owned') own(input.ref);
    else if (input.kind === 'receiving') receiving.push(input.ref);
    else if (input.kind === 'shared') {
      const entry = source.get(input.id);
      if (entry?.kind === 'move') {
        objects.set(input.id, entry);
        if (input.mutable) mutable.set(input.id, entry);
        else readOnlyShared.push(entry);
      } else if (entry?.kind === 'deleted') {
        deletedShared.push({
          id: entry.id,
          version: entry.version,
          mutable: input.mutable,
          transaction: entry.transaction,
        });
      } else notFound(input.id, null);
    }
  }
  for (const id of packages) {
    const entry = source.get(id);
    if (!isLive(entry)) throw userInput(`Dependent package not found on-chain: ${id}`);
    if (entry.kind !== 'package') {
      throw userInput(`A move package is expected, instead a move object is passed: ${id}`);
    }
    objects.set(id, entry);
  }
  for (const ref of payment) {
    if (mutable.has(ref.id)) {
      throw userInput(`Mutable object ${ref.id} cannot appear more than one in one transaction`);
    }
    gasCoins.push(own(ref));
  }
  return { objects, mutable, readOnlyShared, deletedShared, receiving, gasCoins };
}

/** Checks price, budget and coins. @throws LedgerError `USER_INPUT` */
export function checkGas(gas: GasTerms, coins: readonly MoveObject[]): void {
  if (gas.price < REFERENCE_GAS_PRICE) {
    throw userInput(`Gas price ${gas.price} under reference gas price (RGP) ${REFERENCE_GAS_PRICE}`);
  }
  if (gas.price > MAX_GAS_PRICE) throw userInput(`Gas price cannot exceed ${MAX_GAS_PRICE} nanos`);
  for (const coin of coins) {
    if (coin.owner.kind !== 'address') {
      throw userInput(`Gas object is not an owned object with owner: ${ownerDebug(coin.owner)}`);
    }
  }
  if (gas.budget > MAX_GAS_BUDGET) {
    throw userInput(`Gas budget: ${gas.budget} is higher than max: ${MAX_GAS_BUDGET}`);
  }
  const least = MIN_GAS_UNITS * gas.price;
  if (gas.budget < least) throw userInput(`Gas budget: ${gas.budget} is lower than min: ${least}`);
  let balance = 0n;
  for (const coin of coins) {
    if (!isGasCoin(coin.type)) throw userInput(`Object ${coin.id} is not a gas object`);
    balance += coinBalance(coin.contents);
  }
  if (balance < gas.budget) {
    throw userInput(
      `Balance of gas object ${balance} is lower than the needed amount: ${gas.budget}`,
      'Ask the faucet for more, or lower the gas budget.',
    );
  }
}

function ownerDebug(owner: MoveObject['owner']): string {
  switch (owner.kind) {
    case 'address':
      return `AddressOwner(${owner.address})`;
    case 'object':
      return `ObjectOwner(${owner.parent})`;
    case 'shared':
      return `Shared { initial_shared_version: SequenceNumber(${owner.initialSharedVersion}) }`;
    case 'immutable':
      return 'Immutable';
  }
}

/** Checks that each input may be used by this sender. @throws LedgerError `USER_INPUT` */
export function checkOwnership(
  loaded: LoadedInputs,
  inputs: readonly InputSource[],
  sender: Address,
  gas: GasTerms,
): void {
  if (
    inputs.every((input) => input.kind === 'pure' || input.kind === 'receiving') &&
    loaded.objects.size === 0
  ) {
    throw userInput('Wrong number of parameters for the transaction');
  }
  for (const input of inputs) {
    if (input.kind === 'owned') checkOwned(loaded.objects.get(input.ref.id), sender);
    else if (input.kind === 'shared') checkShared(loaded.objects.get(input.id), input);
  }
  for (const coin of loaded.gasCoins) checkOwned(coin, gas.owner);
}

function checkOwned(object: LedgerObject | undefined, signer: Address): void {
  if (object?.kind !== 'move') return;
  const { owner } = object;
  if (owner.kind === 'shared') throw userInput('Object used as shared is not shared');
  if (owner.kind === 'object') throw childArgument(object.id, owner.parent);
  if (owner.kind === 'address' && owner.address !== signer) {
    throw userInput(
      `Transaction was not signed by the correct sender: Object ${object.id} is owned by account address ` +
        `${owner.address}, but given owner/signer address is ${signer}`,
    );
  }
}

function childArgument(child: Address, parent: Address): Error {
  return userInput(
    `Object ${child} is owned by object ${parent}. Objects owned by other objects cannot be used as input arguments`,
  );
}

function checkShared(
  object: LedgerObject | undefined,
  input: Extract<InputSource, { kind: 'shared' }>,
): void {
  if (object === undefined) return;
  if (input.id === AUTHENTICATOR_STATE_ID) {
    throw userInput(`Object ${input.id} is a system object and cannot be accessed by user transactions`);
  }
  if (input.mutable && (input.id === CLOCK_ID || input.id === RANDOMNESS_ID)) {
    throw userInput('Mutable parameter provided, immutable parameter expected');
  }
  if (object.kind !== 'move' || object.owner.kind !== 'shared') {
    throw userInput('Object used as shared is not shared');
  }
  if (object.owner.initialSharedVersion !== input.initialVersion) {
    throw userInput('Wrong initial version given for shared object');
  }
}

/** Checks the receiving references. @throws LedgerError `USER_INPUT` */
export function checkReceiving(source: ObjectSource, loaded: LoadedInputs): void {
  const seen = new Set<Address>(loaded.objects.keys());
  for (const ref of loaded.receiving) {
    // What was received before passes here, and the receiving aborts in Move.
    if (source.wasReceived(ref.id, ref.version)) continue;
    const entry = source.get(ref.id);
    if (!isLive(entry)) notFound(ref.id, ref.version);
    checkReceivingObject(entry, ref);
    if (seen.has(ref.id)) throw userInput("The transaction inputs contain duplicated ObjectRef's");
    seen.add(ref.id);
  }
}

function checkReceivingObject(object: MoveObject | PackageObject, ref: ObjectRef): void {
  if (object.version !== ref.version) throw unavailable(ref, object.version);
  if (object.kind === 'package') {
    throw userInput(`A move object is expected, instead a move package is passed: ${ref.id}`);
  }
  if (object.digest !== ref.digest) {
    throw userInput(`Invalid Object digest for object ${ref.id}. Expected digest : o#${object.digest}`);
  }
  switch (object.owner.kind) {
    case 'address':
      return;
    case 'object':
      throw childArgument(object.id, object.owner.parent);
    case 'shared':
      throw userInput('Object used as shared is not shared');
    case 'immutable':
      throw userInput('Immutable parameter provided, mutable parameter expected');
  }
}
