import { VmHalt } from '../errors.ts';
import { FunctionInstance } from '../interpreter/instance.ts';
import { equalTypes, type Type } from '../types.ts';
import { typeCheck } from '../verifier/type-check.ts';
import { substitute, typeKey } from './instantiate.ts';
import type { Loader } from './loader.ts';
import type { FunctionCode, LoadedModule, LoadedPackage } from './packages.ts';

/**
 * The function that a handle of `module` calls where `root` is the root of the linkage, checked to be callable from
 * there and to be what the handle says.
 * @throws VmHalt LINKER_ERROR, LOOKUP_FAILED, TYPE_MISMATCH
 */
export function linkCall(
  loader: Loader,
  root: LoadedPackage,
  module: LoadedModule,
  handleIndex: number,
): FunctionCode {
  const callee = loader.linkedFunction(root, module, handleIndex);
  if (callee.module === module) return callee;
  const isVisible =
    callee.visibility === 'public' ||
    (callee.visibility === 'friend' &&
      callee.module.compiled.friends.some(
        ({ address, name }) => address === module.address && name === module.name,
      ));
  if (!isVisible)
    throw new VmHalt('LINKER_ERROR', `${callee.key} is not visible in ${module.address}::${module.name}`);
  const handle = module.compiled.functionHandles[handleIndex];
  const isSame =
    handle !== undefined &&
    handle.typeParameters.length === callee.typeParameters.length &&
    callee.typeParameters.every((wanted, index) => (wanted & ~(handle.typeParameters[index] ?? 0)) === 0) &&
    sameSignature(
      loader.signature(module, handle.parameters),
      loader.signature(callee.module, callee.handle.parameters),
    ) &&
    sameSignature(
      loader.signature(module, handle.returns),
      loader.signature(callee.module, callee.handle.returns),
    );
  if (!isSame) throw new VmHalt('TYPE_MISMATCH', `${callee.key} has another signature`);
  return callee;
}

function sameSignature(left: readonly Type[], right: readonly Type[]): boolean {
  return left.length === right.length && left.every((type, index) => equalTypes(type, right[index] as Type));
}

/**
 * A function with its type arguments, which satisfy its constraints, ready to run.
 * @throws VmHalt when its code does not check
 */
export function instantiate(
  loader: Loader,
  root: LoadedPackage,
  code: FunctionCode,
  typeArgs: readonly Type[],
): FunctionInstance {
  const key = `${code.module.package.view.id}${code.key}<${typeArgs.map(typeKey).join()}>`;
  const known = root.instances.get(key);
  if (known !== undefined) return known;
  const closed = (types: readonly Type[]): Type[] => types.map((type) => substitute(type, typeArgs));
  const { module, handle } = code;
  if (code.def.code !== null) code.executable ??= typeCheck(loader, code);
  const instance = new FunctionInstance(
    code,
    root,
    typeArgs,
    closed(loader.signature(module, handle.parameters)),
    closed(loader.signature(module, handle.returns)),
    code.executable,
  );
  root.instances.set(key, instance);
  return instance;
}
