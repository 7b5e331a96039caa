/** Reads modules of packages on the ledger; keeps what it has parsed, as a module's bytes never change. */
import { moduleInfo, type ModuleInfo } from '@wotid/move-vm';
import type { Address, LedgerReader, PackageObject } from '../ledger/types.ts';
import type { FunctionInfo } from './normalized.ts';

export class Modules {
  readonly #ledger: LedgerReader;
  readonly #parsed = new WeakMap<Uint8Array, ModuleInfo>();

  constructor(ledger: LedgerReader) {
    this.#ledger = ledger;
  }

  /** A module's declarations; undefined when the package has no such module. */
  module(inPackage: PackageObject, name: string): ModuleInfo | undefined {
    const bytes = inPackage.modules.get(name);
    if (bytes === undefined) return undefined;
    let info = this.#parsed.get(bytes);
    if (info === undefined) {
      info = moduleInfo(bytes);
      this.#parsed.set(bytes, info);
    }
    return info;
  }

  /** A function's declaration, also a private one. */
  function(packageId: Address, module: string, name: string): FunctionInfo | undefined {
    const found = this.#ledger.getObject(packageId);
    if (found?.kind !== 'package') return undefined;
    return this.module(found, module)?.functions.find((fn) => fn.name === name);
  }
}
