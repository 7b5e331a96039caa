/** `objectChanges` and `balanceChanges`, derived from effects. Source: iota-json-rpc, object_changes, balance_changes. */
import { coinBalance } from '../ledger/coins.ts';
import { isCoin, IOTA_TYPE } from '../ledger/type-tags.ts';
import type { Address, LedgerObject, Owner, SimulatedTransaction } from '../ledger/types.ts';
import { classifyEffects, type Written } from './effects-json.ts';
import type { JsonObject } from './json.ts';
import { ownerJson } from './object-json.ts';
import { canonicalTypeText, typeText } from './type-text.ts';

function byId(objects: readonly LedgerObject[]): ReadonlyMap<Address, LedgerObject> {
  return new Map(objects.map((object) => [object.id, object]));
}

/** What happened to each object: mutated, created, unwrapped, published, then deleted and wrapped. */
export function objectChangesJson(transaction: SimulatedTransaction): JsonObject[] {
  const { sender } = transaction.data.V1;
  const effects = classifyEffects(transaction.effects);
  const written = byId(transaction.written);
  const replaced = byId(transaction.replaced);
  const changes: JsonObject[] = [];

  const add = (type: 'mutated' | 'created' | 'unwrapped', list: readonly Written[]): void => {
    for (const { id, version, digest, owner } of list) {
      const object = written.get(id);
      if (object?.kind === 'package') {
        if (type !== 'created') continue;
        changes.push({
          type: 'published',
          packageId: id,
          version: version.toString(),
          digest,
          modules: [...object.modules.keys()].sort(),
        });
      } else if (object !== undefined) {
        changes.push({
          type,
          sender,
          owner: ownerJson(owner),
          objectType: typeText(object.type),
          objectId: id,
          version: version.toString(),
          ...(type === 'mutated' && { previousVersion: (effects.modifiedAt.get(id) ?? 0n).toString() }),
          digest,
        });
      }
    }
  };
  add('mutated', effects.mutated);
  add('created', effects.created);
  add('unwrapped', effects.unwrapped);
  for (const type of ['deleted', 'wrapped'] as const) {
    for (const id of effects[type]) {
      const object = replaced.get(id);
      if (object?.kind !== 'move') continue;
      changes.push({
        type,
        sender,
        objectType: typeText(object.type),
        objectId: id,
        version: effects.lamportVersion.toString(),
      });
    }
  }
  return changes;
}

/**
 * What each owner gained or lost per coin type, zero omitted. A failed transaction shows its gas alone.
 * @param mockCoin the made-up gas coin of a dry run without payment: it belongs to nobody
 */
export function balanceChangesJson(transaction: SimulatedTransaction, mockCoin?: Address): JsonObject[] {
  const effects = classifyEffects(transaction.effects);
  if (transaction.errorText !== null) {
    const { computationCost, storageCost, storageRebate } = transaction.effects.V1.gasUsed;
    const owner: Owner = effects.gasObject?.owner ?? {
      kind: 'address',
      address: transaction.data.V1.gasData.owner,
    };
    const amount = BigInt(storageRebate) - BigInt(computationCost) - BigInt(storageCost);
    return [
      { owner: ownerJson(owner), coinType: typeText({ struct: IOTA_TYPE }), amount: amount.toString() },
    ];
  }
  const balances = new Map<string, { key: string; owner: Owner; coinType: string; amount: bigint }>();
  const count = (object: LedgerObject, sign: bigint): void => {
    const [coinType] = object.kind === 'move' && isCoin(object.type) ? object.type.typeParams : [];
    if (object.kind !== 'move' || coinType === undefined || object.id === mockCoin) return;
    const key = `${ownerKey(object.owner)} ${canonicalTypeText(coinType)}`;
    const entry = balances.get(key) ?? {
      key,
      owner: object.owner,
      coinType: typeText(coinType),
      amount: 0n,
    };
    entry.amount += sign * coinBalance(object.contents);
    balances.set(key, entry);
  };
  for (const object of transaction.replaced) if (effects.modifiedAt.has(object.id)) count(object, -1n);
  for (const object of transaction.written) count(object, 1n);
  return [...balances.values()]
    .filter(({ amount }) => amount !== 0n)
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ owner, coinType, amount }) => ({ owner: ownerJson(owner), coinType, amount: amount.toString() }));
}

/** Sorts owners as a node does: by kind, then by address or version. */
function ownerKey(owner: Owner): string {
  switch (owner.kind) {
    case 'address':
      return `0 ${owner.address}`;
    case 'object':
      return `1 ${owner.parent}`;
    case 'shared':
      return `2 ${owner.initialSharedVersion.toString().padStart(20, '0')}`;
    case 'immutable':
      return '3';
  }
}
