/**
 * The gate, `/wot.id/gate/1`: two nodes on one encrypted connection show each other a credential, the initiator first,
 * and start or continue a session. A pure state machine: frames in, frames out. It owns no socket, no timer, no
 * credential format and no ratchet.
 */
export { gateCodeName, gateCodes, isGateCode, wireGateCode, type GateCode } from './codes.ts';
export { GateError, type GateErrorCode } from './errors.ts';
export { survivingGate } from './glare.ts';
export { createGateInitiator, type GateInitiator, type GateInitiatorInit } from './initiator.ts';
export {
  defaultGateLimits,
  GateLimiter,
  type GateAdmission,
  type GateLimits,
  type GateOrigin,
} from './limiter.ts';
export {
  GATE_VERSION,
  gateTimeouts,
  MAX_GATE_CREDENTIAL_BYTES,
  MAX_GATE_FRAME_BYTES,
  MAX_GATE_HELLO_BYTES,
  MAX_GATE_SKEW_MS,
} from './limits.ts';
export type { GateBundle } from './messages.ts';
export type {
  GateInit,
  GateObservation,
  GateResult,
  GateSessionContext,
  GateStep,
  GateTermination,
  InitiatorSessions,
  LiveSession,
  MaybePromise,
  PeerToVerify,
  PeerVerdict,
  ResponderSessions,
  VerifyPeer,
} from './ports.ts';
export type { GateMachine } from './machine.ts';
export { createGateResponder, type GateResponder, type GateResponderInit } from './responder.ts';
