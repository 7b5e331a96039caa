/**
 * Methods about the network itself. The embedded network has no validators and no stake: these answers say so with empty lists and zeros, and everything that only makes sense with validators is not implemented.
 */
import { coinBalance } from '../ledger/coins.ts';
import {
  MAX_GAS_BUDGET,
  MAX_GAS_PRICE,
  MAX_INPUT_OBJECTS,
  MAX_OBJECT_BYTES,
  MAX_PACKAGE_BYTES,
  MAX_TX_BYTES,
  PROTOCOL_VERSION,
  ZERO_ADDRESS,
} from '../ledger/protocol.ts';
import { isGasCoin } from '../ledger/type-tags.ts';
import type { Checkpoint, LedgerReader } from '../ledger/types.ts';
import type { Methods } from './context.ts';
import type { JsonObject } from './json.ts';
import { parseAddress, parseU64 } from './params.ts';
import { invalidParams } from './rpc-error.ts';

/** Below 5, the SDK asks for the first form of the system state. */
const protocolVersion = PROTOCOL_VERSION;
/**
 * 1,000 years. Epochs of the embedded network end when they are told to, and the SDK's parallel executor waits for ever
 * when an epoch that should be over by its own clock is not.
 */
const epochDurationMs = 1_000n * 31_557_600_000n;

/** Gas of all epochs: each one's last checkpoint has the sums of its own. */
function gasOfAllEpochs(ledger: LedgerReader): Checkpoint['gas'] {
  const latest = ledger.getCheckpoint(ledger.latestCheckpoint);
  const sums = { computation: 0n, storage: 0n, rebate: 0n };
  const last = latest === undefined || latest.endsEpoch ? [] : [latest];
  for (const { gas } of [...ledger.epochEnds, ...last]) {
    sums.computation += gas.computation;
    sums.storage += gas.storage;
    sums.rebate += gas.rebate;
  }
  return sums;
}

/** NANOS in existence: what genesis made, less the computation fees, which are burned. */
export function totalSupply(ledger: LedgerReader): bigint {
  let supply = -gasOfAllEpochs(ledger).computation;
  for (const object of ledger.getTransactionAt(0n)?.written ?? []) {
    if (object.kind === 'move' && isGasCoin(object.type)) supply += coinBalance(object.contents);
  }
  return supply;
}

function systemStateJson(ledger: LedgerReader): JsonObject {
  const gas = gasOfAllEpochs(ledger);
  return {
    epoch: ledger.epoch.toString(),
    protocolVersion: protocolVersion.toString(),
    systemStateVersion: '1',
    iotaTotalSupply: totalSupply(ledger).toString(),
    iotaTreasuryCapId: ZERO_ADDRESS,
    storageFundTotalObjectStorageRebates: (gas.storage - gas.rebate).toString(),
    storageFundNonRefundableBalance: '0',
    referenceGasPrice: ledger.referenceGasPrice.toString(),
    safeMode: false,
    safeModeStorageCharges: '0',
    safeModeComputationRewards: '0',
    safeModeStorageRebates: '0',
    safeModeNonRefundableStorageFee: '0',
    epochStartTimestampMs: ledger.epochStartMs.toString(),
    epochDurationMs: epochDurationMs.toString(),
    minValidatorCount: '0',
    maxValidatorCount: '0',
    minValidatorJoiningStake: '0',
    validatorLowStakeThreshold: '0',
    validatorVeryLowStakeThreshold: '0',
    validatorLowStakeGracePeriod: '0',
    totalStake: '0',
    activeValidators: [],
    pendingActiveValidatorsId: ZERO_ADDRESS,
    pendingActiveValidatorsSize: '0',
    pendingRemovals: [],
    stakingPoolMappingsId: ZERO_ADDRESS,
    stakingPoolMappingsSize: '0',
    inactivePoolsId: ZERO_ADDRESS,
    inactivePoolsSize: '0',
    validatorCandidatesId: ZERO_ADDRESS,
    validatorCandidatesSize: '0',
    atRiskValidators: [],
    validatorReportRecords: [],
  };
}

function sinceEpochStart(ledger: LedgerReader): JsonObject {
  const end = ledger.epochEnds.at(-1);
  return {
    epochTotalTransactions: (ledger.transactionCount - (end?.networkTotalTransactions ?? 0n)).toString(),
    firstCheckpointId: end === undefined ? '0' : (end.sequence + 1n).toString(),
  };
}

function systemStateV2Json(ledger: LedgerReader): JsonObject {
  const { safeModeComputationRewards, ...common } = systemStateJson(ledger);
  return {
    V2: {
      ...common,
      safeModeComputationCharges: safeModeComputationRewards,
      safeModeComputationChargesBurned: '0',
      committeeMembers: [],
    },
  };
}

/** The limits that the ledger enforces under their protocol names; others are not listed rather than made up. */
function protocolConfigJson(): JsonObject {
  const u64 = (value: bigint | number): JsonObject => ({ u64: value.toString() });
  return {
    minSupportedProtocolVersion: '1',
    maxSupportedProtocolVersion: protocolVersion.toString(),
    protocolVersion: protocolVersion.toString(),
    featureFlags: {},
    attributes: {
      max_gas_price: u64(MAX_GAS_PRICE),
      max_input_objects: u64(MAX_INPUT_OBJECTS),
      max_move_object_size: u64(MAX_OBJECT_BYTES),
      max_move_package_size: u64(MAX_PACKAGE_BYTES),
      max_tx_gas: u64(MAX_GAS_BUDGET),
      max_tx_size_bytes: u64(MAX_TX_BYTES),
    },
  };
}

export const systemMethods: Methods = {
  iota_getChainIdentifier: { params: [], run: (_params, { ledger }) => ledger.chainId },
  iota_getProtocolConfig: {
    params: ['version'],
    run(params) {
      const version = params.optional(0, 'version', parseU64) ?? protocolVersion;
      if (version < 1n || version > protocolVersion) {
        throw invalidParams(
          `Unsupported protocol version requested. Min supported: 1, max supported: ${protocolVersion}`,
        );
      }
      return protocolConfigJson();
    },
  },
  iotax_getReferenceGasPrice: {
    params: [],
    run: (_params, { ledger }) => ledger.referenceGasPrice.toString(),
  },
  iotax_getLatestIotaSystemState: { params: [], run: (_params, { ledger }) => systemStateJson(ledger) },
  iotax_getLatestIotaSystemStateV2: { params: [], run: (_params, { ledger }) => systemStateV2Json(ledger) },
  iotax_getCommitteeInfo: {
    params: ['epoch'],
    run(params, { ledger }) {
      const epoch = params.optional(0, 'epoch', parseU64) ?? ledger.epoch;
      if (epoch > ledger.epoch) throw invalidParams(`epoch ${epoch} has not begun`);
      return { epoch: epoch.toString(), validators: [] };
    },
  },
  iotax_getCurrentEpoch: {
    params: [],
    run: (_params, { ledger }) => ({
      epoch: ledger.epoch.toString(),
      validators: [],
      ...sinceEpochStart(ledger),
      epochStartTimestamp: ledger.epochStartMs.toString(),
      endOfEpochInfo: null,
      referenceGasPrice: ledger.referenceGasPrice.toString(),
      committeeMembers: [],
    }),
  },
  iotax_getValidatorsApy: {
    params: [],
    run: (_params, { ledger }) => ({ apys: [], epoch: ledger.epoch.toString() }),
  },
  iotax_getTotalTransactions: {
    params: [],
    run: (_params, { ledger }) => ledger.transactionCount.toString(),
  },
  iotax_getStakes: { params: ['owner'], run: (params) => (params.required(0, 'owner', parseAddress), []) },
  iotax_getTimelockedStakes: {
    params: ['owner'],
    run: (params) => (params.required(0, 'owner', parseAddress), []),
  },
};
