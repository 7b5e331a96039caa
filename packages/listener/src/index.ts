/**
 * One listening socket for a fetch-style app: bounded against slow and many clients, with or without TLS.
 * @module
 */
export {
  listen,
  ListenError,
  type ListenErrorCode,
  type Listener,
  type ListenerBounds,
  type ListenerInit,
  type TlsFiles,
} from './listener.ts';
export type { HttpBindings } from '@hono/node-server';
