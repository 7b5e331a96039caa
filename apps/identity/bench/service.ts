/** What the benchmarks share: a service in another process, and wallets that collect from it over HTTP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createHolderProof, didJwkOf, type JsonObject } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';

export const provider: NodeProvider = new NodeProvider();
const grantType = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';

/** Settings of a service in another process. */
export interface ServiceOptions {
  /** As `openDatabase` takes it. */
  readonly databaseUrl: string;
  /** Of the instance before, for another one beside it. */
  readonly publicUrl?: string;
  readonly statusTtlMs: number;
  /** Secrets of issuer and service, 32 bytes each, as hex. */
  readonly seeds: { readonly ed25519: string; readonly mlDsa87: string; readonly secret: string };
  readonly network?: {
    readonly rpcUrl: string;
    readonly chainId: string;
    /** Makes it resolve did:iota. */
    readonly identityPackage?: string;
    /** Makes it a directory. */
    readonly mailboxPackage?: string;
  };
}

export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  /** An operator's. */
  readonly token: string;
}

/** Options of a service with secrets of its own, and a database in memory unless told otherwise. */
export function freshOptions(more: Partial<ServiceOptions> = {}): ServiceOptions {
  const seed = (): string => provider.random.bytes(32).toHex();
  return {
    databaseUrl: 'memory:',
    statusTtlMs: 60_000,
    seeds: { ed25519: seed(), mlDsa87: seed(), secret: seed() },
    ...more,
  };
}

export function startService(options: ServiceOptions = freshOptions()): Promise<ServiceProcess> {
  return startProcess('service-process.ts', options);
}

/**
 * Runs a script of this folder until it is disposed of.
 * @param options its first line on stdin, as JSON
 * @returns what its first line on stdout says
 */
export async function startProcess<Told>(file: string, options: object): Promise<Told & AsyncDisposable> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=wot:source', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(`${JSON.stringify(options)}\n`);
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => text as string),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before it was ready`))),
  ]);
  return {
    ...(JSON.parse(line) as Told),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.stdin.end();
      await exit;
    },
  };
}

/** One JSON call that has to succeed. */
export async function call(
  url: string,
  init: { readonly token?: string; readonly json?: object; readonly form?: Record<string, string> } = {},
): Promise<JsonObject> {
  const response = await fetch(url, {
    method: init.json === undefined && init.form === undefined ? 'GET' : 'POST',
    headers: {
      ...(init.token !== undefined && { authorization: `Bearer ${init.token}` }),
      ...(init.json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(init.json !== undefined && { body: JSON.stringify(init.json) }),
    ...(init.form !== undefined && { body: new URLSearchParams(init.form) }),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as JsonObject;
}

/** A human with an offer in hand. */
export interface Invited {
  readonly code: string;
  readonly txCode: string;
  readonly keys: IdentityKeys;
  readonly did: string;
}

/** Invites a new human. */
export async function invite({ url, token }: ServiceProcess): Promise<Invited> {
  const keys = IdentityKeys.generate(provider);
  const human = provider.random.bytes(16).toHex();
  const json = { human, evidence: [{ method: 'in-person', policy: 'benchmark' }] };
  const { id, txCode } = await call(`${url}/admin/invitations`, { token, json });
  const { grants } = (await call(`${url}/offers/${String(id)}`)) as {
    grants: Record<string, { 'pre-authorized_code': string }>;
  };
  return {
    code: grants[grantType]?.['pre-authorized_code'] ?? '',
    txCode: String(txCode),
    keys,
    did: didJwkOf(keys.ed25519.publicKey),
  };
}

/** Token, nonce, proof, credential: what a wallet does with an offer. @returns the credential of `configuration` */
export async function collect(url: string, invited: Invited, configuration: string): Promise<unknown> {
  const { code, txCode, keys, did } = invited;
  const form = { grant_type: grantType, 'pre-authorized_code': code, tx_code: txCode };
  const { access_token: token } = await call(`${url}/token`, { form });
  const { c_nonce: nonce } = await call(`${url}/nonce`, { json: {} });
  const proof = createHolderProof({
    provider,
    keys,
    block: keys.block(did),
    kid: `${did}#0`,
    audience: url,
    nonce: String(nonce),
    nowMs: Date.now(),
  });
  const json = { credential_configuration_id: configuration, proofs: { jwt: [proof] } };
  const { credentials } = (await call(`${url}/credential`, { token: String(token), json })) as {
    credentials: { credential: unknown }[];
  };
  return credentials[0]?.credential;
}

/** Runs `work` on every item, `lanes` at a time. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
