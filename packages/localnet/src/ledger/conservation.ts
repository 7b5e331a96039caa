/**
 * No transaction makes or destroys IOTA: what the changed objects held before, in balances and rebates, they hold
 * afterwards or it was paid for computation (`iota-adapter`: temporary_store).
 */
import {
  ElementVector,
  GasMeter,
  StructValue,
  VariantValue,
  type MoveVm,
  type NativeTable,
  type Session,
  type Type,
  type Value,
} from '@wotid/move-vm';
import { coinBalance } from './coins.ts';
import { LedgerError } from './errors.ts';
import type { GasSummary } from './gas-charger.ts';
import type { ObjectSource } from './input-check.ts';
import { packageView } from './packages.ts';
import { FRAMEWORK_ADDRESS } from './protocol.ts';
import { isCoin, isGasCoin, structTagText } from './type-tags.ts';
import type { Address, LedgerObject, PackageObject } from './types.ts';

/** Types known to hold no IOTA; few, and bounded against a stranger who publishes many. */
const MAX_REMEMBERED_TYPES = 10_000;

/** A session that only reads, unmetered; packages of a transaction under way come first. */
export function readingSession(
  vm: MoveVm,
  natives: NativeTable,
  source: ObjectSource,
  fresh: ReadonlyMap<Address, PackageObject> = new Map(),
): Session {
  const getPackage = (id: Address): ReturnType<typeof packageView> | undefined => {
    const entry = fresh.get(id) ?? source.get(id);
    return entry?.kind === 'package' ? packageView(entry) : undefined;
  };
  return vm.openSession({ resolver: { getPackage }, natives, gas: new GasMeter(Infinity) });
}

export class ConservationCheck {
  readonly #vm: MoveVm;
  readonly #natives: NativeTable;
  readonly #empty: Set<string> = new Set();

  constructor(vm: MoveVm, natives: NativeTable) {
    this.#vm = vm;
    this.#natives = natives;
  }

  /** @throws LedgerError `CONSERVATION_VIOLATED` */
  assert(
    source: ObjectSource,
    before: readonly LedgerObject[],
    after: readonly LedgerObject[],
    gas: GasSummary,
  ): void {
    let session: Session | undefined;
    const open = (): Session => {
      const fresh = after
        .filter((object) => object.kind === 'package')
        .map((object) => [object.id, object] as const);
      session ??= readingSession(this.#vm, this.#natives, source, new Map(fresh));
      return session;
    };
    const total = (objects: readonly LedgerObject[]): bigint =>
      objects.reduce((sum, object) => sum + object.storageRebate + this.#held(object, open), 0n);
    const inputs = total(before);
    const outputs = total(after) + gas.computation;
    if (inputs !== outputs) {
      throw new LedgerError(
        'CONSERVATION_VIOLATED',
        `this transaction would turn ${inputs} NANOS into ${outputs}; it was refused`,
        { hint: 'This is a bug of the embedded network: report the transaction.', data: { inputs, outputs } },
      );
    }
  }

  /** NANOS in the balances inside an object. */
  #held(object: LedgerObject, open: () => Session): bigint {
    if (object.kind === 'package') return 0n;
    if (isGasCoin(object.type)) return coinBalance(object.contents);
    if (isCoin(object.type)) return 0n;
    const name = structTagText(object.type);
    if (this.#empty.has(name)) return 0n;
    const session = open();
    const type = session.typeOf({ struct: object.type });
    if (!mayHoldIota(type)) {
      if (this.#empty.size >= MAX_REMEMBERED_TYPES) this.#empty.clear();
      this.#empty.add(name);
      return 0n;
    }
    const value = session.decodeValue(type, object.contents);
    if (value === undefined) {
      throw new LedgerError('INTERNAL', `object ${object.id} does not decode as its type ${name}`);
    }
    return iotaIn(type, value);
  }
}

function isIotaBalance(type: Type): boolean {
  if (type.kind !== 'datatype' || type.datatype.key !== `${FRAMEWORK_ADDRESS}::balance::Balance`)
    return false;
  const [currency] = type.typeArgs;
  return currency?.kind === 'datatype' && currency.datatype.key === `${FRAMEWORK_ADDRESS}::iota::IOTA`;
}

/** Puts type arguments in. Fields speak of their datatype's parameters. */
function substitute(type: Type, args: readonly Type[]): Type {
  switch (type.kind) {
    case 'typeParameter':
      return args[type.index] ?? type;
    case 'vector':
      return { kind: 'vector', element: substitute(type.element, args) };
    case 'datatype':
      return type.typeArgs.length === 0
        ? type
        : { ...type, typeArgs: type.typeArgs.map((arg) => substitute(arg, args)) };
    default:
      return type;
  }
}

function mayHoldIota(type: Type): boolean {
  if (isIotaBalance(type)) return true;
  if (type.kind === 'vector') return mayHoldIota(type.element);
  if (type.kind !== 'datatype') return false;
  return type.datatype.variants.some(({ fields }) =>
    fields.some((field) => mayHoldIota(substitute(field.type, type.typeArgs))),
  );
}

function iotaIn(type: Type, value: Value): bigint {
  if (type.kind === 'vector') {
    if (!(value instanceof ElementVector) || !mayHoldIota(type.element)) return 0n;
    return value.items.reduce<bigint>((sum, item) => sum + iotaIn(type.element, item), 0n);
  }
  if (type.kind !== 'datatype' || !(value instanceof StructValue || value instanceof VariantValue)) return 0n;
  if (isIotaBalance(type)) return typeof value.fields[0] === 'bigint' ? value.fields[0] : 0n;
  const variant = type.datatype.variants[value instanceof VariantValue ? value.tag : 0];
  let sum = 0n;
  for (const [index, field] of (variant?.fields ?? []).entries()) {
    sum += iotaIn(substitute(field.type, type.typeArgs), value.fields[index] as Value);
  }
  return sum;
}
