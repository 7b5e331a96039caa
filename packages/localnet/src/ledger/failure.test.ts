import { bcs } from '@iota/iota-sdk/bcs';
import { describe, expect, it } from 'vitest';
import { failureForBcs, statusText, type FailureKind } from './failure.ts';

const at = {
  module: { address: `0x${'0'.repeat(63)}2`, name: 'm' },
  function: 2,
  instruction: 8,
  functionName: 'check',
};
const place =
  `MoveLocation { module: ModuleId { address: ${'0'.repeat(63)}2, name: Identifier("m") }, ` +
  'function: 2, instruction: 8, function_name: Some("check") }';

/** Texts as an IOTA node prints them (Rust's Debug). */
const texts: readonly (readonly [FailureKind, string])[] = [
  ['InsufficientGas', 'InsufficientGas'],
  [{ MoveAbort: [at, 0n] }, `MoveAbort(${place}, 0)`],
  [{ MovePrimitiveRuntimeError: null }, 'MovePrimitiveRuntimeError(MoveLocationOpt(None))'],
  [{ MovePrimitiveRuntimeError: at }, `MovePrimitiveRuntimeError(MoveLocationOpt(Some(${place})))`],
  [
    { CommandArgumentError: { argIdx: 0, kind: 'TypeMismatch' } },
    'CommandArgumentError { arg_idx: 0, kind: TypeMismatch }',
  ],
  [
    {
      CommandArgumentError: {
        argIdx: 1,
        kind: { SecondaryIndexOutOfBounds: { resultIdx: 2, secondaryIdx: 3 } },
      },
    },
    'CommandArgumentError { arg_idx: 1, kind: SecondaryIndexOutOfBounds { result_idx: 2, secondary_idx: 3 } }',
  ],
  [
    { TypeArgumentError: { argumentIdx: 1, kind: 'TypeNotFound' } },
    'TypeArgumentError { argument_idx: 1, kind: TypeNotFound }',
  ],
  [
    { UnusedValueWithoutDrop: { resultIdx: 0, secondaryIdx: 1 } },
    'UnusedValueWithoutDrop { result_idx: 0, secondary_idx: 1 }',
  ],
  [
    { MoveObjectTooBig: { objectSize: 256_001, maxObjectSize: 256_000 } },
    'MoveObjectTooBig { object_size: 256001, max_object_size: 256000 }',
  ],
  [
    { CircularObjectOwnership: { object: at.module.address } },
    `CircularObjectOwnership { object: ${at.module.address} }`,
  ],
  [
    { PackageUpgradeError: { upgradeError: 'IncompatibleUpgrade' } },
    'PackageUpgradeError { upgrade_error: IncompatibleUpgrade }',
  ],
  [
    { PackageUpgradeError: { upgradeError: { DigestDoesNotMatch: { digest: [1, 2] } } } },
    'PackageUpgradeError { upgrade_error: DigestDoesNotMatch { digest: [1, 2] } }',
  ],
];

describe('status text', () => {
  it('is what a node prints', () => {
    for (const [kind, text] of texts) {
      expect(statusText(kind, null)).toBe(text);
      expect(statusText(kind, 3)).toBe(`${text} in command 3`);
    }
  });

  it('has its place in the effects', () => {
    for (const [kind] of texts) {
      const status = { Failed: { error: failureForBcs(kind) as never, command: null } };
      const effects = {
        V1: {
          status,
          executedEpoch: 0,
          gasUsed: {
            computationCost: 0,
            computationCostBurned: 0,
            storageCost: 0,
            storageRebate: 0,
            nonRefundableStorageFee: 0,
          },
          transactionDigest: '1'.repeat(32),
          gasObjectIndex: null,
          eventsDigest: null,
          dependencies: [],
          lamportVersion: 1,
          changedObjects: [],
          unchangedSharedObjects: [],
          auxDataDigest: null,
        },
      };
      const name = typeof kind === 'string' ? kind : Object.keys(kind)[0];
      const parsed = bcs.TransactionEffects.parse(bcs.TransactionEffects.serialize(effects).toBytes());
      expect(parsed.V1.status.Failed?.error.$kind).toBe(name);
    }
  });
});
