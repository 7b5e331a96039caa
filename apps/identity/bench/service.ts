/** What the benchmarks share: a service in another process, and wallets that collect from it over HTTP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createHolderProof, didJwkOf, type JsonObject } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';

export const provider: NodeProvider = new NodeProvider();
const grantType = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';

export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  /** An operator's. */
  readonly token: string;
}

export async function startService(...args: readonly string[]): Promise<ServiceProcess> {
  const script = fileURLToPath(new URL('service-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=wot:source', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    ...(JSON.parse(line) as Pick<ServiceProcess, 'url' | 'token'>),
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
}

/** Invites a new human. */
export async function invite({ url, token }: ServiceProcess): Promise<Invited> {
  const human = provider.random.bytes(16).toHex();
  const json = { human, evidence: [{ method: 'in-person', policy: 'benchmark' }] };
  const { id, txCode } = await call(`${url}/admin/invitations`, { token, json });
  const { grants } = (await call(`${url}/offers/${String(id)}`)) as {
    grants: Record<string, { 'pre-authorized_code': string }>;
  };
  return {
    code: grants[grantType]?.['pre-authorized_code'] ?? '',
    txCode: String(txCode),
    keys: IdentityKeys.generate(provider),
  };
}

/** Token, nonce, proof, credential: what a wallet does with an offer. @returns the credential of `configuration` */
export async function collect(url: string, invited: Invited, configuration: string): Promise<unknown> {
  const { code, txCode, keys } = invited;
  const form = { grant_type: grantType, 'pre-authorized_code': code, tx_code: txCode };
  const { access_token: token } = await call(`${url}/token`, { form });
  const { c_nonce: nonce } = await call(`${url}/nonce`, { json: {} });
  const did = didJwkOf(keys.ed25519.publicKey);
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
