/**
 * A wot.id agent: one person, one home on disk, one peer-to-peer node, one mailbox on chain.
 * @module
 */
export { Agent } from './agent.ts';
export type { AgentInit } from './assembly.ts';
export { armor, armorLabels, ArmorError, unarmor, type ArmorLabel } from './armor.ts';
export { encodeCard, parseCard, type ContactCard } from './card.ts';
export type { ContactFacts } from './contacts.ts';
export type { CredentialLeft, DirectoryHead, LookupFacts } from './directory-lookup.ts';
export type { DirectoryPublisher, PublishOptions } from './directory-publisher.ts';
export type { DirectoryFacts, RecordFacts } from './directory-facts.ts';
export { encodeCredentialRequest, parseCredentialRequest } from './credential-request.ts';
export { AgentError, type AgentErrorCode } from './errors.ts';
export { Home, HomeError, type HomeErrorCode, type HomeInit } from './home/index.ts';
export type { GateObservation } from './gate-machines.ts';
export type { NetworkProfile } from './network-profile.ts';
export type { WaitingObject } from './own-mailbox.ts';
export type { PrekeySource } from './peer-prekeys.ts';
export type { SecurityFacts } from './security-settings.ts';
export type { CreatedDidFacts, DidFacts, DidTransaction, RotatedKeys } from './did-changes.ts';
export type { DidMethod } from './identity.ts';
export { OwnDid } from './own-did.ts';
export {
  createHome,
  deployIdentity,
  deployMailbox,
  type CompiledPackage,
  type CreatedHome,
  type CreateHomeInit,
  type DeployedPackage,
} from './setup.ts';
export type { IssuerFacts } from './trust.ts';
export * from './types.ts';
export { Wallet, type AccountName } from './wallet.ts';
