/** What the commands of one programmable transaction share. */
import {
  StructValue,
  ValueSlot,
  type LoadedFunction,
  type MoveVm,
  type PackageResolver,
  type Session,
} from '@wotid/move-vm';
import { deriveId } from '../hashing.ts';
import type { GasCharger } from '../gas-charger.ts';
import type { ObjectRuntime } from '../object-runtime.ts';
import type { ArgumentValue } from '../transaction-data.ts';
import type { EmittedEvent, PackageDraft } from '../tx-state.ts';
import type { Address, TypeTag } from '../types.ts';
import type { Arguments } from './arguments.ts';
import type { ObjectValue, PtbValue } from './values.ts';
import { receivingValue } from './values.ts';

/** Index of `ids_created` in `0x2::tx_context::TxContext`. */
const IDS_CREATED = 4;

/** An argument's value after a command changed it, for dev inspect. */
export type ArgumentUpdate = readonly [ArgumentValue, Uint8Array, TypeTag];

export interface PtbContextInit {
  readonly vm: MoveVm;
  readonly session: Session;
  readonly resolver: PackageResolver;
  readonly runtime: ObjectRuntime;
  readonly arguments: Arguments;
  readonly charger: GasCharger;
  readonly txContext: ValueSlot;
  readonly digestBytes: Uint8Array;
  readonly isInspection: boolean;
}

export class PtbContext {
  readonly vm: MoveVm;
  readonly session: Session;
  readonly resolver: PackageResolver;
  readonly runtime: ObjectRuntime;
  readonly arguments: Arguments;
  readonly charger: GasCharger;
  /** `TxContext` as Move code sees it; `ids_created` grows in it. */
  readonly txContext: ValueSlot;
  readonly isInspection: boolean;
  readonly transfers: { readonly recipient: Address; readonly object: ObjectValue }[] = [];
  readonly packages: PackageDraft[] = [];
  readonly events: EmittedEvent[] = [];
  /** Arguments changed by the command that runs. */
  updates: ArgumentUpdate[] = [];
  readonly #digestBytes: Uint8Array;

  constructor(init: PtbContextInit) {
    this.vm = init.vm;
    this.session = init.session;
    this.resolver = init.resolver;
    this.runtime = init.runtime;
    this.arguments = init.arguments;
    this.charger = init.charger;
    this.txContext = init.txContext;
    this.isInspection = init.isInspection;
    this.#digestBytes = init.digestBytes;
  }

  /** The next id of this transaction; recorded as new unless it is a package's. */
  freshId(isObject = true): Address {
    const fields = (this.txContext.peek() as StructValue).fields;
    const index = fields[IDS_CREATED] as bigint;
    fields[IDS_CREATED] = index + 1n;
    const id = deriveId(this.#digestBytes, index);
    if (isObject) this.runtime.newId(id);
    return id;
  }

  /** Puts a borrowed argument back. */
  restore(argument: ArgumentValue, value: PtbValue): void {
    if (this.isInspection) this.updates.push([argument, ...this.bytesAndTag(value)]);
    this.arguments.restore(argument, value);
  }

  /** Files the events of a call under the function's own module. */
  takeEvents(fn: Pick<LoadedFunction, 'originalId' | 'module'>): void {
    for (const { type, contents } of this.runtime.takeEvents()) {
      this.events.push({ packageId: fn.originalId, module: fn.module, type, contents });
    }
  }

  /** BCS and type of a value, as dev inspect shows them. */
  bytesAndTag(value: PtbValue): [Uint8Array, TypeTag] {
    switch (value.kind) {
      case 'pure':
        return [value.bytes, { vector: 'u8' }];
      case 'receiving': {
        const type = value.type;
        if (type === undefined) return [new Uint8Array(), { vector: 'u8' }];
        return [
          this.session.encodeValue(type, receivingValue(value.id, value.version)),
          this.session.tagOf(type),
        ];
      }
      case 'stored':
        return [value.object.contents, { struct: value.object.type }];
      default:
        return [this.session.encodeValue(value.type, value.value), this.session.tagOf(value.type)];
    }
  }
}
