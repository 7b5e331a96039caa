/** People for tests: identities, prekeys and sessions made by the public API. */
import { IdentityKeys, NodeProvider, type CryptoProvider } from '@wotid/crypto';
import {
  acceptGateSession,
  consumeOneTimePair,
  createGateSession,
  createInit,
  createPrekeys,
  emptyPrekeys,
  encodeText,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  openInit,
  ownIdentity,
  sealMessage,
  verifyPrekeys,
  type AcceptedInit,
  type CreateInitInit,
  type CreatePrekeysInit,
  type MailboxPlace,
  type OpenInitInit,
  type OutgoingMessage,
  type OwnIdentity,
  type PrekeyStore,
  type Session,
  type VerifiedPrekeys,
} from '@wotid/session';

export const startMs: number = Date.UTC(2026, 0, 1);
export const dayMs = 86_400_000;
export const native: CryptoProvider = new NodeProvider();
export const chain: MailboxPlace = { chainId: '2304aa97', mailboxId: new Uint8Array(32).fill(0x77) };
export const credential: Uint8Array = new Uint8Array(900).fill(0xcc);

export interface Person {
  readonly provider: CryptoProvider;
  readonly own: OwnIdentity;
  readonly prekeys: PrekeyStore;
  readonly published: Uint8Array;
}

export function person(
  name: string,
  provider: CryptoProvider = native,
  prekeys: Pick<CreatePrekeysInit, 'oneTimePairs' | 'policy'> = {},
  keys: IdentityKeys = IdentityKeys.generate(provider),
): Person {
  const own = ownIdentity(provider, keys, `did:example:${name}`);
  const made = createPrekeys(provider, emptyPrekeys(), {
    ...chain,
    ours: own,
    number: 1,
    nowMs: startMs,
    oneTimePairs: 0,
    ...prekeys,
  });
  return { provider, own, prekeys: made.store, published: made.published };
}

export function verified(reader: CryptoProvider, owner: Person, nowMs: number = startMs): VerifiedPrekeys {
  return verifyPrekeys(reader, owner.published, { ...chain, nowMs });
}

export function text(provider: CryptoProvider, words: string, seq = 1): OutgoingMessage {
  return {
    type: messageTypes.text,
    payload: encodeText(words),
    messageId: newMessageId(provider.random),
    seq,
    sentAtMs: startMs,
  };
}

export function init(
  from: Person,
  to: Person,
  words = 'hello',
  changes: Partial<CreateInitInit> = {},
): { readonly session: Session; readonly envelope: Uint8Array } {
  return createInit(from.provider, {
    ours: from.own,
    prekeys: verified(from.provider, to),
    credential,
    isFirstContact: true,
    isPeerVerified: true,
    message: text(from.provider, words),
    nowMs: startMs,
    ...changes,
  });
}

export function openInitInit(to: Person, changes: Partial<OpenInitInit> = {}): OpenInitInit {
  return {
    ours: to.own,
    prekeys: to.prekeys,
    isReplayed: () => false,
    findIdentity: () => null,
    nowMs: startMs,
    ...changes,
  };
}

/** What was accepted, and the prekeys that are left. */
export function accept(
  to: Person,
  envelope: Uint8Array,
  changes: Partial<OpenInitInit> = {},
): AcceptedInit & { readonly prekeys: PrekeyStore } {
  using pending = openInit(to.provider, envelope, openInitInit(to, changes));
  const accepted = pending.accept(changes.nowMs ?? startMs);
  const { oneTimePair } = accepted;
  const prekeys = oneTimePair === null ? to.prekeys : consumeOneTimePair(to.prekeys, oneTimePair);
  return { ...accepted, prekeys };
}

/** Two sessions that have exchanged one message, begun offline. */
export function offlinePair(
  a: Person,
  b: Person,
  changes: Partial<CreateInitInit> = {},
): { readonly a: Session; readonly b: Session } {
  const started = init(a, b, 'hello', changes);
  const policy = changes.policy === undefined ? {} : { policy: changes.policy };
  return { a: started.session, b: accept(b, started.envelope, policy).session };
}

/** Two sessions at the end of a gate, before any message. */
export function gatePair(
  a: Person,
  b: Person,
): { readonly a: Session; readonly b: Session; readonly publicPart: Uint8Array } {
  using prekeys = new OnlinePrekeys(b.provider);
  const gate = { gateHash: new Uint8Array(64).fill(7), exporter: new Uint8Array(64).fill(8) };
  const common = { level: 3, suite: 1, gate, initiatedAtMs: startMs, nowMs: startMs } as const;
  const created = createGateSession(a.provider, {
    ...common,
    ours: a.own,
    peer: b.own,
    prekeys: prekeys.publicKeys,
  });
  const session = acceptGateSession(b.provider, created.publicPart, {
    ...common,
    ours: b.own,
    peer: a.own,
    prekeys,
  });
  return { a: created.session, b: session, publicPart: created.publicPart };
}

/** Sends one text and opens it; gives both new sessions. */
export function exchange(
  from: { readonly who: Person; readonly session: Session },
  to: { readonly who: Person; readonly session: Session },
  words: string,
): { readonly sender: Session; readonly receiver: Session; readonly text: string } {
  const sealed = sealMessage(from.who.provider, from.session, text(from.who.provider, words), {
    route: 'online',
    nowMs: startMs,
  });
  const opened = openEnvelope(to.who.provider, to.session, sealed.envelope, {
    nowMs: startMs,
    peer: from.who.own.block,
  });
  return {
    sender: sealed.session,
    receiver: opened.session,
    text: new TextDecoder().decode(opened.message.payload),
  };
}

export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
  return 'none';
}
