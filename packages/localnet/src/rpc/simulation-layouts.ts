/** Layouts for the events of a simulation: its types may belong to packages that only the simulation published. */
import type { ModuleInfo, SignatureType } from '@wotid/move-vm';
import type {
  Address,
  DatatypeLayout,
  NamedLayout,
  PackageObject,
  SimulatedTransaction,
  StructTag,
  TypeTag,
} from '../ledger/types.ts';
import type { RpcContext } from './context.ts';
import type { LayoutOf } from './move-json.ts';
import { invalidParams } from './rpc-error.ts';
import { typeText } from './type-text.ts';

type DatatypeName = Extract<SignatureType, { datatype: unknown }>['datatype'];

/** Looks into the simulated packages first, then into the ledger. */
export function simulationLayouts(
  { written }: SimulatedTransaction,
  { ledger, modules, layoutOf }: Pick<RpcContext, 'ledger' | 'modules' | 'layoutOf'>,
): LayoutOf {
  const published = new Map<Address, PackageObject>();
  for (const object of written) if (object.kind === 'package') published.set(object.id, object);
  if (published.size === 0) return layoutOf;

  const packageOf = (id: Address): PackageObject | undefined => {
    const found = published.get(id) ?? ledger.getObject(id);
    return found?.kind === 'package' ? found : undefined;
  };
  const definingId = (from: PackageObject, { address, module, name }: DatatypeName): Address => {
    const owner = address === from.originalId ? from : packageOf(from.linkage.get(address)?.id ?? address);
    const origin = owner?.typeOrigins.find((known) => known.module === module && known.datatype === name);
    return origin?.package ?? address;
  };
  const close = (from: PackageObject, type: SignatureType, typeParams: readonly TypeTag[]): TypeTag => {
    if (typeof type === 'string') return type;
    if ('vector' in type) return { vector: close(from, type.vector, typeParams) };
    if ('datatype' in type) {
      const { module, name, typeArgs } = type.datatype;
      return {
        struct: {
          address: definingId(from, type.datatype),
          module,
          name,
          typeParams: typeArgs.map((argument) => close(from, argument, typeParams)),
        },
      };
    }
    const parameter = 'typeParameter' in type ? typeParams[type.typeParameter] : undefined;
    // A field is never a reference and never names a parameter that its datatype does not have: checked on publication.
    if (parameter === undefined) throw invalidParams('a field has no closed type');
    return parameter;
  };
  const fieldsOf = (
    from: PackageObject,
    fields: ModuleInfo['structs'][number]['fields'],
    type: StructTag,
  ): NamedLayout[] =>
    fields.map((field) => ({ name: field.name, type: close(from, field.type, type.typeParams) }));

  return (type): DatatypeLayout => {
    const from = published.get(type.address);
    if (from === undefined) return layoutOf(type);
    const module = modules.module(from, type.module);
    const struct = module?.structs.find(({ name }) => name === type.name);
    if (struct !== undefined) return { kind: 'struct', type, fields: fieldsOf(from, struct.fields, type) };
    const info = module?.enums.find(({ name }) => name === type.name);
    if (info === undefined) throw invalidParams(`${typeText(type)} does not exist`);
    return {
      kind: 'enum',
      type,
      variants: info.variants.map(({ name, fields }) => ({ name, fields: fieldsOf(from, fields, type) })),
    };
  };
}
