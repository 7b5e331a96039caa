/** The natives of the ledger, by their full name: those of the VM and those that touch objects. */
import { standardNatives, type NativeTable } from '@wotid/move-vm';
import { FRAMEWORK_ADDRESS } from '../protocol.ts';
import { dynamicFieldNatives } from './dynamic-field.ts';
import { eventNatives } from './event.ts';
import { objectNatives } from './object.ts';
import { transferNatives } from './transfer.ts';
import { txContextNatives } from './tx-context.ts';

export const ledgerNatives: NativeTable = new Map([
  ...standardNatives,
  ...Object.entries({
    ...objectNatives,
    ...transferNatives,
    ...dynamicFieldNatives,
    ...eventNatives,
    ...txContextNatives,
  }).map(([name, native]) => [`${FRAMEWORK_ADDRESS}::${name}`, native] as const),
]);
