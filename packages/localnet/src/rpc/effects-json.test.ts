import { bcs } from '@iota/iota-sdk/bcs';
import type { TransactionEffects } from '@iota/iota-sdk/client';
import { toBase58 } from '@iota/iota-sdk/utils';
import { describe, expect, it } from 'vitest';
import { effectsJson } from './effects-json.ts';

const id = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;
const digest = (byte: number): string => toBase58(new Uint8Array(32).fill(byte));
const ours = { AddressOwner: id(0xaa) };
const exist = (version: number, owner: object = ours): object => ({
  Exist: [[version, digest(version)], owner],
});
const write = (byte: number, owner: object = ours): object => ({ ObjectWrite: [digest(byte), owner] });

/** Effects with one object of every kind of change, made by the SDK's BCS. */
function sample(failed = false): ReturnType<typeof bcs.TransactionEffects.parse> {
  const change = (inputState: object, outputState: object, idOperation: string): unknown => ({
    inputState,
    outputState,
    idOperation: { [idOperation]: true },
  });
  const none = { NotExist: true };
  return bcs.TransactionEffects.parse(
    bcs.TransactionEffects.serialize({
      V1: {
        status: failed ? { Failed: { error: { InsufficientGas: true }, command: 3 } } : { Success: true },
        executedEpoch: 0,
        gasUsed: {
          computationCost: 1_000_000,
          computationCostBurned: 1_000_000,
          storageCost: 7_600,
          storageRebate: 100,
          nonRefundableStorageFee: 0,
        },
        transactionDigest: digest(1),
        gasObjectIndex: 1,
        eventsDigest: failed ? null : digest(2),
        dependencies: [digest(3), digest(4)],
        lamportVersion: 9,
        changedObjects: [
          [id(0x01), change(none, write(0x11), 'Created')],
          [id(0x02), change(exist(5), write(0x12), 'None')],
          [
            id(0x03),
            change(
              exist(6, { Shared: { initialSharedVersion: 4 } }),
              write(0x13, { Shared: { initialSharedVersion: 4 } }),
              'None',
            ),
          ],
          [id(0x04), change(none, write(0x14, { ObjectOwner: id(0xbb) }), 'None')],
          [id(0x05), change(exist(7), none, 'Deleted')],
          [id(0x06), change(exist(8), none, 'None')],
          [id(0x07), change(none, none, 'Deleted')],
          [id(0x08), change(none, { PackageWrite: [1, digest(0x18)] }, 'Created')],
          [id(0x09), change(exist(3), write(0x19, { Immutable: true }), 'None')],
        ] as never,
        unchangedSharedObjects: [
          [id(0x0a), { ReadOnlyRoot: [2, digest(0x1a)] }],
          [id(0x0b), { MutateDeleted: 3 }],
          [id(0x0c), { PerEpochConfig: true }],
        ] as never,
        auxDataDigest: null,
      },
    }).toBytes(),
  );
}

const DELETED = '7gyGAp71YXQRoxmFBaHxofQXAipvgHyBKPyxmdSJxyvz';
const WRAPPED = '6ws1bVyu3F8wGy1fPHhrc2v8UyWiGbRAAuek8SwikKPD';
const ref = (byte: number, version: number, of: string): object => ({
  objectId: id(byte),
  version,
  digest: of,
});

describe('effects as JSON', () => {
  it('sorts every kind of change into its list, with numbers where nodes print numbers', () => {
    const json = effectsJson(sample(), null) as unknown as TransactionEffects;
    expect(json).toEqual({
      messageVersion: 'v1',
      status: { status: 'success' },
      executedEpoch: '0',
      gasUsed: {
        computationCost: '1000000',
        computationCostBurned: '1000000',
        storageCost: '7600',
        storageRebate: '100',
        nonRefundableStorageFee: '0',
      },
      modifiedAtVersions: [
        { objectId: id(2), sequenceNumber: '5' },
        { objectId: id(3), sequenceNumber: '6' },
        { objectId: id(5), sequenceNumber: '7' },
        { objectId: id(6), sequenceNumber: '8' },
        { objectId: id(9), sequenceNumber: '3' },
      ],
      sharedObjects: [ref(3, 6, digest(6)), ref(0x0a, 2, digest(0x1a)), ref(0x0b, 3, DELETED)],
      transactionDigest: digest(1),
      created: [
        { owner: ours, reference: ref(1, 9, digest(0x11)) },
        { owner: 'Immutable', reference: ref(8, 1, digest(0x18)) },
      ],
      mutated: [
        { owner: ours, reference: ref(2, 9, digest(0x12)) },
        { owner: { Shared: { initial_shared_version: 4 } }, reference: ref(3, 9, digest(0x13)) },
        { owner: 'Immutable', reference: ref(9, 9, digest(0x19)) },
      ],
      unwrapped: [{ owner: { ObjectOwner: id(0xbb) }, reference: ref(4, 9, digest(0x14)) }],
      deleted: [ref(5, 9, DELETED)],
      unwrappedThenDeleted: [ref(7, 9, DELETED)],
      wrapped: [ref(6, 9, WRAPPED)],
      gasObject: { owner: ours, reference: ref(2, 9, digest(0x12)) },
      eventsDigest: digest(2),
      dependencies: [digest(3), digest(4)],
    });
  });

  it('shows the status text of a failure and leaves out what is empty', () => {
    const text = JSON.stringify(effectsJson(sample(true), 'InsufficientGas in command 3'));
    expect(JSON.parse(text)).toMatchObject({
      status: { status: 'failure', error: 'InsufficientGas in command 3' },
    });
    expect(text).not.toContain('eventsDigest');
  });
});
