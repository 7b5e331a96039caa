/**
 * Checks on a transaction's shape alone, before any object is read; sentences as in `iota-types`: error, transaction.
 */
import { LedgerError, userInput } from './errors.ts';
import * as limits from './protocol.ts';
import type { CommandValue, DecodedTransaction, InputSource, ProgrammableValue } from './transaction-data.ts';
import { typeTagFromSdk } from './type-tags.ts';
import type { Address, TypeTag } from './types.ts';

function sizeLimit(limit: string, value: number): never {
  throw userInput(`Size limit exceeded: ${limit} is ${value}`);
}

/** Checks everything about the transaction that needs no state but the epoch. @throws LedgerError */
export function checkValidity(
  transaction: DecodedTransaction,
  inputs: readonly InputSource[],
  options: { readonly epoch: bigint; readonly signatureBytes: number; readonly allowMissingGas: boolean },
): void {
  const { expiration } = transaction.data.V1;
  if (
    expiration.Epoch !== undefined &&
    expiration.Epoch !== null &&
    BigInt(expiration.Epoch) < options.epoch
  ) {
    throw userInput('Transaction Expired');
  }
  const size = transaction.bytes.length + options.signatureBytes;
  if (size > limits.MAX_TX_BYTES) {
    sizeLimit(`serialized transaction size exceeded maximum of ${limits.MAX_TX_BYTES}`, size);
  }
  if (transaction.payment.length === 0 && !options.allowMissingGas) {
    throw userInput(
      'Transaction gas payment missing',
      'Name at least one IOTA coin of the gas owner as payment.',
    );
  }
  if (transaction.payment.length >= limits.GAS_COINS_BELOW) {
    sizeLimit('maximum number of gas payment objects', limits.GAS_COINS_BELOW);
  }
  checkProgrammable(transaction.programmable, inputs);
}

export function checkProgrammable(programmable: ProgrammableValue, inputs: readonly InputSource[]): void {
  const { commands } = programmable;
  if (commands.length >= limits.COMMANDS_BELOW) {
    sizeLimit('maximum commands in a programmable transaction', limits.COMMANDS_BELOW);
  }
  const used = new Set<Address>();
  let receiving = 0;
  for (const input of inputs) {
    if (input.kind === 'pure') continue;
    if (input.kind === 'receiving') receiving += 1;
    else {
      const id = input.kind === 'owned' ? input.ref.id : input.id;
      if (used.has(id)) throw userInput("The transaction inputs contain duplicated ObjectRef's");
      used.add(id);
    }
  }
  if (used.size + receiving + referencedPackages(commands).size > limits.MAX_INPUT_OBJECTS) {
    sizeLimit('maximum input + receiving objects in a transaction', limits.MAX_INPUT_OBJECTS);
  }
  for (const input of inputs) {
    if (input.kind === 'pure' && input.bytes.length >= limits.PURE_BYTES_BELOW) {
      sizeLimit('maximum pure argument size', limits.PURE_BYTES_BELOW);
    }
  }
  const publishes = commands.filter((command) => command.Publish ?? command.Upgrade).length;
  if (publishes > limits.MAX_PUBLISH_COMMANDS) {
    throw userInput(
      `${limits.MAX_PUBLISH_COMMANDS} max publish/upgrade commands allowed, ${publishes} provided`,
    );
  }
  for (const command of commands) checkCommand(command);
  checkRandomness(commands, inputs);
}

function checkCommand(command: CommandValue): void {
  if (command.MoveCall !== undefined) {
    checkTypes(command.MoveCall.typeArguments);
    if (command.MoveCall.arguments.length >= limits.ARGUMENTS_BELOW) {
      sizeLimit('maximum arguments in a move call', limits.ARGUMENTS_BELOW);
    }
    return;
  }
  if (command.MakeMoveVec !== undefined) {
    const { type, elements } = command.MakeMoveVec;
    if (type === null && elements.length === 0) emptyCommand();
    if (type !== null) checkTypes([type]);
    checkCount(elements.length);
    return;
  }
  const published = command.Publish ?? command.Upgrade;
  if (published !== undefined) {
    if (published.modules.length === 0) emptyCommand();
    if (published.modules.length >= limits.MODULES_IN_PUBLISH_BELOW) {
      sizeLimit(
        'maximum modules in a programmable transaction upgrade command',
        limits.MODULES_IN_PUBLISH_BELOW,
      );
    }
    if (published.dependencies.length >= limits.PACKAGE_DEPENDENCIES_BELOW) {
      sizeLimit('maximum package dependencies', limits.PACKAGE_DEPENDENCIES_BELOW);
    }
    return;
  }
  const list =
    command.TransferObjects?.objects ?? command.SplitCoins?.amounts ?? command.MergeCoins?.sources ?? [];
  if (list.length === 0) emptyCommand();
  checkCount(list.length);
}

function emptyCommand(): never {
  throw userInput(
    'TransferObjects, MergeCoin, and Publish cannot have empty arguments. ' +
      'If MakeMoveVec has empty arguments, it must have a type specified',
  );
}

function checkCount(count: number): void {
  if (count >= limits.ARGUMENTS_BELOW) {
    sizeLimit('maximum arguments in a programmable transaction command', limits.ARGUMENTS_BELOW);
  }
}

function checkTypes(texts: readonly string[]): void {
  let nodes = 0;
  const visit = (tag: TypeTag, depth: number): void => {
    nodes += 1;
    if (nodes >= limits.TYPE_ARGUMENTS_BELOW) {
      sizeLimit('maximum type arguments in a call transaction', limits.TYPE_ARGUMENTS_BELOW);
    }
    if (depth >= limits.TYPE_ARGUMENT_DEPTH_BELOW) {
      sizeLimit('maximum type argument depth in a call transaction', limits.TYPE_ARGUMENT_DEPTH_BELOW);
    }
    if (typeof tag === 'string') return;
    if ('vector' in tag) visit(tag.vector, depth + 1);
    else for (const parameter of tag.struct.typeParams) visit(parameter, depth + 1);
  };
  for (const text of texts) visit(parseType(text), 1);
}

/** @throws LedgerError `MALFORMED_TRANSACTION` when the text is no type */
export function parseType(text: string): TypeTag {
  try {
    return typeTagFromSdk(text);
  } catch (error) {
    throw new LedgerError('MALFORMED_TRANSACTION', `${text} is not a Move type`, { cause: error });
  }
}

/** After a command that uses randomness only transfers and merges may follow. */
function checkRandomness(commands: readonly CommandValue[], inputs: readonly InputSource[]): void {
  const index = inputs.findIndex((input) => input.kind === 'shared' && input.id === limits.RANDOMNESS_ID);
  if (index < 0) return;
  const first = commands.findIndex((command) =>
    command.MoveCall?.arguments.some((argument) => argument.Input === index),
  );
  if (first < 0) return;
  if (commands.slice(first + 1).some((command) => !(command.TransferObjects ?? command.MergeCoins))) {
    throw userInput('Commands following a command with Random can only be TransferObjects or MergeCoins');
  }
}

/** Ids of the packages that commands name, directly or in types. */
export function referencedPackages(commands: readonly CommandValue[]): ReadonlySet<Address> {
  const ids = new Set<Address>();
  const addType = (tag: TypeTag): void => {
    if (typeof tag === 'string') return;
    if ('vector' in tag) addType(tag.vector);
    else {
      ids.add(tag.struct.address);
      for (const parameter of tag.struct.typeParams) addType(parameter);
    }
  };
  for (const command of commands) {
    if (command.MoveCall !== undefined) {
      ids.add(command.MoveCall.package);
      for (const text of command.MoveCall.typeArguments) addType(parseType(text));
    } else if (command.MakeMoveVec !== undefined) {
      if (command.MakeMoveVec.type !== null) addType(parseType(command.MakeMoveVec.type));
    } else {
      for (const id of (command.Publish ?? command.Upgrade)?.dependencies ?? []) ids.add(id);
      if (command.Upgrade !== undefined) ids.add(command.Upgrade.package);
    }
  }
  return ids;
}
