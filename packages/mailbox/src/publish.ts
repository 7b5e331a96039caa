/** Publishing the contract: once, and immutable unless asked otherwise. */
import { MailboxError } from './errors.ts';
import type { GasUsed } from './gas.ts';
import type { TransactionQueue } from './transaction-queue.ts';

/** What {@link publishMailboxPackage} needs. */
export interface PublishInit {
  readonly queue: TransactionQueue;
  /** Compiled modules, base64. */
  readonly modules: readonly string[];
  /** Ids of the packages they depend on. */
  readonly dependencies: readonly string[];
  /**
   * True keeps the right to upgrade at the address of the queue. Whoever holds it can publish a version that empties
   * every mailbox, and agents do not accept such a package. Default false: the right is destroyed in the same transaction.
   */
  readonly upgradeable?: boolean;
  readonly signal?: AbortSignal;
}

/** A published package. */
export interface PublishedPackage {
  readonly packageId: string;
  /** Id of the UpgradeCap, or `null` for an immutable package. */
  readonly upgradeCapId: string | null;
  /** Base58. */
  readonly digest: string;
  readonly gas: GasUsed;
}

/** Modules of a package; the protocol wants fewer than 64. */
const maxModules = 63;

/**
 * Publishes compiled modules and, in the same transaction, makes the package immutable.
 * @throws MailboxError `BAD_ARGUMENT`, and as `TransactionQueue.execute`
 */
export async function publishMailboxPackage(init: PublishInit): Promise<PublishedPackage> {
  const { queue, modules, dependencies, upgradeable = false } = init;
  if (modules.length === 0 || modules.length > maxModules) {
    throw new MailboxError('BAD_ARGUMENT', `a package has 1 to ${maxModules} modules, not ${modules.length}`);
  }
  const { digest, gas, response } = await queue.execute((tx) => {
    const upgradeCap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
    if (upgradeable) tx.transferObjects([upgradeCap], queue.address);
    else tx.moveCall({ target: '0x2::package::make_immutable', arguments: [upgradeCap] });
  }, init.signal);
  const changes = response.objectChanges ?? [];
  const published = changes.find((change) => change.type === 'published');
  if (published === undefined) {
    throw new MailboxError('RPC_REFUSED', `the IOTA node does not say what transaction ${digest} published`, {
      data: { digest },
    });
  }
  const cap = changes.find(
    (change) => change.type === 'created' && change.objectType === '0x2::package::UpgradeCap',
  );
  const upgradeCapId = cap !== undefined && 'objectId' in cap ? cap.objectId : null;
  return { packageId: published.packageId, upgradeCapId, digest, gas };
}
