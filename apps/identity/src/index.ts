/**
 * The identity service of wot.id, on Hono.
 * @module
 */
export {
  DatabaseError,
  type Database,
  type DatabaseErrorCode,
  type SqlRow,
  type SqlRunner,
  type SqlValue,
} from './database/database.ts';
export { openDatabase } from './database/open.ts';
export { ListenError, type ListenErrorCode, type TlsFiles } from './http/listener.ts';
export {
  createIdentityService,
  defaultIdentityPort,
  type IdentityService,
  type IdentityServiceInit,
} from './service.ts';
