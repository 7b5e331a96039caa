/** Starts the embedded network: a ledger, its JSON-RPC and its faucet, on two loopback ports. */
import { silentLogger, systemClock, type Clock, type Logger } from '@wotid/core';
import { listen, type Listener } from '@wotid/listener';
import { bundledFramework, loadFramework } from './framework-file.ts';
import { openDatabase } from './ledger/database.ts';
import { createLedger, type LedgerInit } from './ledger/ledger.ts';
import { MAX_FAUCET_COINS } from './ledger/faucet.ts';
import type { Ledger } from './ledger/types.ts';
import { createFaucetApp, createRpcApp } from './rpc/http.ts';
import { defaultFaucetAmounts, defaultFaucetRequestsPerSecond, Faucet, FaucetError } from './rpc/faucet.ts';
import { createDispatcher } from './rpc/index.ts';
import { listenerBounds } from './rpc/limits.ts';
import { seededRandom } from './seeded-random.ts';

/** Port of IOTA's localnet for JSON-RPC. */
export const defaultRpcPort = 9_000;
/** Port of IOTA's localnet for the faucet. */
export const defaultFaucetPort = 9_123;

/** Settings of {@link startLocalnet}; everything has a default. */
export interface LocalnetInit {
  /** Port of the JSON-RPC; 0 picks a free one. Default 9000. */
  readonly port?: number;
  /** Port of the faucet; 0 picks a free one. Default 9123. */
  readonly faucetPort?: number;
  /** Address to listen on. Default 127.0.0.1: reachable from this machine alone. */
  readonly host?: string;
  /** Host names that requests may name besides IP addresses and localhost. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Time of checkpoints and of the Clock object. Default the system's. */
  readonly clock?: Clock;
  /**
   * Makes time stand still at this moment, in milliseconds since the Unix epoch, and move by
   * {@link Localnet.advanceClock} alone. Instead of `clock`.
   */
  readonly startTimeMs?: number;
  /** Makes genesis reproducible: with the same seed and clock, equal transactions have equal digests. */
  readonly seed?: string;
  /**
   * Framework packages for genesis instead of this package's own: the URL of a network's JSON-RPC, or a folder with
   * compiled packages named as in IOTA's `packages_compiled`. A network that `directory` holds already keeps its own.
   */
  readonly framework?: string | URL;
  /**
   * Directory that keeps the network between runs; made if it is missing. Default: everything is in memory. A network
   * that is there already goes on, with its own genesis and time never going back.
   */
  readonly directory?: string;
  /**
   * True makes conflicting transactions on an owned object version lock it, as equivocation does on a real network.
   * Default false: the first one wins and the second is told that the version is gone. Locks last until the epoch ends or
   * the network stops; `directory` does not keep them.
   */
  readonly lockConflicts?: boolean;
  /** NANOS of each coin that one faucet request pays. Default 5 coins of 200 IOTA. */
  readonly faucetAmounts?: readonly bigint[];
  /** Faucet requests served in any one second, all clients together; more are answered 429. Default 200. */
  readonly faucetRequestsPerSecond?: number;
  /** NANOS that genesis gives to the faucet. Default 4.6 billion IOTA. */
  readonly faucetSupply?: bigint;
  /** Milliseconds for a client to send its whole request. Default 30,000. */
  readonly requestTimeoutMs?: number;
  readonly logger?: Logger;
  /** Stops the network when it aborts. */
  readonly signal?: AbortSignal;
}

/** A running embedded network. */
export interface Localnet extends AsyncDisposable {
  /** `http://127.0.0.1:9000` or what was asked for. */
  readonly rpcUrl: string;
  readonly faucetUrl: string;
  /** First 4 bytes of the genesis checkpoint's digest, 8 hex digits. */
  readonly chainId: string;
  /** The state behind the network, for tests that look at it directly. */
  readonly ledger: Ledger;
  /** Remembers the whole state as it is now. @returns what {@link Localnet.revert} takes */
  snapshot(): number;
  /**
   * Goes back to a snapshot, also repeatedly: objects, transactions, locks, clock. Snapshots taken after it are gone.
   * @throws LedgerError `UNKNOWN_SNAPSHOT`
   */
  revert(snapshot: number): void;
  /** Moves the network's time forward. @throws LedgerError `BAD_ARGUMENT` unless 0 to 100 years in milliseconds */
  advanceClock(byMs: number): void;
  /** Ends the epoch now. Nothing else does: the embedded network stays in an epoch until it is told. */
  advanceEpoch(): void;
  /** Lets calls under way end, closes all sockets, then the directory. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a network in this process: a fresh one in memory, gone after {@link Localnet.stop}, or that of `directory`.
 * @throws DatabaseError when `directory` cannot be used; its codes tell why
 * @throws ListenError `PORT_IN_USE`, `CANNOT_LISTEN`; nothing is left running
 * @throws LedgerError `GENESIS_INVALID` when the framework is unusable or `faucetSupply` out of range
 * @throws FaucetError `BAD_REQUEST` when `faucetAmounts` is empty, too long or has a coin of nothing
 * @throws the signal's reason when it is aborted already
 */
export async function startLocalnet(init: LocalnetInit = {}): Promise<Localnet> {
  const { signal } = init;
  signal?.throwIfAborted();
  const logger = init.logger ?? silentLogger;
  const { startTimeMs } = init;
  const clock = startTimeMs === undefined ? (init.clock ?? systemClock) : { nowMs: () => startTimeMs };
  const host = init.host ?? '127.0.0.1';
  const amounts = checkAmounts(init.faucetAmounts ?? defaultFaucetAmounts);

  const framework = await (init.framework === undefined
    ? bundledFramework()
    : loadFramework(init.framework, signal));
  const ledger = openLedger(init.directory, {
    framework,
    clock,
    ...(init.seed !== undefined && { random: seededRandom(init.seed) }),
    ...(init.lockConflicts !== undefined && { lockConflicts: init.lockConflicts }),
    ...(init.faucetSupply !== undefined && { faucetSupply: init.faucetSupply }),
  });
  const settings = { allowedHosts: init.allowedHosts ?? [], logger };
  const rpcApp = createRpcApp(createDispatcher(ledger, logger), settings);
  const requestsPerSecond = init.faucetRequestsPerSecond ?? defaultFaucetRequestsPerSecond;
  const faucet = new Faucet({ amounts, requestsPerSecond }, ledger, init.clock ?? systemClock, logger);
  const faucetApp = createFaucetApp(faucet, settings);
  const { requestTimeoutMs = listenerBounds.requestTimeoutMs } = init;
  const common = { host, logger, bounds: { ...listenerBounds, requestTimeoutMs } };

  let rpc: Listener | undefined;
  let faucetListener: Listener;
  try {
    rpc = await listen({
      ...common,
      port: init.port ?? defaultRpcPort,
      fetch: (request) => rpcApp.fetch(request),
    });
    faucetListener = await listen({
      ...common,
      port: init.faucetPort ?? defaultFaucetPort,
      fetch: (request) => faucetApp.fetch(request),
    });
  } catch (error) {
    await rpc?.close();
    ledger.close();
    throw error;
  }

  const stop = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    await Promise.all([rpc.close(), faucetListener.close()]);
    ledger.close();
  };
  const onAbort = (): void => void stop();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) {
    await stop();
    signal.throwIfAborted();
  }
  return {
    rpcUrl: rpc.url,
    faucetUrl: faucetListener.url,
    chainId: ledger.chainId,
    ledger,
    snapshot: () => ledger.snapshot(),
    revert: (snapshot) => ledger.revert(snapshot),
    advanceClock: (byMs) => ledger.advanceClock(byMs),
    advanceEpoch: () => ledger.advanceEpoch(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function openLedger(directory: string | undefined, init: LedgerInit): Ledger {
  if (directory === undefined) return createLedger(init);
  const database = openDatabase(directory);
  try {
    return createLedger({ ...init, database });
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkAmounts(amounts: readonly bigint[]): readonly bigint[] {
  if (amounts.length === 0 || amounts.length > MAX_FAUCET_COINS || amounts.some((amount) => amount <= 0n)) {
    throw new FaucetError('BAD_REQUEST', `faucetAmounts must be 1 to ${MAX_FAUCET_COINS} amounts above 0`, {
      hint: 'give NANOS; one IOTA is 1,000,000,000',
    });
  }
  return amounts;
}
