/**
 * The first state: framework packages, Clock 0x6, Random 0x8, the deny list 0x403 and the metadata of IOTA when the
 * framework has them, and the faucet's coins, made by one genesis transaction in checkpoint 0. Every random choice
 * comes from `random`, time from the caller, so that equal inputs give equal digests.
 */
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { normalizeIotaAddress } from '@iota/iota-sdk/utils';
import { concatBytes, errorText, u64le, utf8, type Random } from '@wotid/core';
import { moduleInfo, type ModuleInfo } from '@wotid/move-vm';
import { bcs } from '@iota/iota-sdk/bcs';
import { coinContents } from './coins.ts';
import { LedgerError } from './errors.ts';
import { addressBytes, blake2b256, deriveId } from './hashing.ts';
import { ledgerNatives } from './natives/index.ts';
import { initialPackage } from './packages.ts';
import { CLOCK_ID, FRAMEWORK_ADDRESS, STD_ADDRESS } from './protocol.ts';
import { systemObjects } from './system-objects.ts';
import { genesisTransaction, type SystemTransaction } from './system-transactions.ts';
import type { Draft, PackageDraft } from './tx-state.ts';
import { CLOCK_TYPE, GAS_COIN_TYPE, IOTA_TYPE } from './type-tags.ts';
import type { Address, Owner, PackageObject } from './types.ts';

/**
 * A framework as `genesis/framework.json` holds it: packages in dependency order, modules in base64, ids in any
 * spelling.
 */
export interface FrameworkFile {
  readonly packages: readonly {
    readonly id: Address;
    readonly name: string;
    readonly modules: Readonly<Record<string, string>>;
    /** Ids of the packages it depends on. */
    readonly dependencies: readonly Address[];
  }[];
}

export interface GenesisInit {
  readonly framework: FrameworkFile;
  readonly random: Random;
  readonly timestampMs: bigint;
  /** NANOS in the faucet's coins. */
  readonly faucetSupply: bigint;
}

export interface Genesis {
  readonly transaction: SystemTransaction;
  readonly drafts: readonly Draft[];
  readonly faucetKey: Ed25519Keypair;
}

/** The faucet pays from several coins, so that none grows large enough to overflow when merged. */
const FAUCET_COINS = 5n;
const GENESIS_ID_LABEL = utf8('genesis objects');
const SYSTEM_ID_LABEL = utf8('genesis system objects');

/** @throws LedgerError `GENESIS_INVALID` when the framework is not one */
export function buildGenesis(init: GenesisInit): Genesis {
  const packages = frameworkPackages(init.framework);
  const faucetKey = Ed25519Keypair.fromSecretKey(init.random.bytes(32));
  const faucet: Owner = { kind: 'address', address: faucetKey.toIotaAddress() };
  const idSeed = blake2b256(GENESIS_ID_LABEL, faucetKey.getPublicKey().toRawBytes(), u64le(init.timestampMs));
  let created = 0n;
  const nextId = (): Address => deriveId(idSeed, created++);
  const drafts: Draft[] = [...packages];
  drafts.push({
    kind: 'move',
    id: CLOCK_ID,
    type: CLOCK_TYPE,
    contents: clockContents(init.timestampMs),
    owner: { kind: 'shared', initialSharedVersion: 1n },
  });
  if (hasCoinMetadata(packages)) drafts.push(iotaMetadata(nextId()));
  const { random, timestampMs } = init;
  const objectSeed = blake2b256(SYSTEM_ID_LABEL, idSeed);
  drafts.push(
    ...systemObjects({ packages, natives: ledgerNatives, random, idSeed: objectSeed, timestampMs }),
  );
  const share = init.faucetSupply / FAUCET_COINS;
  for (let index = 0n; index < FAUCET_COINS; index++) {
    const balance = index === 0n ? init.faucetSupply - share * (FAUCET_COINS - 1n) : share;
    const id = nextId();
    drafts.push({
      kind: 'move',
      id,
      type: GAS_COIN_TYPE,
      contents: coinContents(id, balance),
      owner: faucet,
    });
  }
  return { transaction: genesisTransaction(drafts.map(asGenesisObject)), drafts, faucetKey };
}

/** BCS of `0x2::clock::Clock`. */
export function clockContents(timestampMs: bigint): Uint8Array {
  return concatBytes(addressBytes(CLOCK_ID), u64le(timestampMs));
}

function asGenesisObject(draft: Draft): Parameters<typeof genesisTransaction>[0][number] {
  const common = { previousTransaction: '1'.repeat(32), storageRebate: 0n };
  if (draft.kind === 'package') return { ...draft, ...common, owner: { kind: 'immutable' } };
  return { ...draft, ...common, version: 1n };
}

function frameworkPackages(framework: FrameworkFile): PackageDraft[] {
  const known = new Map<Address, PackageDraft>();
  for (const { id: idText, name, modules, dependencies } of framework.packages) {
    const id = normalizeIotaAddress(idText);
    const linkage = new Map<Address, { readonly id: Address; readonly version: bigint }>();
    for (const dependency of dependencies.map((text) => normalizeIotaAddress(text))) {
      if (!known.has(dependency))
        throw badFramework(`${name} depends on ${dependency}, which is not before it`);
      linkage.set(dependency, { id: dependency, version: 1n });
    }
    const code = Object.entries(modules).map(([module, text]) => decodeModule(name, module, text));
    for (const bytes of code) {
      const info = describe(name, bytes);
      if (info.address !== id)
        throw badFramework(`module ${name}::${info.name} calls itself ${info.address}`);
    }
    known.set(id, initialPackage(id, code, linkage as PackageObject['linkage']));
  }
  for (const id of [STD_ADDRESS, FRAMEWORK_ADDRESS]) {
    if (!known.has(id)) throw badFramework(`package ${id} is missing`);
  }
  return [...known.values()];
}

function decodeModule(packageName: string, module: string, text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw badFramework(`module ${packageName}::${module} is not base64`, cause);
  }
}

function describe(packageName: string, bytes: Uint8Array): ModuleInfo {
  try {
    return moduleInfo(bytes);
  } catch (cause) {
    throw badFramework(`a module of ${packageName} does not decode: ${errorText(cause)}`, cause);
  }
}

function badFramework(message: string, cause?: unknown): LedgerError {
  return new LedgerError('GENESIS_INVALID', message, {
    hint: 'Use the framework that comes with the package, or rebuild it with `npm run framework:build`.',
    cause,
  });
}

const metadataFields = 'id decimals name symbol description icon_url';

function hasCoinMetadata(packages: readonly PackageDraft[]): boolean {
  const modules = packages.find(({ id }) => id === FRAMEWORK_ADDRESS)?.modules;
  const coin = modules?.get('coin');
  if (coin === undefined || modules?.has('iota') !== true) return false;
  const metadata = moduleInfo(coin).structs.find(({ name }) => name === 'CoinMetadata');
  return metadata?.fields.map(({ name }) => name).join(' ') === metadataFields;
}

/** The frozen `0x2::coin::CoinMetadata<0x2::iota::IOTA>` with the texts that IOTA's own genesis has. */
function iotaMetadata(id: Address): Draft {
  const text = (value: string): Uint8Array => bcs.String.serialize(value).toBytes();
  return {
    kind: 'move',
    id,
    type: {
      address: FRAMEWORK_ADDRESS,
      module: 'coin',
      name: 'CoinMetadata',
      typeParams: [{ struct: IOTA_TYPE }],
    },
    contents: concatBytes(
      addressBytes(id),
      Uint8Array.of(9),
      text('IOTA'),
      text('IOTA'),
      text('The main (gas)token of the IOTA Network.'),
      Uint8Array.of(1),
      text('https://iota.org/logo.png'),
    ),
    owner: { kind: 'immutable' },
  };
}
