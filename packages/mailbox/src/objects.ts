/** Reading objects from a node: in pages, by version, with their BCS contents. Nothing here trusts a type it did not ask about. */
import type { IotaClient, IotaObjectResponse, ObjectOwner } from '@iota/iota-sdk/client';
import { isValidIotaObjectId, normalizeIotaObjectId } from '@iota/iota-sdk/utils';
import { errorText } from '@wotid/core';
import { MailboxError } from './errors.ts';
import type { ObjectRef } from './gas.ts';
import { maxListPages, pageSize } from './limits.ts';
import { callNode, refusedByNode, type CallInit } from './rpc.ts';

/** Of what a node has sent only so much goes into an error. */
const maxReasonCharacters = 200;

/** An object as it is now. */
export interface ChainObject extends ObjectRef {
  /** Such as `0x…::mailbox::MessageObject`; `package` for a package. */
  readonly type: string;
  readonly owner: ObjectOwner;
  /** BCS of the Move value; `null` unless asked for. */
  readonly contents: Uint8Array | null;
}

/** Where and how to read. */
export interface ReadInit extends CallInit {
  readonly client: IotaClient;
}

/**
 * Reads objects by id, 50 a call. Absent from the answer: what does not exist (any more).
 * @throws MailboxError `RPC_UNREACHABLE`, `RPC_REFUSED`
 */
export async function readObjects(
  init: ReadInit,
  ids: readonly string[],
  options: { readonly contents: boolean } = { contents: false },
): Promise<ReadonlyMap<string, ChainObject>> {
  const found = new Map<string, ChainObject>();
  for (let start = 0; start < ids.length; start += pageSize) {
    const page = ids.slice(start, start + pageSize);
    const responses = await ask(init, 'objects', (signal) =>
      init.client.multiGetObjects({
        ids: page,
        options: { showType: true, showOwner: true, showBcs: options.contents },
        signal,
      }),
    );
    for (const object of chainObjects(responses)) found.set(object.objectId, object);
  }
  return found;
}

/**
 * All objects that `owner` (an address, or the id of an object) owns, in the order of the node.
 * @param options.type only objects of this type, chosen by the node
 * @param options.maxPages pages of 50 read before giving up with `truncated`; default 1,000
 */
export async function listOwned(
  init: ReadInit,
  owner: string,
  { type, maxPages = maxListPages }: { readonly type?: string; readonly maxPages?: number } = {},
): Promise<{ readonly objects: readonly ChainObject[]; readonly truncated: boolean }> {
  const objects = new Map<string, ChainObject>();
  let cursor: string | null | undefined;
  for (let page = 0; page < maxPages; page++) {
    const answer = await ask(init, 'owned objects', (signal) =>
      init.client.getOwnedObjects({
        owner,
        ...(type === undefined ? {} : { filter: { StructType: type } }),
        options: { showType: true, showOwner: true },
        cursor: cursor ?? null,
        limit: pageSize,
        signal,
      }),
    );
    for (const object of chainObjects(answer?.data)) objects.set(object.objectId, object);
    const { hasNextPage, nextCursor } = answer;
    if (!hasNextPage || nextCursor === cursor) return { objects: [...objects.values()], truncated: false };
    cursor = nextCursor;
  }
  return { objects: [...objects.values()], truncated: true };
}

/** One call, with the node's refusals as ours. */
export async function ask<T>(
  init: ReadInit,
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await callNode(init, what, run);
  } catch (error) {
    throw refusedByNode(error, what);
  }
}

/** The id in its long form. @throws MailboxError `BAD_ARGUMENT` */
export function objectIdOf(text: string, what: string): string {
  if (typeof text === 'string' && isValidIotaObjectId(normalizeIotaObjectId(text))) {
    return normalizeIotaObjectId(text);
  }
  throw new MailboxError(
    'BAD_ARGUMENT',
    `${what} is not an object id: ${JSON.stringify(String(text).slice(0, 80))}`,
    {
      hint: 'an object id is 0x and 64 hexadecimal digits',
    },
  );
}

/** True when `owner` is the address, or the object whose id is the address. */
export function isOwnedBy(owner: ObjectOwner, address: string): boolean {
  return typeof owner === 'object' && 'AddressOwner' in owner && owner.AddressOwner === address;
}

/** The version at which a shared object was shared, or `null` for any other object. */
export function sharedVersionOf(owner: ObjectOwner): number | null {
  if (typeof owner !== 'object' || !('Shared' in owner)) return null;
  // Nodes send a number here although the SDK's type says text.
  return Number(owner.Shared.initial_shared_version);
}

/** Orders objects by version (a Lamport clock: what saw an object comes after it), then by id. */
export function byVersion(left: ObjectRef, right: ObjectRef): number {
  const [a, b] = [BigInt(left.version), BigInt(right.version)];
  if (a !== b) return a < b ? -1 : 1;
  return left.objectId < right.objectId ? -1 : 1;
}

/** Something that a node answered cannot be what it says. */
export function unusableAnswer(what: string, cause: unknown): MailboxError {
  const reason = errorText(cause).slice(0, maxReasonCharacters);
  return new MailboxError('RPC_REFUSED', `the IOTA node gave an unusable ${what}: ${reason}`, {
    hint: 'use another node',
    cause,
  });
}

/** What `read` makes of an answer. @throws MailboxError `RPC_REFUSED` when it is not what a node answers */
export function usable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof MailboxError ? error : unusableAnswer(what, error);
  }
}

function chainObjects(responses: readonly IotaObjectResponse[]): readonly ChainObject[] {
  try {
    return responses.flatMap(({ data }) => {
      if (!data?.type || !data.owner) return [];
      const contents = data.bcs?.dataType === 'moveObject' ? Uint8Array.fromBase64(data.bcs.bcsBytes) : null;
      return [
        {
          objectId: objectIdOf(data.objectId, 'the id of an object'),
          version: String(BigInt(data.version)),
          digest: data.digest,
          type: data.type,
          owner: data.owner,
          contents,
        },
      ];
    });
  } catch (error) {
    throw unusableAnswer('object', error);
  }
}
