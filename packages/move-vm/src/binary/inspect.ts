import type { DatatypeInfo, FieldInfo, ModuleInfo, SignatureType } from '../api.ts';
import { withoutLocation } from '../errors.ts';
import type { Address } from '../types.ts';
import { decodeModule } from './decode.ts';
import type { CompiledModule, DatatypeHandle, FieldDef, ModuleHandle, Token } from './format.ts';

/**
 * A module's declarations, read strictly from its bytes; nothing is linked.
 * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR when the bytes are not a module of version 6 or 7
 */
export function moduleInfo(bytes: Uint8Array): ModuleInfo {
  return describe(withoutLocation(() => decodeModule(bytes)));
}

/**
 * A copy of a module that names itself by `address` instead of the address in it (0x0 in what compilers make). Other
 * modules of the same old address, which are its siblings in the package, are renamed with it.
 * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR as {@link moduleInfo}
 */
export function substituteSelfAddress(bytes: Uint8Array, address: Address): Uint8Array<ArrayBuffer> {
  const { offset } = withoutLocation(() => decodeModule(bytes));
  const renamed = Uint8Array.from(bytes);
  renamed.set(Uint8Array.fromHex(address.slice(2)), offset);
  return renamed;
}

function describe(module: CompiledModule): ModuleInfo {
  const at = <T>(entries: readonly T[], index: number): T => entries[index] as T;
  const self = at(module.moduleHandles, module.self);
  const typeOf = (token: Token): SignatureType => {
    switch (token.kind) {
      case 'vector':
        return { vector: typeOf(token.element) };
      case 'reference':
        return { reference: typeOf(token.to), mutable: token.mutable };
      case 'typeParameter':
        return { typeParameter: token.index };
      case 'datatype': {
        const handle = at(module.datatypeHandles, token.handle);
        const { address, name } = at(module.moduleHandles, handle.module);
        return {
          datatype: { address, module: name, name: handle.name, typeArgs: token.typeArgs.map(typeOf) },
        };
      }
      default:
        return token.kind;
    }
  };
  const fieldsOf = (fields: readonly FieldDef[]): FieldInfo[] =>
    fields.map(({ name, type }) => ({ name, type: typeOf(type) }));
  const datatype = <Body>(handle: DatatypeHandle, body: Body): DatatypeInfo<Body> => ({
    name: handle.name,
    abilities: handle.abilities,
    typeParameters: handle.typeParameters,
    ...body,
  });
  return {
    version: module.version,
    address: self.address,
    name: self.name,
    friends: module.friends,
    dependencies: module.moduleHandles.filter((handle: ModuleHandle) => handle !== self),
    functions: module.functionDefs.map((def) => {
      const handle = at(module.functionHandles, def.handle);
      return {
        name: handle.name,
        visibility: def.visibility,
        isEntry: def.isEntry,
        isNative: def.code === null,
        typeParameters: handle.typeParameters,
        parameters: at(module.signatures, handle.parameters).map(typeOf),
        returns: at(module.signatures, handle.returns).map(typeOf),
      };
    }),
    structs: module.structDefs.map((def) =>
      datatype(at(module.datatypeHandles, def.handle), { fields: fieldsOf(def.fields ?? []) }),
    ),
    enums: module.enumDefs.map((def) =>
      datatype(at(module.datatypeHandles, def.handle), {
        variants: def.variants.map(({ name, fields }) => ({ name, fields: fieldsOf(fields) })),
      }),
    ),
  };
}
