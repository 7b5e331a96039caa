/**
 * One-time prekeys handed out by the whole service: each claim is a request on one of 64 sockets, by a verified human with
 * a token, within all quotas. 100,000 of them are measured, and the benchmark fails when one pair comes twice, when one
 * comes that was never given to the directory, or when one is not given.
 *
 * The quotas are the service's own, so it takes a crowd: each of 64 people claims four pairs of each of 25 owners, all that
 * one may have in a day, and together they empty the 256 pairs that an owner can publish. 16 such groups make 102,400
 * claims. All sockets ask for the pairs of the same owner at the same time.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createHolderProof, encodeBase64Url, encodeEnvelope, parseGeneralJws } from '@wotid/credential';
import type { JsonObject } from '@wotid/credential';
import { systemClock } from '@wotid/core';
import type { IdentityKeys } from '@wotid/crypto';
import {
  DirectoryClient,
  directoryAudience,
  maxClaimsPerRequester,
  maxClaimsPerTarget,
} from '@wotid/directory';
import { contractDirectory, MailboxClient } from '@wotid/mailbox';
import {
  createPrekeys,
  emptyPrekeys,
  MAX_ONE_TIME_PAIR_BYTES,
  MAX_ONE_TIME_PAIRS,
  oneTimePairs,
  ownIdentity,
} from '@wotid/session';
import type { Benchmark } from '@wotid/testkit';
import { publish, World } from '../../../packages/did-iota/test/network.ts';
import { openDatabase } from '../src/index.ts';
import type { BareOptions } from './bare-process.ts';
import {
  call,
  collect,
  freshOptions,
  inLanes,
  invite,
  provider,
  startProcess,
  startService,
} from './service.ts';
import type { ServiceProcess } from './service.ts';

const CONNECTIONS = 64;
const GROUPS = 16;
const PEOPLE_PER_GROUP = MAX_ONE_TIME_PAIRS / maxClaimsPerTarget;
const OWNERS_PER_GROUP = maxClaimsPerRequester / maxClaimsPerTarget;
const WARM_UP_CLAIMS = 2_400;
/** Five measured rounds of these are 100,000. */
const CLAIMS_PER_ROUND = 20_000;
const BARE_CLAIMS_PER_ROUND = 4_000;
const BARE_ROUNDS = 6;
/** Addresses that open and fill mailboxes side by side. */
const PAYERS = 4;
/** Setting up asks the service for as much at once as the benchmark of issuing. */
const LANES = 16;

interface Human {
  readonly keys: IdentityKeys;
  readonly did: string;
  readonly credential: Uint8Array;
  token: string;
}

interface Claim {
  readonly requester: Human;
  readonly owner: Human;
}

/** A URL of PostgreSQL on which databases may be created; scripts/with-postgres.sh sets it. */
const serverUrl = process.env['WOTID_TEST_POSTGRES'];

/** One instance on the embedded database. */
export const claims: Benchmark = {
  name: 'identity.prekey_claims_per_s',
  unit: 'claims/s',
  peerName: 'bare route, one statement, embedded too',
  open: () =>
    openClaims('identity.prekey_claims_per_s', 1, async () => ({ url: 'memory:', drop: async () => {} })),
};

/** Two instances on one PostgreSQL server, half of the sockets at each; `null` without a server. */
export const claimsOfTwoInstances: Benchmark | null =
  serverUrl === undefined
    ? null
    : {
        name: 'identity.prekey_claims_per_s.two_instances',
        unit: 'claims/s',
        peerName: 'bare route, one statement, same server',
        open: () =>
          openClaims('identity.prekey_claims_per_s.two_instances', 2, () => createDatabase(serverUrl)),
      };

interface BenchDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

async function openClaims(
  name: string,
  instances: number,
  create: () => Promise<BenchDatabase>,
): ReturnType<Benchmark['open']> {
  const tell = (text: string): void => console.error(`  ${name}: ${text}`);
  const world = await World.start();
  const { chainId } = world.network;
  const mailboxPackage = await publish(world.net, contractDirectory());
  const databases = [await create(), await create()] as const;
  const options = freshOptions({
    databaseUrl: databases[0].url,
    network: { rpcUrl: world.net.rpcUrl, chainId, mailboxPackage },
  });
  const first = await startService(options);
  const services = [first];
  while (services.length < instances) services.push(await startService({ ...options, publicUrl: first.url }));
  const bareOptions: BareOptions = {
    databaseUrl: databases[1].url,
    owners: Math.ceil((BARE_ROUNDS * BARE_CLAIMS_PER_ROUND) / MAX_ONE_TIME_PAIRS),
    pairsPerOwner: MAX_ONE_TIME_PAIRS,
    pairBytes: MAX_ONE_TIME_PAIR_BYTES,
  };
  const bare = await startProcess<{ url: string }>('bare-process.ts', bareOptions);

  const people = await verifiedHumans(first, GROUPS * PEOPLE_PER_GROUP);
  tell(`${people.length} people have their credentials`);
  const groups = Array.from({ length: GROUPS }, (_, at) =>
    people.slice(at * PEOPLE_PER_GROUP, (at + 1) * PEOPLE_PER_GROUP),
  );
  const ownersOf = (group: number): readonly Human[] =>
    groups[(group + 1) % GROUPS]?.slice(0, OWNERS_PER_GROUP) ?? [];
  /** SHA-256 of each pair that the directory has and has not handed out. */
  const left = new Set<string>();
  const clients = await Promise.all(
    Array.from(
      { length: PAYERS },
      async () => new MailboxClient({ queue: (await world.person()).queue, packageId: mailboxPackage }),
    ),
  );
  const owners = groups.flatMap((_, at) => ownersOf(at));
  const queue = owners.values();
  await Promise.all(
    clients.map(async (client) => {
      for (const owner of queue) {
        for (const hash of await publishPairs(first.url, chainId, client, owner)) left.add(hash);
      }
    }),
  );
  tell(`${owners.length} of them have published ${left.size} one-time pairs`);
  if (left.size !== owners.length * MAX_ONE_TIME_PAIRS) throw new Error('two pairs are the same');

  const waiting = groups
    .flatMap((requesters, at) =>
      ownersOf(at).flatMap((owner) =>
        Array.from({ length: maxClaimsPerTarget }, () =>
          requesters.map((requester) => ({ requester, owner })),
        ),
      ),
    )
    .flat()
    .values();
  let bareClaims = 0;
  let isWarm = false;
  let handedOut = 0;
  return {
    async round() {
      const some = waiting.take(isWarm ? CLAIMS_PER_ROUND : WARM_UP_CLAIMS).toArray();
      isWarm = true;
      await renewTokens(first.url, new Set(some.map(({ requester }) => requester)));
      const claim = async (agent: Agent, { requester, owner }: Claim, lane: number): Promise<void> => {
        const url = services[lane % instances]?.url ?? '';
        const pair = await pairOf(agent, `${url}/directory/claims`, { did: owner.did }, requester.token);
        if (!left.delete(hashOf(pair))) throw new Error('a pair was handed out that was not there any more');
        handedOut++;
      };
      const ours = await perSecond(some, CONNECTIONS / instances, claim);
      tell(`${handedOut} pairs handed out, none twice`);
      const bareOnes = Array.from({ length: BARE_CLAIMS_PER_ROUND }, () => bareClaims++);
      const peer = await perSecond(bareOnes, CONNECTIONS, async (agent, at) => {
        await pairOf(agent, `${bare.url}/claims`, { owner: Math.floor(at / MAX_ONE_TIME_PAIRS) });
      });
      return { ours, peer, n: some.length };
    },
    async [Symbol.asyncDispose]() {
      for (const one of [...services, bare]) await one[Symbol.asyncDispose]();
      for (const database of databases) await database.drop();
      await world.net.stop();
    },
  };
}

/** Runs `work` on all items, one at a time for each connection. The sockets are new: none of them has waited too long. */
async function perSecond<T>(
  items: readonly T[],
  socketsPerServer: number,
  work: (agent: Agent, item: T, lane: number) => Promise<void>,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsPerServer });
  const queue = items.values();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, lane) => {
      for (const item of queue) await work(agent, item, lane);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  return items.length / seconds;
}

async function verifiedHumans(service: ServiceProcess, count: number): Promise<Human[]> {
  const people: Human[] = [];
  await inLanes(Array.from({ length: count }), LANES, async () => {
    const invited = await invite(service);
    const credential = (await collect(service.url, invited, 'verified_human_hybrid')) as JsonObject;
    const { keys, did } = invited;
    people.push({ keys, did, credential: encodeEnvelope(parseGeneralJws(credential)), token: '' });
  });
  return people;
}

/** Opens a mailbox, publishes prekeys in it, and gives the directory their one-time pairs. @returns hashes of the pairs */
async function publishPairs(
  url: string,
  chainId: string,
  client: MailboxClient,
  { keys, did, credential }: Human,
): Promise<readonly string[]> {
  const own = await client.createMailbox();
  const { store, published } = createPrekeys(provider, emptyPrekeys(), {
    ours: ownIdentity(provider, keys, did),
    number: 1,
    nowMs: Date.now(),
    chainId,
    mailboxId: Uint8Array.fromHex(own.mailboxId.slice(2)),
    oneTimePairs: MAX_ONE_TIME_PAIRS,
  });
  await setImmediate();
  await client.publishPrekeys(own, published);
  const directory = new DirectoryClient({
    url,
    provider,
    clock: systemClock,
    keys,
    block: keys.block(did),
    kid: `${did}#0`,
    credential: () => credential,
  });
  await directory.publishPrekeys(own.mailboxId);
  const pairs = (oneTimePairs(provider, store)?.pairs ?? []).map(({ bytes }) => bytes);
  // That took long enough for the service to close idle sockets: see it before one of them is used.
  await setImmediate();
  await directory.uploadPairs(1, pairs);
  return pairs.map((bytes) => hashOf(encodeBase64Url(bytes)));
}

async function renewTokens(url: string, people: ReadonlySet<Human>): Promise<void> {
  await inLanes([...people], LANES, async (human) => {
    const { keys, did } = human;
    const proof = createHolderProof({
      provider,
      keys,
      block: keys.block(did),
      kid: `${did}#0`,
      audience: directoryAudience(url),
      nonce: encodeBase64Url(randomBytes(32)),
      nowMs: Date.now(),
    });
    const json = { proof, credential: encodeBase64Url(human.credential) };
    human.token = String((await call(`${url}/directory/token`, { json }))['token']);
  });
}

/** Asks on one of the agent's sockets. @returns the pair as text; throws when none is given */
function pairOf(agent: Agent, url: string, json: object, token?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  request(url, { agent, method: 'POST', headers }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('error', reject);
    response.on('end', () => {
      const pair = response.statusCode === 200 ? (JSON.parse(text) as { pair: unknown }).pair : null;
      if (typeof pair === 'string') resolve(pair);
      else reject(new Error(`no pair: ${response.statusCode} ${text.slice(0, 200)}`));
    });
  })
    .on('error', reject)
    .end(JSON.stringify(json));
  return promise;
}

function hashOf(pair: string): string {
  return createHash('sha256').update(pair).digest('base64');
}

async function createDatabase(server: string): Promise<BenchDatabase> {
  const admin = await openDatabase(server);
  const name = `bench_${randomBytes(8).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}
