/** A running issuer for tests, and a wallet that speaks OpenID4VCI by hand, so that it can also misbehave. */
import {
  createLocalSigner,
  createHolderProof,
  didJwkMethod,
  didJwkOf,
  Resolver,
  type CredentialSigner,
} from '@wotid/credential';
import { IdentityKeys, NodeProvider, type IdentityBlock } from '@wotid/crypto';
import { SeededRandom, VirtualClock } from '@wotid/testkit';
import { Admin } from '../src/admin/admin.ts';
import {
  createIdentityService,
  type Database,
  type IdentityService,
  type IdentityServiceInit,
  type IssuerServiceInit,
} from '../src/index.ts';
import { createEmbedded, type TestDatabase } from './databases.ts';

export const provider: NodeProvider = new NodeProvider();
export const resolver: Resolver = new Resolver({ ...didJwkMethod });
export const publicUrl = 'https://id.example';
export const statusTtlMs = 60_000;

/** Signer of a test issuer. */
export function makeSigner(seed: string): CredentialSigner {
  const random = new SeededRandom(seed);
  return createLocalSigner({
    provider,
    ed25519: provider.signFromSecret('ed25519', random.bytes(32)),
    mlDsa87: provider.signFromSecret('ml-dsa-87', random.bytes(32)),
  });
}

export const signer: CredentialSigner = makeSigner('issuer');
export const secret: Uint8Array = new SeededRandom('service').bytes(32);

/** A service on a database of its own, an operator, and the clock of all. */
export interface World extends AsyncDisposable {
  readonly place: TestDatabase;
  readonly database: Database;
  readonly clock: VirtualClock;
  readonly service: IdentityService;
  readonly operatorToken: string;
  /** One more instance on the same database, as after a restart or behind a balancer. */
  again(init?: Partial<IdentityServiceInit>): Promise<IdentityService>;
}

/** Starts a world; its service is asked as a function, without a socket. */
export async function createWorld(
  create: () => Promise<TestDatabase> = createEmbedded,
  init: Partial<IdentityServiceInit> = {},
  /** The issuer of each instance; default one whose keys stay. */
  makeIssuer?: (database: Database, clock: VirtualClock) => Promise<IssuerServiceInit>,
): Promise<World> {
  const place = await create();
  const clock = new VirtualClock();
  const open = async (): Promise<Database> => withClock(await place.open(), clock);
  const database = await open();
  const opened: IdentityService[] = [];
  const start = async (on: Database, more: Partial<IdentityServiceInit>): Promise<IdentityService> => {
    const service = createIdentityService({
      database: on,
      port: 0,
      clock,
      publicUrl,
      ratePerSecond: 100_000,
      issuer: (await makeIssuer?.(on, clock)) ?? { signer, secret, statusTtlMs },
      ...init,
      ...more,
    });
    opened.push(service);
    await service.start();
    return service;
  };
  const service = await start(database, {});
  const operatorToken = await new Admin(database, clock).createOperator('ada', 'test');
  return {
    place,
    database,
    clock,
    service,
    operatorToken,
    again: async (more = {}) => start(await open(), more),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A database whose clock is the test's, as that of all. */
function withClock(database: Database, clock: VirtualClock): Database {
  return {
    kind: database.kind,
    query: (text, values) => database.query(text, values),
    transaction: (work) => database.transaction(work),
    nowMs: async () => clock.nowMs(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into bodies of many kinds.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** Calls the service as a function. */
export async function call(
  service: IdentityService,
  method: string,
  path: string,
  init: {
    readonly json?: unknown;
    readonly form?: Record<string, string>;
    readonly token?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const headers: Record<string, string> = { ...init.headers };
  let body: string | undefined;
  if (init.json !== undefined) {
    headers['content-type'] ??= 'application/json';
    body = typeof init.json === 'string' ? init.json : JSON.stringify(init.json);
  }
  if (init.form !== undefined) {
    headers['content-type'] ??= 'application/x-www-form-urlencoded';
    body = new URLSearchParams(init.form).toString();
  }
  if (init.token !== undefined) headers['authorization'] = `Bearer ${init.token}`;
  const response = await service.app.request(path, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Some answers are not JSON.
  }
  return { status: response.status, headers: response.headers, body: parsed };
}

/** A wot.id identity that collects credentials. */
export class Wallet {
  readonly keys: IdentityKeys;
  readonly did: string;
  readonly block: IdentityBlock;

  constructor() {
    this.keys = IdentityKeys.generate(provider);
    this.did = didJwkOf(this.keys.ed25519.publicKey);
    this.block = this.keys.block(this.did);
  }

  /** A proof by all of its keys. */
  proof(nonce: string, nowMs: number, audience: string = publicUrl): string {
    return createHolderProof({
      provider,
      keys: this.keys,
      block: this.block,
      kid: `${this.did}#0`,
      audience,
      nonce,
      nowMs,
    });
  }

  /** A proof such as any wallet makes, every part of it to choose. */
  plainProof(claims: Record<string, unknown>, header: Record<string, unknown> = {}): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = { alg: 'EdDSA', typ: 'openid4vci-proof+jwt', kid: `${this.did}#0`, ...header };
    const input = `${part(head)}.${part({ aud: publicUrl, ...claims })}`;
    return `${input}.${Buffer.from(provider.sign(this.keys.ed25519, Buffer.from(input))).toString('base64url')}`;
  }
}

export const preAuthorized = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';
export const evidence: { method: string; policy: string }[] = [
  { method: 'in-person', policy: 'passport seen' },
];

/** Has the operator invite a human. */
export async function invite(
  world: Pick<World, 'service' | 'operatorToken'>,
  human: string,
  more: object = {},
): Promise<{ id: string; offer: string; txCode: string }> {
  const answer = await call(world.service, 'POST', '/admin/invitations', {
    token: world.operatorToken,
    json: { human, evidence, ...more },
  });
  if (answer.status !== 201) throw new Error(`invited with ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as { id: string; offer: string; txCode: string };
}

/** The pre-authorized code inside of an offer. */
export async function codeOf(service: IdentityService, offerId: string): Promise<string> {
  const { body } = await call(service, 'GET', `/offers/${offerId}`);
  return (
    (body as { grants: Record<string, Record<string, string>> }).grants[preAuthorized]?.[
      'pre-authorized_code'
    ] ?? ''
  );
}

/** From offer to access token. */
export async function tokenFor(
  service: IdentityService,
  offer: { id: string; txCode: string },
): Promise<string> {
  const answer = await call(service, 'POST', '/token', {
    form: {
      grant_type: preAuthorized,
      'pre-authorized_code': await codeOf(service, offer.id),
      tx_code: offer.txCode,
    },
  });
  if (answer.status !== 200) throw new Error(`token ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { access_token: string }).access_token;
}

/** A fresh nonce. */
export async function nonceOf(service: IdentityService): Promise<string> {
  return ((await call(service, 'POST', '/nonce')).body as { c_nonce: string }).c_nonce;
}

/** Asks for a credential with a proof. */
export function ask(
  service: IdentityService,
  token: string,
  proof: string,
  configuration = 'verified_human_hybrid',
): Promise<Answer> {
  return call(service, 'POST', '/credential', {
    token,
    json: { credential_configuration_id: configuration, proofs: { jwt: [proof] } },
  });
}

/** The whole way from invitation to credential. */
export async function collect(
  world: World,
  human: string,
  wallet: Wallet,
  configuration = 'verified_human_hybrid',
): Promise<unknown> {
  const { service, clock } = world;
  const token = await tokenFor(service, await invite(world, human));
  const answer = await ask(
    service,
    token,
    wallet.proof(await nonceOf(service), clock.nowMs()),
    configuration,
  );
  if (answer.status !== 200) throw new Error(`credential ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { credentials: { credential: unknown }[] }).credentials[0]?.credential;
}
