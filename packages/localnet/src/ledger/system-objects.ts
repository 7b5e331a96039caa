/**
 * Objects of genesis that Move code makes: Random `0x8` and the deny list `0x403`, when the framework has them. Each
 * has a private `create` that the network calls once as 0x0; what it makes is what a network's own genesis has.
 *
 * Random gets one round of random bytes here and keeps it: a network renews it every few seconds. Code that draws from
 * it works, and two draws differ, because each generator mixes in a fresh id.
 */
import { errorText, type Random } from '@wotid/core';
import {
  ByteVector,
  createMoveVm,
  GasMeter,
  StructValue,
  ValueSlot,
  type NativeTable,
  type Session,
  type Value,
} from '@wotid/move-vm';
import { LedgerError } from './errors.ts';
import { ObjectRuntime, type Transfer } from './object-runtime.ts';
import { packageView } from './packages.ts';
import {
  FRAMEWORK_ADDRESS,
  GENESIS_VERSION,
  RANDOMNESS_ID,
  REFERENCE_GAS_PRICE,
  ZERO_ADDRESS,
} from './protocol.ts';
import type { Draft, PackageDraft } from './tx-state.ts';
import type { Address } from './types.ts';

/** Modules of `0x2` that make a system object. */
const makers: readonly string[] = ['random', 'deny_list'];
/** What consensus gives to a round. */
const ROUND_BYTES = 32;

export interface SystemObjectsInit {
  readonly packages: readonly PackageDraft[];
  readonly natives: NativeTable;
  readonly random: Random;
  /** 32 bytes that ids are derived from. */
  readonly idSeed: Uint8Array;
  readonly timestampMs: bigint;
}

/** @throws LedgerError `GENESIS_INVALID` when the framework's own functions fail */
export function systemObjects(init: SystemObjectsInit): Draft[] {
  const framework = init.packages.find(({ id }) => id === FRAMEWORK_ADDRESS);
  const present = makers.filter((module) => framework?.modules.has(module));
  if (present.length === 0) return [];
  try {
    return new Maker(init).make(present);
  } catch (cause) {
    throw new LedgerError(
      'GENESIS_INVALID',
      `the framework cannot make ${present.join(', ')}: ${errorText(cause)}`,
      {
        hint: 'Use a framework of the network that this one stands for.',
        cause,
      },
    );
  }
}

class Maker {
  readonly #init: SystemObjectsInit;
  readonly #runtime: ObjectRuntime;
  readonly #session: Session;
  readonly #context: ValueSlot;

  constructor(init: SystemObjectsInit) {
    this.#init = init;
    const nothing = { get: () => undefined, wasReceived: () => false };
    this.#runtime = new ObjectRuntime(nothing, new Map());
    const packages = new Map(init.packages.map((draft) => [draft.id, packageView(draft)]));
    this.#session = createMoveVm().openSession({
      resolver: { getPackage: (id) => packages.get(id) },
      natives: init.natives,
      gas: new GasMeter(Infinity),
      extensions: this.#runtime,
    });
    const seed = new ByteVector(init.idSeed.slice());
    this.#context = new ValueSlot(new StructValue([ZERO_ADDRESS, seed, 0n, init.timestampMs, 0n]));
    this.#runtime.transaction = {
      txContext: this.#context,
      sponsor: undefined,
      gasPrice: REFERENCE_GAS_PRICE,
      gasBudget: 0n,
    };
  }

  make(modules: readonly string[]): Draft[] {
    for (const module of modules) this.#call(module, 'create', []);
    const random = this.#runtime.finish(this.#session).writes.get(RANDOMNESS_ID);
    if (random !== undefined) {
      const bytes = new ByteVector(this.#init.random.bytes(ROUND_BYTES));
      this.#call('random', 'update_randomness_state', [new ValueSlot(random.value).borrow(), 0n, bytes]);
    }
    const { writes } = this.#runtime.finish(this.#session);
    return [...writes].map(([id, transfer]) => this.#draft(id, transfer));
  }

  /** Calls a function of `0x2` whose last parameter is the context. */
  #call(module: string, name: string, args: readonly Value[]): void {
    const fn = this.#session.loadFunction(FRAMEWORK_ADDRESS, module, name, []);
    this.#session.call(fn, [...args, this.#context.borrow()]);
  }

  #draft(id: Address, { owner, type, value }: Transfer): Draft {
    const tag = this.#session.tagOf(type);
    if (typeof tag === 'string' || !('struct' in tag)) throw new TypeError('only structs are objects');
    return {
      kind: 'move',
      id,
      type: tag.struct,
      contents: this.#session.encodeValue(type, value),
      owner: owner.kind === 'shared' ? { kind: 'shared', initialSharedVersion: GENESIS_VERSION } : owner,
    };
  }
}
