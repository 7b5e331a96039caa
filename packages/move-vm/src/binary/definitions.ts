import { VmHalt } from '../errors.ts';
import type { CompiledModule } from './format.ts';

/**
 * Checks that a module defines what it names as its own, only that, and nothing twice. A definition under another
 * module's name would let it make that module's values.
 * @throws VmHalt INVALID_MODULE_HANDLE, UNIMPLEMENTED_HANDLE, DUPLICATE_ELEMENT
 */
export function checkDefinitions(module: CompiledModule): void {
  const self = module.moduleHandles[module.self];
  const isOwn = (handle: { readonly module: number } | undefined): boolean => handle?.module === module.self;
  const unique = (names: readonly string[], what: string): void => {
    if (new Set(names).size !== names.length)
      throw new VmHalt('DUPLICATE_ELEMENT', `two ${what} have one name`);
  };
  const moduleNames = module.moduleHandles.map(({ address, name }) => `${address}::${name}`);
  unique(moduleNames, 'module handles');
  unique(
    module.friends.map(({ address, name }) => `${address}::${name}`),
    'friends',
  );
  if (module.friends.some(({ address, name }) => address !== self?.address || name === self.name)) {
    throw new VmHalt('INVALID_MODULE_HANDLE', 'a friend is the module itself or of another package');
  }

  const datatypes = [...module.structDefs, ...module.enumDefs].map(
    ({ handle }) => module.datatypeHandles[handle],
  );
  const functions = module.functionDefs.map(({ handle }) => module.functionHandles[handle]);
  for (const [defined, handles] of [
    [datatypes, module.datatypeHandles],
    [functions, module.functionHandles],
  ] as const) {
    if (!defined.every(isOwn)) {
      throw new VmHalt('INVALID_MODULE_HANDLE', 'a definition is under the name of another module');
    }
    unique(
      defined.map((handle) => handle?.name ?? ''),
      'definitions',
    );
    unique(
      handles.map((handle) => `${handle.module}::${handle.name}`),
      'handles',
    );
    if (handles.filter(isOwn).length !== defined.length) {
      throw new VmHalt(
        'UNIMPLEMENTED_HANDLE',
        'the module names something as its own and does not define it',
      );
    }
  }
  for (const { fields } of module.structDefs) {
    unique(
      (fields ?? []).map(({ name }) => name),
      'fields',
    );
    if (fields?.length === 0) throw new VmHalt('ZERO_SIZED_STRUCT', 'a struct has no fields');
  }
  for (const { variants } of module.enumDefs) {
    unique(
      variants.map(({ name }) => name),
      'variants',
    );
    for (const { fields } of variants) {
      unique(
        fields.map(({ name }) => name),
        'fields',
      );
    }
  }
}
