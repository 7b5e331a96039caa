/**
 * What a command can ask of an agent, by name. The same table serves an agent opened for one command and a running one
 * behind its control socket, so a result is always the JSON form: `bigint` as decimal text, bytes as base64.
 */
import type { Agent, InboxMessage, PublishOptions, SendContent, SendOptions } from '@wotid/agent';
import { WotError } from '@wotid/core';
import { toJson, type Facts } from './output.ts';

type Operation = (agent: Agent, params: Readonly<Record<string, unknown>>) => unknown;

const text = (params: Readonly<Record<string, unknown>>, name: string): string => {
  const value = params[name];
  if (typeof value !== 'string') throw badParameter(name, 'text');
  return value;
};
const optionalText = (params: Readonly<Record<string, unknown>>, name: string): string | undefined =>
  params[name] === undefined || params[name] === null ? undefined : text(params, name);
const optionalTexts = (
  params: Readonly<Record<string, unknown>>,
  name: string,
): readonly string[] | undefined => {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw badParameter(name, 'a list of texts');
  }
  return value;
};
const bytes = (params: Readonly<Record<string, unknown>>, name: string): Uint8Array => {
  try {
    return Uint8Array.fromBase64(text(params, name));
  } catch (error) {
    throw badParameter(name, 'base64', error);
  }
};
const optionalNumber = (params: Readonly<Record<string, unknown>>, name: string): number | undefined => {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw badParameter(name, 'a whole number');
  return value;
};
const account = (params: Readonly<Record<string, unknown>>): 'owner' | 'postage' => {
  const value = text(params, 'account');
  if (value !== 'owner' && value !== 'postage') throw badParameter('account', 'owner or postage');
  return value;
};

function badParameter(name: string, wanted: string, cause?: unknown): WotError {
  return new WotError('BAD_PARAMETER', `${name} must be ${wanted}`, cause === undefined ? {} : { cause });
}

function sendOptions(params: Readonly<Record<string, unknown>>): SendOptions {
  const replyTo = optionalText(params, 'replyTo');
  return {
    toUnverified: params['toUnverified'] === true,
    ...(typeof params['sign'] === 'boolean' ? { sign: params['sign'] } : {}),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function publishOptions(params: Readonly<Record<string, unknown>>): PublishOptions {
  const { leaveCredential } = params;
  return typeof leaveCredential === 'boolean' ? { leaveCredential } : {};
}

function aliases(agent: Agent): ReadonlyMap<string, string> {
  return new Map(agent.contacts().map(({ did, alias }) => [did, alias]));
}

/** What is sent: text, or the bytes of a file. */
function contentOf(params: Readonly<Record<string, unknown>>): SendContent {
  const body = optionalText(params, 'text');
  return body === undefined ? { type: 'bytes', bytes: bytes(params, 'bytes') } : { type: 'text', text: body };
}

const operations: Readonly<Record<string, Operation>> = {
  status: (agent) => agent.status(),
  balances: async (agent) => {
    const [owner, postage] = await Promise.all([
      agent.wallet.balance('owner'),
      agent.wallet.balance('postage'),
    ]);
    return { owner, postage };
  },
  faucet: async (agent, params) => {
    const name = account(params);
    return {
      account: name,
      address: agent.wallet.address(name),
      received: await agent.wallet.requestFunds(name),
    };
  },
  withdraw: async (agent, params) => {
    const amount = text(params, 'amount');
    const digest = await agent.wallet.withdraw(
      account(params),
      text(params, 'to'),
      amount === 'all' ? 'all' : BigInt(amount),
    );
    return { digest };
  },
  'did.create': (agent) => agent.identity.create(),
  'did.show': (agent) => agent.identity.show(),
  'did.rotate': (agent, params) => agent.rotateKeys(optionalTexts(params, 'keys')),
  'did.deactivate': (agent, params) => agent.identity.deactivate(params['forever'] === true),
  'credential.request': (agent) => ({ request: agent.credentialRequest() }),
  'credential.import': (agent, params) => agent.credential.import(text(params, 'credential')),
  'credential.offer': (agent, params) => agent.credential.describeOffer(text(params, 'offer')),
  'credential.collect': (agent, params) =>
    agent.credential.collect(text(params, 'offer'), optionalText(params, 'txCode') ?? null),
  'credential.export': (agent) => ({ credential: agent.credential.export() }),
  'credential.show': (agent) => agent.credential.facts(),
  'credential.verify': (agent, params) => agent.credential.verify(optionalText(params, 'credential') ?? null),
  'trust.add': (agent, params) => agent.trust.add(text(params, 'issuer')),
  'trust.fetch': (agent, params) => agent.fetchIssuer(text(params, 'url')),
  'trust.update': (agent, params) => agent.updateIssuer(text(params, 'did')),
  'trust.list': (agent) => agent.trust.list(),
  'trust.remove': (agent, params) => agent.trust.remove(text(params, 'did')),
  'directory.set': (agent, params) =>
    agent.directory.set(optionalText(params, 'url') ?? null, publishOptions(params)),
  'directory.publish': (agent, params) => agent.directory.publish(publishOptions(params)),
  'directory.status': (agent) => agent.directory.status(),
  'contact.lookup': (agent, params) =>
    agent.lookup.lookup(text(params, 'did'), optionalText(params, 'alias')),
  'contact.show': (agent, params) => agent.lookAt(text(params, 'who')),
  'contact.acknowledge': (agent, params) => agent.acknowledgeKeys(text(params, 'who')),
  'security.show': (agent) => agent.security(),
  'security.set': (agent, params) =>
    agent.setSecurity({
      minLevel: params['minLevel'] ?? undefined,
      maxLevel: params['maxLevel'] ?? undefined,
      suites: params['suites'] ?? undefined,
      falcon: params['falcon'] ?? undefined,
    }),
  'security.allow': (agent, params) => agent.allowLevel(text(params, 'to'), params['level']),
  'session.list': (agent) => {
    const names = aliases(agent);
    return agent.conversation.sessions
      .list()
      .map((session) => ({ ...session, alias: names.get(session.peer) ?? '' }));
  },
  'session.rekey': (agent, params) => agent.conversation.sessions.rekey(text(params, 'to')),
  'session.checkpoint': (agent, params) => agent.conversation.sessions.checkpoint(text(params, 'to')),
  'session.verify': (agent, params) => {
    const { conversation } = agent;
    return conversation.sessions.verify(conversation.message(text(params, 'messageId')));
  },
  'session.signing': (agent, params) => {
    const mode = optionalText(params, 'mode');
    return {
      signing:
        mode === undefined
          ? agent.conversation.sessions.signing
          : agent.conversation.sessions.setSigning(mode),
    };
  },
  'presentation.request': (agent, params) => {
    const [types, issuers] = [optionalTexts(params, 'types'), optionalTexts(params, 'issuers')];
    const reason = optionalText(params, 'reason');
    const wanted = {
      ...(types === undefined ? {} : { types }),
      ...(issuers === undefined ? {} : { issuers }),
      ...(reason === undefined ? {} : { reason }),
    };
    return agent.conversation.presentations.request(text(params, 'to'), wanted, sendOptions(params));
  },
  'presentation.offer': (agent, params) =>
    agent.conversation.presentations.offer(text(params, 'to'), sendOptions(params)),
  'presentation.send': (agent, params) =>
    agent.conversation.presentations.present(text(params, 'to'), sendOptions(params)),
  'presentation.check': (agent, params) =>
    agent.conversation.presentations.check(agent.conversation.message(text(params, 'messageId'))),
  'card.export': (agent) => ({ card: agent.card(), addresses: agent.addresses }),
  'card.add': (agent, params) => agent.addContact(text(params, 'card'), optionalText(params, 'alias')),
  'card.list': (agent) => agent.contacts(),
  'mailbox.create': (agent) => agent.mailbox.create(),
  'mailbox.publish-prekeys': (agent) => agent.mailbox.publishPrekeys(),
  'mailbox.list': (agent) => agent.mailbox.waiting(),
  'mailbox.claim': (agent) => agent.sync(),
  'mailbox.discard': (agent, params) => agent.mailbox.discard(params['objectIds']),
  'mailbox.retire': (agent) => agent.mailbox.retire(),
  connect: (agent, params) => {
    const to = text(params, 'to');
    if (optionalText(params, 'presentation') === undefined) return agent.connect(to);
    return agent.connect(to, { presentation: bytes(params, 'presentation') });
  },
  send: (agent, params) => agent.send(text(params, 'to'), contentOf(params), sendOptions(params)),
  inbox: (agent, params) => {
    const query = {
      after: optionalNumber(params, 'after') ?? 0,
      limit: optionalNumber(params, 'limit') ?? 100,
    };
    const names = aliases(agent);
    return agent.inbox(query).map((message) => readable(agent, message, names.get(message.from) ?? ''));
  },
  proof: (agent, params) => agent.conversation.proof(text(params, 'messageId')),
};

/**
 * Runs one operation and gives its result in JSON form.
 * @throws WotError `UNKNOWN_OPERATION`, `BAD_PARAMETER`, and whatever the operation throws
 */
export async function runOperation(
  agent: Agent,
  name: string,
  params: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  if (!Object.hasOwn(operations, name)) {
    throw new WotError('UNKNOWN_OPERATION', `the agent knows no operation ${name}`, {
      hint: 'The running agent may be of another version: restart it.',
    });
  }
  const result: unknown = await operations[name]?.(agent, params);
  return JSON.parse(toJson(result ?? null)) as unknown;
}

/** A message with its sender's name here, and what it says, where that is known. */
function readable(agent: Agent, { payload, ...message }: InboxMessage, alias: string): Facts {
  const content =
    message.type === 'text'
      ? { text: textOf(payload) }
      : (agent.conversation.presentations.read({ type: message.type, payload }) ?? { payload });
  return { ...message, alias, bytes: payload.length, ...content };
}

function textOf(payload: Uint8Array): string {
  // A sender's mistake must not hide the rest of the message.
  return new TextDecoder().decode(payload);
}

/** An operation's result as a flat record for printing. */
export function asFacts(result: unknown): Facts {
  return typeof result === 'object' && result !== null ? (result as Facts) : { result };
}

/** An operation's result as rows for printing. */
export function asRows(result: unknown): readonly Facts[] {
  return Array.isArray(result) ? result.map(asFacts) : [asFacts(result)];
}
