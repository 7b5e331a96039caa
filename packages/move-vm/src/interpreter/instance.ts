import type { FunctionCode, LoadedPackage } from '../loader/packages.ts';
import { workOf } from '../gas/work-meter.ts';
import { countTypeNodes, type Type } from '../types.ts';
import type { Executable } from './executable.ts';

/** A function with its type arguments, linked against the linkage of one root package. */
export class FunctionInstance {
  readonly code: FunctionCode;
  readonly root: LoadedPackage;
  readonly typeArgs: readonly Type[];
  /** Closed types. */
  readonly parameters: readonly Type[];
  readonly returns: readonly Type[];
  /** Undefined for natives. */
  readonly executable: Executable | undefined;
  /** Called functions by instruction, found at the first call. */
  readonly callees: (FunctionInstance | undefined)[] = [];
  /** Element sizes by VecPack instruction, and 0 by Pack instruction whose type was found not too deep. */
  readonly checked: (number | undefined)[] = [];
  /** Nodes of the type arguments. */
  readonly typeParts: number;
  /** Work that linking takes, which a transaction pays at its first call whether or not it was linked before. */
  readonly linkWork: number;
  /** The session that called it last, by number. */
  usedBy = 0;

  constructor(
    code: FunctionCode,
    root: LoadedPackage,
    typeArgs: readonly Type[],
    parameters: readonly Type[],
    returns: readonly Type[],
    executable: Executable | undefined,
  ) {
    this.code = code;
    this.root = root;
    this.typeArgs = typeArgs;
    this.parameters = parameters;
    this.returns = returns;
    this.executable = executable;
    this.typeParts = typeArgs.reduce((parts, type) => parts + countTypeNodes(type), 0);
    const links = 1 + (executable?.linkCount ?? 0);
    this.linkWork = links * (workOf.link + workOf.typePart * this.typeParts);
  }
}
