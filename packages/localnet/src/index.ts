/**
 * An IOTA network inside one process: real Move bytecode, real transactions, the JSON-RPC and the faucet of IOTA's
 * localnet.
 *
 * @example
 * ```ts
 * await using net = await startLocalnet({ port: 0, faucetPort: 0 });
 * const client = new IotaClient({ url: net.rpcUrl });
 * ```
 * @module
 */
export { DatabaseError, type DatabaseErrorCode } from './ledger/database.ts';
export { LedgerError, type LedgerErrorCode } from './ledger/errors.ts';
export type * from './ledger/types.ts';
export { FaucetError, type FaucetErrorCode } from './rpc/faucet.ts';
export { ListenError, type ListenErrorCode } from '@wotid/listener';
export {
  defaultFaucetPort,
  defaultRpcPort,
  startLocalnet,
  type Localnet,
  type LocalnetInit,
} from './server.ts';
