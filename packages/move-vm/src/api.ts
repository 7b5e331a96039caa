/** What the VM needs from its host, and what it offers: the whole public surface besides values, types and errors. */
import type { MoveVmError, VmStatus } from './errors.ts';
import type { GasMeter } from './gas/gas-meter.ts';
import type { WorkMeter } from './gas/work-meter.ts';
import type { AbilitySet, Address, StructTag, Type, TypeTag } from './types.ts';
import type { Value } from './values/value.ts';

/** One version of a published package. */
export interface PackageView {
  /** Object id of this version: where it is stored. */
  readonly id: Address;
  /** Id of the first version: the address its modules name themselves by. */
  readonly originalId: Address;
  /** Compiled modules by name. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  /** Original id of each direct and indirect dependency to the version this package runs against. */
  readonly linkage: ReadonlyMap<Address, Address>;
  /** `module::Datatype` to the version that introduced it; all datatypes of `modules` are here. */
  readonly typeOrigins: ReadonlyMap<string, Address>;
}

/** Where packages are stored. A package never changes under its id, so that the VM may keep what it parsed. */
export interface PackageResolver {
  /** The package with object id `storageId`; undefined when there is none. */
  getPackage(storageId: Address): PackageView | undefined;
}

/**
 * What a native function may do besides computing. Natives end a call with {@link NativeContext.abort} or
 * {@link NativeContext.fail}, both of which throw; they never catch what these throw.
 */
export interface NativeContext {
  /** The host's own object, as given to {@link MoveVm.openSession}. */
  readonly extensions: unknown;
  readonly session: Session;
  /**
   * Adds to the cost of this call, which is paid when it returns or aborts. When more was added than remains, the
   * transaction is out of gas at once.
   * @param internalUnits a non-negative integer; 1000 of them are one gas unit
   */
  charge(internalUnits: number): void;
  /** Ends the call as Move's `abort`, located in the native's own definition. */
  abort(code: bigint | number): never;
  /** Ends the call with a VM status, for example VM_EXTENSION_ERROR or MEMORY_LIMIT_EXCEEDED. */
  fail(status: VmStatus, message: string): never;
}

/**
 * A function declared `native` in Move. Arguments are owned by it; an argument of a reference type is a reference (see
 * `peekRef`, `readRef`, `writeRef`). Every returned value must be of the declared type: natives are trusted.
 */
export type NativeFunction = (
  context: NativeContext,
  typeArgs: readonly Type[],
  args: readonly Value[],
) => readonly Value[];

/** Natives by `<0x + 64 hex digits of the original package id>::module::function`. */
export type NativeTable = ReadonlyMap<string, NativeFunction>;

/** Who may call a function from Move code. */
export type Visibility = 'private' | 'friend' | 'public';

/** A function, linked against the packages of its own package's linkage, with its type arguments put in. */
export interface LoadedFunction {
  readonly storageId: Address;
  readonly originalId: Address;
  readonly module: string;
  readonly name: string;
  /** Index of its definition in the module. */
  readonly index: number;
  readonly visibility: Visibility;
  readonly isEntry: boolean;
  readonly isNative: boolean;
  /** What each type argument must be able to. */
  readonly typeParameters: readonly AbilitySet[];
  readonly typeArgs: readonly Type[];
  /** Closed types; references only here and in `returns`, never inside another type. */
  readonly parameters: readonly Type[];
  readonly returns: readonly Type[];
}

/** A name and a closed type. */
export interface NamedLayout {
  readonly name: string;
  readonly type: TypeTag;
}

/** Names and types of a struct's fields or an enum's variants, with the type arguments put in. */
export type DatatypeLayout =
  | { readonly kind: 'struct'; readonly type: StructTag; readonly fields: readonly NamedLayout[] }
  | {
      readonly kind: 'enum';
      readonly type: StructTag;
      readonly variants: readonly { readonly name: string; readonly fields: readonly NamedLayout[] }[];
    };

/** A type as a module spells it: with type parameters, and datatypes by the ORIGINAL id of their package. */
export type SignatureType =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'u128'
  | 'u256'
  | 'address'
  | 'signer'
  | { readonly vector: SignatureType }
  | { readonly reference: SignatureType; readonly mutable: boolean }
  | { readonly typeParameter: number }
  | {
      readonly datatype: {
        readonly address: Address;
        readonly module: string;
        readonly name: string;
        readonly typeArgs: readonly SignatureType[];
      };
    };

/** A module's declarations, read from its bytes alone. Lists are in the order of the definitions. */
export interface ModuleInfo {
  /** 6 or 7. */
  readonly version: number;
  /** The address the module names itself by. */
  readonly address: Address;
  readonly name: string;
  readonly friends: readonly { readonly address: Address; readonly name: string }[];
  /** Modules it refers to, itself not included. */
  readonly dependencies: readonly { readonly address: Address; readonly name: string }[];
  readonly functions: readonly {
    readonly name: string;
    readonly visibility: Visibility;
    readonly isEntry: boolean;
    readonly isNative: boolean;
    readonly typeParameters: readonly AbilitySet[];
    readonly parameters: readonly SignatureType[];
    readonly returns: readonly SignatureType[];
  }[];
  readonly structs: readonly DatatypeInfo<{ readonly fields: readonly FieldInfo[] }>[];
  readonly enums: readonly DatatypeInfo<{
    readonly variants: readonly { readonly name: string; readonly fields: readonly FieldInfo[] }[];
  }>[];
}

/** A field of {@link ModuleInfo}. */
export interface FieldInfo {
  readonly name: string;
  readonly type: SignatureType;
}

/** A struct or an enum of {@link ModuleInfo}. */
export type DatatypeInfo<Body> = {
  readonly name: string;
  readonly abilities: AbilitySet;
  readonly typeParameters: readonly { readonly constraints: AbilitySet; readonly phantom: boolean }[];
} & Body;

/** What publication needs to know about a module that passed the checks. */
export interface PublishedModule {
  readonly name: string;
  /** The module's `init`, which the host calls once; null when there is none. */
  readonly init: {
    /** True when its first parameter is the one-time witness: pass a struct with the one field `true`. */
    readonly takesOneTimeWitness: boolean;
  } | null;
  /** Name of its one-time witness struct; null when it has none. */
  readonly oneTimeWitness: string | null;
}

/** What {@link MoveVm.checkPublish} found out. */
export interface PublishFacts {
  /** In the order of `view.modules`. */
  readonly modules: readonly PublishedModule[];
  /** Original ids of the packages that the modules refer to, ascending; the package itself is not among them. */
  readonly dependencies: readonly Address[];
}

/** Settings of {@link MoveVm.openSession}. */
export interface SessionInit {
  readonly resolver: PackageResolver;
  readonly natives: NativeTable;
  readonly gas: GasMeter;
  /** Default: `maxWork` units, or as many as you like when gas is not limited either. */
  readonly work?: WorkMeter;
  /** Given to natives as it is. */
  readonly extensions?: unknown;
}

/**
 * The VM during one transaction. Everything throws {@link MoveVmError}; what was done to values before is not undone,
 * so the host throws the transaction's values away. A session must not be used from inside a native to call functions.
 */
export interface Session {
  readonly gas: GasMeter;
  /** Natives spend from it what their price does not cover. */
  readonly work: WorkMeter;
  /** Makes a package known that is not stored yet, so that its `init` can run. It was checked by `checkPublish`. */
  addPackage(view: PackageView): void;
  /**
   * Finds a function and puts in its type arguments.
   * @param storageId id of the package version whose code and linkage are used
   * @throws MoveVmError TYPE_ARGUMENT_ERROR or TYPE_ARITY_MISMATCH for a type argument that is none by itself;
   *   FUNCTION_NOT_FOUND; VM_VERIFICATION_OR_DESERIALIZATION_ERROR when the arguments do not fit the function, or for
   *   what loading finds wrong
   */
  loadFunction(
    storageId: Address,
    module: string,
    name: string,
    typeArgs: readonly TypeTag[],
  ): LoadedFunction;
  /**
   * Runs a function, whatever its visibility: the host has checked who may call it.
   * @param args one for each parameter, of exactly its type; taken over. Pass `slot.borrow()` for references.
   * @returns the returned values, owned by the caller
   */
  call(fn: LoadedFunction, args: readonly Value[]): Value[];
  /** From now on code's writes through references are remembered, for {@link Session.wasWritten}. */
  trackWrites(): void;
  /**
   * True when code wrote to the value or a part of it since {@link Session.trackWrites}, also what was there before. A
   * session that wrote to more than 65,536 places answers true for every value.
   */
  wasWritten(value: Value): boolean;
  /**
   * Resolves a type. Any version of its package that has the type will do, as on a node.
   * @throws MoveVmError VM_INVARIANT_VIOLATION when the type does not exist,
   *   VM_VERIFICATION_OR_DESERIALIZATION_ERROR when its module does not, or when it is ill-formed
   */
  typeOf(tag: TypeTag): Type;
  /** The name of a closed type that is no reference, with defining ids. */
  tagOf(type: Type): TypeTag;
  /** As `tagOf`, but with the ids of the first version of each package. */
  originalTagOf(type: Type): TypeTag;
  /** @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR for a type with too many fields to have an encoding */
  checkLayout(type: Type): void;
  /** What a closed type is able to. */
  abilitiesOf(type: Type): AbilitySet;
  /**
   * BCS of a value.
   * @throws MoveVmError VM_INVARIANT_VIOLATION when it is not of that type
   * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit of work; natives let it pass
   */
  encodeValue(type: Type, value: Value): Uint8Array<ArrayBuffer>;
  /**
   * The value of BCS bytes; strict: nothing may be left over and there is one encoding only.
   * @returns undefined when `bytes` are not of that type (never throws for bad bytes)
   * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit of work
   */
  decodeValue(type: Type, bytes: Uint8Array): Value | undefined;
  /** Names and types of a datatype's fields. @throws MoveVmError as `typeOf` */
  layoutOf(tag: StructTag): DatatypeLayout;
}

/** The VM. It keeps parsed packages from one session to the next and nothing else. */
export interface MoveVm {
  openSession(init: SessionInit): Session;
  /**
   * Checks a package that is to be published or upgraded: format, limits, linking, visibility, types and abilities of
   * all code, datatypes, `init`, one-time witness. Its modules must already name themselves by `view.originalId` (see
   * `substituteSelfAddress`), and `view.linkage` must have all dependencies.
   * @param natives those that the package may declare; none for a user's package
   * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR mostly, saying what and where
   */
  checkPublish(view: PackageView, resolver: PackageResolver, natives?: NativeTable): PublishFacts;
}

export type { MoveVmError };
