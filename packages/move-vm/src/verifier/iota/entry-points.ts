import type { CompiledModule, Token } from '../../binary/format.ts';
import { abilitiesOf } from '../../loader/abilities.ts';
import type { Loader } from '../../loader/loader.ts';
import type { LoadedModule } from '../../loader/packages.ts';
import { ability, type AbilitySet, type Type } from '../../types.ts';
import {
  datatypeName,
  frameworkAddress,
  isTxContextReference,
  refusal,
  stdAddress,
  tokenText,
} from './names.ts';

/** Structs that a transaction passes as plain bytes. */
const pureStructs: ReadonlySet<string> = new Set([
  `${frameworkAddress}::object::ID`,
  `${stdAddress}::ascii::String`,
  `${stdAddress}::string::String`,
]);
const option = `${stdAddress}::option::Option`;
const receiving = `${frameworkAddress}::transfer::Receiving`;
/** Objects of the network, which transactions only read. */
const readOnly: ReadonlySet<string> = new Set([
  `${frameworkAddress}::clock::Clock`,
  `${frameworkAddress}::random::Random`,
]);

/**
 * Checks that a transaction can call each `entry` function: what it takes can be passed, what it returns be ignored.
 * Source: `iota-verifier/src/entry_points_verifier.rs` of IOTA. `init` is checked on its own.
 * @throws VmHalt IOTA_MOVE_VERIFICATION_ERROR
 */
export function checkEntryPoints(loader: Loader, module: LoadedModule): void {
  const { compiled } = module;
  for (const { name, def, handle, typeParameters } of module.functions) {
    if (!def.isEntry || name === 'init') continue;
    const where = `${module.name}::${name}`;
    const tokens = compiled.signatures[handle.parameters] ?? [];
    const types = loader.signature(module, handle.parameters);
    const last = types.at(-1);
    const count = last !== undefined && isTxContextReference(last) ? types.length - 1 : types.length;
    for (const [index, token] of tokens.slice(0, count).entries()) {
      if (isReadOnlyTaken(compiled, token)) {
        throw refusal(
          `${where} takes ${tokenText(compiled, token)}, which can only be passed by & reference`,
        );
      }
      const type = types[index] as Type;
      const isPassable =
        isPure(compiled, token, typeParameters) ||
        isObject(withoutReferences(type), typeParameters) ||
        (type.kind === 'vector' && isObject(type.element, typeParameters)) ||
        isReceiving(compiled, token);
      if (!isPassable) {
        throw refusal(
          `${where} takes ${tokenText(compiled, token)}, which is neither plain data nor an object`,
        );
      }
    }
    for (const type of loader.signature(module, handle.returns)) {
      if (type.kind === 'reference') throw refusal(`${where} returns a reference`);
      if ((abilitiesOf(type, typeParameters) & ability.drop) === 0) {
        throw refusal(`${where} returns what lacks drop`);
      }
    }
  }
}

function isReadOnlyTaken(module: CompiledModule, token: Token): boolean {
  if (token.kind === 'reference') return token.mutable && isReadOnlyTaken(module, token.to);
  return token.kind === 'datatype' && readOnly.has(datatypeName(module, token.handle));
}

function isPure(module: CompiledModule, token: Token, typeParameters: readonly AbilitySet[]): boolean {
  switch (token.kind) {
    case 'vector':
      return isPure(module, token.element, typeParameters);
    case 'typeParameter':
      return ((typeParameters[token.index] ?? 0) & ability.key) === 0;
    case 'datatype': {
      const name = datatypeName(module, token.handle);
      const [inner] = token.typeArgs;
      if (inner === undefined) return pureStructs.has(name);
      return name === option && isPure(module, inner, typeParameters);
    }
    case 'signer':
    case 'reference':
      return false;
    default:
      return true;
  }
}

function withoutReferences(type: Type): Type {
  return type.kind === 'reference' ? withoutReferences(type.to) : type;
}

function isObject(type: Type, typeParameters: readonly AbilitySet[]): boolean {
  if (type.kind !== 'datatype' && type.kind !== 'typeParameter') return false;
  return (abilitiesOf(type, typeParameters) & ability.key) !== 0;
}

function isReceiving(module: CompiledModule, token: Token): boolean {
  if (token.kind === 'reference') return isReceiving(module, token.to);
  return (
    token.kind === 'datatype' &&
    token.typeArgs.length === 1 &&
    datatypeName(module, token.handle) === receiving
  );
}
