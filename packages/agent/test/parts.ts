/** Parts of agents without an agent around them: no network, no node, a clock that stands still. */
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateSession,
  defaultSecurityPolicy,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  ownIdentity,
  sealMessage,
  type OutgoingMessage,
  type OwnIdentity,
  type Session,
} from '@wotid/session';
import { VirtualClock } from '@wotid/testkit';
import { Admission } from '../src/admission.ts';
import { Contacts } from '../src/contacts.ts';
import { AgentDidResolver } from '../src/did-resolver.ts';
import type { Home } from '../src/home/home.ts';
import { SessionKeeper, type SessionNotice } from '../src/session-keeper.ts';

export const provider: NodeProvider = new NodeProvider();
export const clock: VirtualClock = new VirtualClock();

/** Somebody with fresh keys; their DID is a did:jwk where none is given. */
export function someone(did?: string): OwnIdentity {
  const keys = IdentityKeys.generate(provider);
  return ownIdentity(provider, keys, did ?? didJwkOf(keys.ed25519.publicKey));
}

/** The contacts of a home whose owner trusts no issuer. */
export function contactsOf(home: Home, ours: OwnIdentity): Contacts {
  const resolver = new AgentDidResolver({ clock, reader: null, isTrustedIssuer: () => false });
  const admission = new Admission({ provider, clock, resolver, trustedIssuers: () => [] });
  const nothing = (): void => {};
  return new Contacts({ home, provider, clock, admission, ours, onNewKeys: nothing, onChanged: nothing });
}

/** The sessions of a home. */
export function keeperOf(
  home: Home,
  ours: OwnIdentity,
  onNotice: (notice: SessionNotice) => void = () => {},
): SessionKeeper {
  const policy = (): typeof defaultSecurityPolicy => defaultSecurityPolicy;
  return new SessionKeeper({ home, provider, clock, ours, policy, blockOf: () => null, onNotice });
}

export const say = (text: string): OutgoingMessage => ({
  type: messageTypes.text,
  payload: new TextEncoder().encode(text),
  messageId: newMessageId(provider.random),
  seq: 1,
  sentAtMs: clock.nowMs(),
  ackSeq: null,
});

/** What two gates have in common. */
export interface GateSecrets {
  readonly gateHash: Uint8Array;
  readonly exporter: Uint8Array;
}

/** Both sides of a session of a gate that `initiator` opened, each as it is once M5 was sent and accepted. */
export function gateSession(
  initiator: OwnIdentity,
  responder: OwnIdentity,
): { readonly ours: Session; readonly theirs: Session; readonly gate: GateSecrets } {
  using prekeys = new OnlinePrekeys(provider);
  const gate = { gateHash: provider.random.bytes(64), exporter: provider.random.bytes(64) };
  const nowMs = clock.nowMs();
  const common = { level: 3, suite: 1, gate, initiatedAtMs: nowMs, nowMs } as const;
  const { session, publicPart } = createGateSession(provider, {
    ...common,
    ours: initiator,
    peer: responder,
    prekeys: prekeys.publicKeys,
  });
  const first = sealMessage(provider, session, say('M5'), { route: 'online', nowMs });
  const fresh = acceptGateSession(provider, publicPart, {
    ...common,
    ours: responder,
    peer: initiator,
    prekeys,
  });
  const opened = openEnvelope(provider, fresh, first.envelope, { nowMs, peer: initiator.block });
  return { ours: first.session, theirs: opened.session, gate };
}
