/**
 * Upgrade: a ticket of the package's cap, modules of the same address under a new id, and a receipt for the cap
 * (`iota-adapter`: execution; `iota-types`: move_package).
 */
import { ByteVector, StructValue, upgradeProblem, type UpgradeRule, type Value } from '@wotid/move-vm';
import { ExecutionFailure, type UpgradeProblem } from '../failure.ts';
import { addressBytes, blake2b256 } from '../hashing.ts';
import { packageView, upgradedPackage } from '../packages.ts';
import type { CommandValue } from '../transaction-data.ts';
import { UPGRADE_RECEIPT_TYPE, UPGRADE_TICKET_TYPE } from '../type-tags.ts';
import type { Address } from '../types.ts';
import type { PtbContext } from './context.ts';
import {
  checkPackageSize,
  fetchPackages,
  linkageOf,
  readModules,
  renameModules,
  type PackageStore,
} from './package-code.ts';
import { typedValue, type PtbValue } from './values.ts';

/** Policies by number: `UpgradePolicy` of `iota-types`: move_package. */
const rules: ReadonlyMap<number, UpgradeRule> = new Map([
  [0, 'compatible'],
  [128, 'additive'],
  [192, 'dependencies'],
]);

export function upgrade(
  context: PtbContext,
  store: PackageStore,
  command: NonNullable<CommandValue['Upgrade']>,
): PtbValue[] {
  const { session } = context;
  const bytes = command.modules.map((text) => Uint8Array.fromBase64(text));
  context.charger.chargePublish(bytes.reduce((sum, { length }) => sum + length, 0));
  const ticketType = session.typeOf({ struct: UPGRADE_TICKET_TYPE });
  const receiptType = session.typeOf({ struct: UPGRADE_RECEIPT_TYPE });
  const taken = context.arguments.byValue(command.ticket, 0);
  const ticket = readTicket(context.arguments.asType(taken, 0, ticketType));
  if (ticket.package !== command.package) {
    refuse({ PackageIDDoesNotMatch: { packageId: command.package, ticketId: ticket.package } });
  }
  const digest = upgradeDigest(bytes, command.dependencies);
  if (digest.toHex() !== ticket.digest) refuse({ DigestDoesNotMatch: { digest: [...digest] } });
  const [current] = fetchPackages(store, [ticket.package]);
  if (current === undefined) throw new ExecutionFailure('InvariantViolation', 'no package to upgrade');
  const code = readModules(bytes);
  const modules = renameModules(code, current.originalId);
  const id = context.freshId(false);
  const draft = upgradedPackage(
    id,
    current,
    modules,
    linkageOf(fetchPackages(store, command.dependencies), code.infos),
  );
  if (draft === undefined) refuse('IncompatibleUpgrade', 'a struct or enum is gone');
  checkPackageSize(draft);
  const rule = rules.get(ticket.policy);
  // Before the bytecode is checked, because it is checked against the types as they are: they must not have changed.
  const problem = rule === undefined ? undefined : upgradeProblem(current.modules, draft.modules, rule);
  if (problem !== undefined) refuse('IncompatibleUpgrade', problem);
  const view = packageView(draft);
  context.vm.checkPublish(view, context.resolver);
  if (rule === undefined) refuse({ UnknownUpgradePolicy: { policy: ticket.policy } });
  session.addPackage(view);
  context.packages.push(draft);
  const receipt = new StructValue([new StructValue([ticket.cap]), new StructValue([id])]);
  return [typedValue(receiptType, session.abilitiesOf(receiptType), receipt, false)];
}

/**
 * Digest of an upgrade: H over the sorted dependency ids and module digests
 * (`iota-types`: move_package, `compute_digest_for_modules_and_deps`).
 */
export function upgradeDigest(modules: readonly Uint8Array[], dependencies: readonly Address[]): Uint8Array {
  const parts = [...dependencies.map(addressBytes), ...modules.map((module) => blake2b256(module))];
  return blake2b256(...parts.sort((left, right) => Buffer.compare(left, right)));
}

interface Ticket {
  readonly cap: Address;
  readonly package: Address;
  readonly policy: number;
  /** 32 bytes in hex when it came from a compiler; a caller may have put in anything. */
  readonly digest: string;
}

/** `UpgradeTicket { cap: ID, package: ID, policy: u8, digest: vector<u8> }` */
function readTicket(value: Value): Ticket {
  const [cap, of, policy, digest] = value instanceof StructValue ? value.fields : [];
  const idIn = (id: Value | undefined): unknown => (id instanceof StructValue ? id.fields[0] : undefined);
  const [capId, packageId] = [idIn(cap), idIn(of)];
  if (
    typeof capId !== 'string' ||
    typeof packageId !== 'string' ||
    typeof policy !== 'number' ||
    !(digest instanceof ByteVector)
  ) {
    throw new ExecutionFailure('InvariantViolation', 'the framework declares UpgradeTicket otherwise');
  }
  return { cap: capId, package: packageId, policy, digest: digest.bytes.toHex() };
}

function refuse(upgradeError: UpgradeProblem, detail = ''): never {
  throw new ExecutionFailure({ PackageUpgradeError: { upgradeError } }, detail);
}
