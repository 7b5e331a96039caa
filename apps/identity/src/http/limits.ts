/** Every bound of the HTTP side that a stranger can push against, with its reason. */

import type { ListenerBounds } from '@wotid/listener';

/** The largest honest body is a credential request with a full identity block as text (about 15 KB) beside a proof JWT. */
export const maxBodyBytes = 65_536;
/** The deepest honest body, a credential request with proofs, is at 4. */
export const maxJsonDepth = 16;
/** The slowest honest answer waits for a DID resolution of 10 s. */
export const answerTimeoutMs = 25_000;
/** What sockets may take. */
export const listenerBounds: ListenerBounds = {
  // A client sends its headers at once.
  headersTimeoutMs: 10_000,
  // A phone on a bad line sends 64 KiB in this time.
  requestTimeoutMs: 20_000,
  // Wallets make a few calls in a row, then none.
  keepAliveTimeoutMs: 5_000,
  // Longer than an answer may take.
  stuckSocketMs: 30_000,
  // A bearer token has less than 1 KiB.
  maxHeaderBytes: 8_192,
  // Each costs some 50 KB at most while it sends.
  maxConnections: 2_048,
  // An office behind one address; eight such clients that send slowly are needed to take all.
  maxConnectionsPerClient: 256,
  // So that a balancer can move clients.
  maxRequestsPerSocket: 1_000,
  // Longer than an answer may take.
  stopGraceMs: 27_000,
};
/** Clients whose rate is remembered; the one that was silent longest is forgotten first. */
export const maxRateKeys = 50_000;
/** Requests that one client address may make at once … */
export const rateBurst = 200;
/** … and per second for long. A wallet needs 6 for a credential; an office behind one address has many wallets. */
export const ratePerSecond = 50;
