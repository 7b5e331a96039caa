import type { CompiledModule, Token } from '../../binary/format.ts';
import { VmHalt } from '../../errors.ts';
import type { Address, Type } from '../../types.ts';

const short = (digit: string): Address => `0x${digit.padStart(64, '0')}`;

export const stdAddress: Address = short('1');
export const frameworkAddress: Address = short('2');
export const systemAddress: Address = short('3');
export const bridgeAddress: Address = short('b');

/** What an IOTA pass refuses a module with. */
export function refusal(message: string): VmHalt {
  return new VmHalt('IOTA_MOVE_VERIFICATION_ERROR', message);
}

/** `address::module::name` of the function that a handle names. */
export function functionName(module: CompiledModule, handle: number): string {
  const { module: owner, name } = module.functionHandles[handle] ?? { module: -1, name: '' };
  const { address, name: moduleName } = module.moduleHandles[owner] ?? { address: '', name: '' };
  return `${address}::${moduleName}::${name}`;
}

/** `address::module::Name` of the datatype that a handle names. */
export function datatypeName(module: CompiledModule, handle: number): string {
  const { module: owner, name } = module.datatypeHandles[handle] ?? { module: -1, name: '' };
  const { address, name: moduleName } = module.moduleHandles[owner] ?? { address: '', name: '' };
  return `${address}::${moduleName}::${name}`;
}

/** A type as a message spells it. */
export function tokenText(module: CompiledModule, token: Token): string {
  switch (token.kind) {
    case 'vector':
      return `vector<${tokenText(module, token.element)}>`;
    case 'reference':
      return `&${token.mutable ? 'mut ' : ''}${tokenText(module, token.to)}`;
    case 'typeParameter':
      return `T${token.index}`;
    case 'datatype': {
      const args = token.typeArgs.map((arg) => tokenText(module, arg)).join(', ');
      return `${datatypeName(module, token.handle)}${args === '' ? '' : `<${args}>`}`;
    }
    default:
      return token.kind;
  }
}

/** True for `&TxContext` and `&mut TxContext`. */
export function isTxContextReference(type: Type): boolean {
  return (
    type.kind === 'reference' &&
    type.to.kind === 'datatype' &&
    type.to.datatype.originalId === frameworkAddress &&
    type.to.datatype.module === 'tx_context' &&
    type.to.datatype.name === 'TxContext'
  );
}
