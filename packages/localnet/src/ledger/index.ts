/**
 * The ledger of the embedded IOTA network: objects, transaction checks, execution, effects, checkpoints. It knows no
 * HTTP and no JSON, and nothing of any application.
 * @module
 */
export { DatabaseError, openDatabase, type DatabaseErrorCode, type LedgerDatabase } from './database.ts';
export { LedgerError, type LedgerErrorCode } from './errors.ts';
export type { FrameworkFile } from './genesis.ts';
export { createLedger, type LedgerInit } from './ledger.ts';
export type * from './types.ts';
