/**
 * The contract `wotid::mailbox` as seen from outside: names, bounds, abort codes and the BCS of what it stores. A test
 * compares bounds and codes with the Move source.
 */
import { bcs, bytesType, optionType, u64Type, type BcsType } from '@wotid/core';
import { bcs as iotaBcs } from '@iota/iota-sdk/bcs';
import { deriveDynamicFieldID, normalizeIotaObjectId } from '@iota/iota-sdk/utils';

/** Name of the module. */
export const mailboxModule = 'mailbox';
/** Longest message, bytes (`MAX_PAYLOAD_BYTES`). */
export const maxPayloadBytes = 114_688;
/** Longest piece of a message that the contract takes, bytes (`MAX_CHUNK_BYTES`). */
export const maxChunkBytes = 16_384;
/**
 * Longest byte string in one argument: a pure argument has fewer than 16,384 bytes of BCS, two of which are the length
 * (protocol: max_pure_argument_size).
 */
export const maxArgumentBytes = 16_381;
/** Longest prekey publication, bytes: `MAX_PREKEYS_BYTES`, and one argument. */
export const maxPrekeysBytes = 16_381;
/** Epochs between retirement and closing (`RETIREMENT_EPOCHS`). */
export const retirementEpochs = 30;

/** Abort codes of the module, by number. */
export const abortNames = [
  'EWrongCap',
  'EChunkTooLarge',
  'EPayloadTooLarge',
  'EMessageNotStored',
  'EPrekeysTooLarge',
  'EPrekeysNumberNotNext',
  'EMailboxRetired',
  'EMailboxNotRetired',
  'ERetiredTooRecently',
  'EMessagesStored',
] as const;
/** Name of an abort code of the module. */
export type MailboxAbort = (typeof abortNames)[number];

/** Bytes of an object id. */
const idBytes = 32;

const idType: BcsType<string, string> = iotaBcs.Address as unknown as BcsType<string, string>;

/** `MailboxObject`. */
export const mailboxObjectType: BcsType<{
  id: string;
  nextIndex: bigint;
  stored: bigint;
  prekeysNumber: bigint;
  retiredEpoch: bigint | null;
}> = bcs.struct('MailboxObject', {
  id: idType,
  nextIndex: u64Type,
  stored: u64Type,
  prekeysNumber: u64Type,
  retiredEpoch: optionType(u64Type),
});

/** `MailboxOwnerCap`. */
export const ownerCapType: BcsType<{ id: string; mailboxId: string }> = bcs.struct('MailboxOwnerCap', {
  id: idType,
  mailboxId: idType,
});

/** `MessageObject`. */
export const messageObjectType: BcsType<{ id: string; payload: Uint8Array }> = bcs.struct('MessageObject', {
  id: idType,
  payload: bytesType,
});

/** `Field<PrekeysKey, Prekeys>`; a struct without fields has one byte, the false of Move's dummy field. */
export const prekeysFieldType: BcsType<{ id: string; name: boolean; number: bigint; bytes: Uint8Array }> =
  bcs.struct('Field<PrekeysKey, Prekeys>', {
    id: idType,
    name: bcs.bool(),
    number: u64Type,
    bytes: bytesType,
  });

/** Upper bounds of those values in bytes, for strict decoding. */
export const maxContents: {
  readonly mailbox: number;
  readonly cap: number;
  readonly message: number;
  readonly prekeys: number;
} = {
  mailbox: idBytes + 3 * 8 + 9,
  cap: 2 * idBytes,
  message: idBytes + 3 + maxPayloadBytes,
  prekeys: idBytes + 1 + 8 + 3 + 16_384,
};

/** Names of one publication of the contract. */
export interface MailboxTypes {
  readonly packageId: string;
  readonly mailbox: string;
  readonly cap: string;
  readonly message: string;
  readonly prekeysKey: string;
  /** Target of a call, such as `0x…::mailbox::create`. */
  target(functionName: string): `${string}::${string}::${string}`;
}

/** @param packageId 0x and 64 hexadecimal digits */
export function mailboxTypes(packageId: string): MailboxTypes {
  const named = (name: string): `${string}::${string}::${string}` =>
    `${packageId}::${mailboxModule}::${name}`;
  return {
    packageId,
    mailbox: named('MailboxObject'),
    cap: named('MailboxOwnerCap'),
    message: named('MessageObject'),
    prekeysKey: named('PrekeysKey'),
    target: named,
  };
}

/** Id of the dynamic field in which a mailbox's prekeys are. */
export function prekeysFieldId(types: MailboxTypes, mailboxId: string): string {
  return deriveDynamicFieldID(mailboxId, types.prekeysKey, Uint8Array.of(0));
}

/** True for the name of a type `module::name` of this contract in any package. */
export function isMailboxTypeOfAnyPackage(type: string, name: string): boolean {
  return (
    /^0x[0-9a-f]{1,64}::/.test(type) &&
    type.endsWith(`::${mailboxModule}::${name}`) &&
    type.split('::').length === 3
  );
}

/** The abort's name when this package's module aborted with a code that it has. */
export function abortNameOf(
  packageId: string,
  abort: { readonly packageId: string; readonly module: string; readonly code: bigint },
): MailboxAbort | null {
  if (abort.module !== mailboxModule || normalizeIotaObjectId(abort.packageId) !== packageId) return null;
  return abort.code < BigInt(abortNames.length) ? (abortNames[Number(abort.code)] ?? null) : null;
}
