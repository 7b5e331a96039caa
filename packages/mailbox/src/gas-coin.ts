/** What a transaction takes out of the coin that pays for it, beside the gas. */
import { bcs } from '@iota/iota-sdk/bcs';
import type { Transaction } from '@iota/iota-sdk/transactions';

type Data = ReturnType<Transaction['getData']>;
type Command = Data['commands'][number];

/**
 * NANOS that the commands split from the gas coin, or `all` when that cannot be told beforehand: the coin itself is
 * sent away, merged, given to a function, or split by amounts that only execution knows.
 */
export function takenFromGasCoin(tx: Transaction): bigint | 'all' {
  const data = tx.getData();
  let taken = 0n;
  for (const command of data.commands) {
    if (usesGasCoinWhole(command)) return 'all';
    if (command.SplitCoins?.coin.$kind !== 'GasCoin') continue;
    for (const amount of command.SplitCoins.amounts) {
      const pure = amount.$kind === 'Input' ? data.inputs[amount.Input]?.Pure : undefined;
      if (pure === undefined) return 'all';
      taken += BigInt(bcs.u64().fromBase64(pure.bytes));
    }
  }
  return taken;
}

function usesGasCoinWhole({ MoveCall, TransferObjects, MergeCoins, MakeMoveVec }: Command): boolean {
  return [
    ...(MoveCall?.arguments ?? []),
    ...(TransferObjects?.objects ?? []),
    ...(MergeCoins ? [MergeCoins.destination, ...MergeCoins.sources] : []),
    ...(MakeMoveVec?.elements ?? []),
  ].some((argument) => argument.$kind === 'GasCoin');
}
