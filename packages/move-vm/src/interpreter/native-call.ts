import type { NativeContext, NativeTable, Session } from '../api.ts';
import { VmHalt, type VmStatus } from '../errors.ts';
import type { GasMeter } from '../gas/gas-meter.ts';
import { workOf } from '../gas/work-meter.ts';
import type { FunctionCode } from '../loader/packages.ts';
import { memorySize, referenceSize, type Value } from '../values/value.ts';
import type { FunctionInstance } from './instance.ts';

/** An abort by a native: its cost is still to be paid, unlike that of other halts. */
class NativeAbort extends VmHalt {}

class NativeCall implements NativeContext {
  readonly session: Session;
  readonly extensions: unknown;
  readonly #gas: GasMeter;
  #cost = 0;

  constructor(session: Session, extensions: unknown, gas: GasMeter) {
    this.session = session;
    this.extensions = extensions;
    this.#gas = gas;
  }

  get cost(): number {
    return this.#cost;
  }

  charge(internalUnits: number): void {
    this.#cost += internalUnits;
    // Charging more than remains ends the call here, before it does more work that nobody pays for.
    if (this.#cost > this.#gas.remaining) this.#gas.charge(this.#cost);
  }

  abort(code: bigint | number): never {
    throw new NativeAbort('ABORTED', `abort ${code}`, BigInt(code));
  }

  fail(status: VmStatus, message: string): never {
    throw new VmHalt(status, message);
  }
}

/**
 * Runs a native and charges for it, apart from the Call instruction.
 * Source: order of charges in `call_native_return_values` of `move-vm-runtime/src/interpreter.rs` of IOTA.
 * @throws VmHalt as the native halts; its location is the native's own definition
 */
export function callNative(
  instance: FunctionInstance,
  args: readonly Value[],
  session: Session,
  natives: NativeTable,
  extensions: unknown,
): readonly Value[] {
  const { gas } = session;
  gas.step(1, 0, args.length, 0);
  session.work.spend(workOf.part + workOf.typePart * instance.typeParts);
  const call = new NativeCall(session, extensions, gas);
  let results: readonly Value[];
  try {
    results = findNative(instance.code, natives)(call, instance.typeArgs, args);
  } catch (error) {
    if (error instanceof NativeAbort) gas.charge(call.cost);
    throw error;
  }
  const { returns } = instance;
  if (results.length !== returns.length) {
    throw new VmHalt(
      'UNKNOWN_INVARIANT_VIOLATION_ERROR',
      `${instance.code.key} returned ${results.length} values`,
    );
  }
  let growth = 0;
  for (let i = 0; i < results.length; i++) {
    growth += returns[i]?.kind === 'reference' ? referenceSize : memorySize(results[i] as Value);
  }
  gas.step(0, results.length, 0, growth);
  gas.charge(call.cost);
  return results;
}

function findNative(code: FunctionCode, natives: NativeTable): NonNullable<FunctionCode['native']>['run'] {
  if (code.native?.table === natives) return code.native.run;
  const run = natives.get(code.key);
  if (run === undefined) {
    throw new VmHalt('FEATURE_UNDER_GATING', `the native function ${code.key} is not available here`);
  }
  code.native = { table: natives, run };
  return run;
}
