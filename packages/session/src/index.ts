/**
 * Sessions of wot.id: PQXDH, the hybrid header-encrypted ratchet, wire formats, prekeys and records. Pure: bytes and
 * values in, bytes and values out, with time and randomness as arguments. Whoever calls it stores the new state before
 * releasing ciphertext or plaintext.
 * @module
 */
export { SessionError, type SessionErrorCode } from './errors.ts';
export * from './gate/index.ts';
export { ownIdentity, peerIdentity, type OwnIdentity, type PeerIdentity } from './identity.ts';
export * from './levels.ts';
export * from './limits.ts';
export * from './suites.ts';
export type { GateBinding } from './pqxdh/agreement.ts';
export type { HandshakePrekeys } from './pqxdh/encoding.ts';
export { acceptGateSession, createGateSession, type GateSessionInit } from './pqxdh/gate-handshake.ts';
export { createInit, type CreateInitInit } from './pqxdh/initial-message.ts';
export { openInit, PendingInit, type AcceptedInit, type OpenInitInit } from './pqxdh/pending-init.ts';
export {
  KIND_INIT,
  publicPartBytes,
  splitInit,
  type InitParts,
  type PublicPart,
} from './pqxdh/public-part.ts';
export { verifyOneTimePair, type OneTimePair } from './prekeys/one-time.ts';
export {
  verifyPrekeys,
  type MailboxPlace,
  type PrekeyPublication,
  type VerifiedPrekeys,
  type VerifyPrekeysInit,
} from './prekeys/publication.ts';
export {
  consumeOneTimePair,
  createPrekeys,
  emptyPrekeys,
  erasePrekeys,
  oneTimePairs,
  OnlinePrekeys,
  prekeyPolicy,
  PrekeyStore,
  publishedKemPrekey,
  wipePrekeys,
  type CreatePrekeysInit,
  type OneTimePairIds,
  type OneTimePairs,
  type PrekeyPolicy,
} from './prekeys/store.ts';
export { decrypt, encrypt, KIND_RATCHET, recognizes } from './ratchet/ratchet.ts';
export { RatchetState } from './ratchet/state.ts';
export { hasRekeyToSend, rekeyNeed, type RekeyNeed } from './rekey-policy.ts';
export { decodePrekeys, encodePrekeys } from './record/prekey-record.ts';
export {
  activeSession,
  addSession,
  findSession,
  isSessionExpired,
  removeSession,
  sessionBook,
  sessionOf,
  sessionPolicy,
  supersedes,
  updateSession,
  type AddedSession,
  type SessionBook,
  type SessionPolicy,
} from './record/session-book.ts';
export {
  decodeSession,
  encodeSession,
  MAX_SESSION_RECORD_BYTES,
  sessionRecordAad,
} from './record/session-record.ts';
export { defaultSecurityPolicy, assertSecurityPolicy, type SecurityPolicy } from './security-policy.ts';
export {
  markPeerVerified,
  wipeReplaced,
  type Session,
  type SessionFacts,
  type SessionOrigin,
  type SessionRole,
} from './session.ts';
export {
  encodeFrame,
  MESSAGE_ID_BYTES,
  parseFrame,
  signedBody,
  type Frame,
  type SignedFacts,
} from './wire/frame.ts';
export {
  newMessageId,
  openEnvelope,
  sealMessage,
  type IncomingMessage,
  type OpenInit,
  type OutgoingMessage,
  type SealInit,
} from './wire/message.ts';
export {
  encodePresentationOffer,
  encodePresentationRequest,
  encodePresentation,
  parsePresentationOffer,
  parsePresentationRequest,
  parsePresentation,
  type PresentationOffer,
  type PresentationRequest,
} from './wire/presentation-messages.ts';
export {
  encodeCheckpoint,
  logHash,
  parseCheckpoint,
  type Checkpoint,
  type LoggedMessage,
  type LogWindow,
} from './wire/message-log.ts';
export {
  encodeReceipt,
  encodeText,
  FIRST_APPLICATION_TYPE,
  messageTypes,
  parseReceipt,
  parseText,
  requiresSignature,
  type SeqRange,
} from './wire/message-types.ts';
export { paddedLength, type Route } from './wire/padding.ts';
