/**
 * The home directory of an agent on disk. It stores; it decides nothing.
 * @module
 */
export {
  ObjectStore,
  ReplayStore,
  type AcceptedInit,
  type ObjectOutcome,
  type RememberedObject,
} from './chain-store.ts';
export { ContactStore, IssuerStore, type Contact, type PinnedIssuer } from './contact-store.ts';
export { FirstMessageStore, type FirstMessage } from './first-message-store.ts';
export { HandshakeStore, type PublishedKem } from './handshake-store.ts';
export { Home, type HomeInit, type HomeOpenInit } from './home.ts';
export { HomeError, type HomeErrorCode } from './home-error.ts';
export * from './home-limits.ts';
export { InboxStore, type InboxEntry, type ReceivedMessage } from './inbox-store.ts';
export {
  OutboxStore,
  type OutboxEntry,
  type OutboxMessage,
  type OutboxState,
  type OutboxStatus,
} from './outbox-store.ts';
export { PeerStore, type PeerSequence } from './peer-store.ts';
export { SessionStore, type SessionState, type StoredSession } from './session-store.ts';
export { SettingsStore } from './settings-store.ts';
export { secretNames, Vault } from './vault.ts';
