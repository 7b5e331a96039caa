/** The embedded network with the contract on it, an issuer, and people whose agents run in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import type { Clock, Logger } from '@wotid/core';
import {
  createIssuer,
  createLocalSigner,
  encodeTrustedIssuer,
  type Issuer,
  type StatusEntry,
} from '@wotid/credential';
import { IdentityKeys, identityFingerprint, NodeProvider } from '@wotid/crypto';
import { startLocalnet, type Localnet, type LocalnetInit } from '@wotid/localnet';
import { createIotaClient, MailboxClient, publishMailboxPackage, TransactionQueue } from '@wotid/mailbox';
import { identityContractDirectory } from '@wotid/did-iota';
import { buildMovePackage } from '@wotid/move-build';
import { VirtualClock } from '@wotid/testkit';
import {
  Agent,
  armor,
  armorLabels,
  createHome,
  Home,
  parseCredentialRequest,
  type AgentEvents,
  type AgentInit,
  type DidMethod,
} from '../src/index.ts';

export const provider: NodeProvider = new NodeProvider();
/** The smallest cost that the sealing accepts: these tests are not about Argon2id. */
const cheap = { memoryKiB: 8, passes: 1, lanes: 1 };
export const passphrase = 'correct horse battery staple';
const dayMs = 86_400_000;

/** An issuer with fresh keys. */
export function makeIssuer(): Issuer {
  const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
  return createIssuer({ provider, signer: createLocalSigner({ provider, ed25519, mlDsa87 }) });
}

/** How a person is set up; what is left out is done. */
export interface PersonInit extends Partial<AgentInit> {
  readonly credential?: boolean;
  readonly trust?: boolean;
  readonly mailbox?: boolean;
  readonly funded?: boolean;
  /** Where the agent finds the node; default the network's own address. */
  readonly rpcUrl?: string;
  readonly issuer?: Issuer;
  /** Default `jwk`, which needs no chain. */
  readonly didMethod?: DidMethod;
  /** With a Falcon key beside the others. */
  readonly falcon?: boolean;
}

type Events = { [Name in keyof AgentEvents]: AgentEvents[Name][] };

/** A person: a home on disk, an agent that runs, and what it has told. */
export class Person {
  readonly events: Events = {
    message: [],
    delivery: [],
    peer: [],
    keys: [],
    refused: [],
    distrusted: [],
    sync: [],
    unreadable: [],
    session: [],
    checkpoint: [],
    presentation: [],
  };
  readonly logs: string[] = [];
  home: Home;
  agent!: Agent;
  readonly #init: Partial<AgentInit>;
  readonly #waiting = new Set<() => void>();
  readonly #zombies: Agent[] = [];

  constructor(home: Home, init: Partial<AgentInit>) {
    this.home = home;
    this.#init = init;
  }

  get did(): string {
    return this.agent.did;
  }

  async start(init: Partial<AgentInit> = {}): Promise<void> {
    this.agent = await Agent.open({
      home: this.home,
      logger: this.#logger(),
      ackTimeoutMs: 5_000,
      dialTimeoutMs: 3_000,
      syncIntervalMs: 0,
      ...this.#init,
      ...init,
    });
    for (const name of Object.keys(this.events) as (keyof AgentEvents)[]) {
      this.agent.on(name, (event) => {
        (this.events[name] as unknown[]).push(event);
        for (const look of this.#waiting) look();
      });
    }
  }

  /** Ends agent and home in order, and starts both again. */
  async restart(init: Partial<AgentInit> = {}): Promise<void> {
    await this.agent.close();
    this.home.close();
    this.home = await Home.open({ dir: this.home.dir, passphrase });
    await this.start(init);
  }

  /** Comes back where it was, and tells what the look into the mailbox that follows has found. */
  async back(): Promise<AgentEvents['sync']> {
    const seen = this.events.sync.length;
    await this.restart();
    return this.until(({ sync }) => sync[seen]);
  }

  /** Comes back on a home that another process has had; `isDue` makes what waits in the outbox leave at once. */
  async reopen(init: { readonly isDue?: boolean } = {}): Promise<void> {
    this.home = await Home.open({ dir: this.home.dir, passphrase });
    const waiting = init.isDue === true ? this.home.outbox.list(['queued', 'sent'], 100) : [];
    for (const { messageId } of waiting) this.home.outbox.update(messageId, { dueMs: 0, updatedMs: 0 });
    for (const events of Object.values(this.events)) events.length = 0;
    await this.start();
  }

  /** Goes away in order. */
  async leave(): Promise<void> {
    await this.agent.close();
  }

  /** Takes the disk away under the running agent, as a kill would, and starts another one on it. */
  async crash(init: Partial<AgentInit> = {}): Promise<void> {
    this.home.close();
    this.#zombies.push(this.agent);
    await this.agent.close();
    this.home = await Home.open({ dir: this.home.dir, passphrase });
    await this.start(init);
  }

  /** Waits until `look` finds something in the events; fails after 20 s with what the agent logged. */
  async until<T>(look: (events: Events) => T | undefined | false): Promise<T> {
    const found = Promise.withResolvers<T>();
    const check = (): void => {
      const seen = look(this.events);
      if (seen !== undefined && seen !== false) found.resolve(seen);
    };
    const timer = setTimeout(
      () => found.reject(new Error(`nothing came; the log:\n${this.logs.join('\n')}`)),
      20_000,
    );
    this.#waiting.add(check);
    check();
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(check);
    }
  }

  /** Texts of the inbox, in order. */
  get texts(): string[] {
    return this.agent.inbox({ limit: 1_000 }).map(({ payload }) => new TextDecoder().decode(payload));
  }

  /** The one contact's card that others get. */
  get card(): string {
    return this.agent.card();
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.home.close();
  }

  #logger(): Logger {
    const write =
      (level: string): Logger['info'] =>
      (event, fields) =>
        void this.logs.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    } as Logger;
  }
}

/** A network for the tests of one file. */
export class Network {
  readonly localnet: Localnet;
  readonly packageId: string;
  readonly issuer: Issuer = makeIssuer();
  readonly dir: string = mkdtempSync(join(tmpdir(), 'wotid-agent-'));
  readonly #people: Person[] = [];
  #count = 0;
  #identityPackage: Promise<string> | undefined;

  constructor(localnet: Localnet, packageId: string) {
    this.localnet = localnet;
    this.packageId = packageId;
  }

  static async start(init: LocalnetInit = {}): Promise<Network> {
    const localnet = await startLocalnet({ port: 0, faucetPort: 0, lockConflicts: true, ...init });
    const queue = await fundedQueue(localnet);
    const folder = fileURLToPath(new URL('../../../move/mailbox', import.meta.url));
    const { modules, dependencies } = await buildMovePackage(folder);
    const { packageId } = await publishMailboxPackage({ queue, modules, dependencies, upgradeable: false });
    return new Network(localnet, packageId);
  }

  /** The identity package, published when it is first needed. */
  identityPackage(): Promise<string> {
    this.#identityPackage ??= (async () => {
      const compiled = await buildMovePackage(identityContractDirectory());
      return (await publishMailboxPackage({ queue: await fundedQueue(this.localnet), ...compiled }))
        .packageId;
    })();
    return this.#identityPackage;
  }

  /** What a message in somebody's mailbox holds. */
  async payloadOf(person: Person, objectId: string): Promise<Uint8Array> {
    const reader = await this.stranger();
    for await (const message of reader.readWaiting(person.agent.mailbox.requireIds().mailboxId)) {
      if (message.objectId === objectId) return message.payload;
    }
    throw new Error(`${objectId} does not wait there`);
  }

  /** A client of the contract as somebody else with coins. */
  async stranger(): Promise<MailboxClient> {
    return new MailboxClient({ queue: await fundedQueue(this.localnet), packageId: this.packageId });
  }

  /** A home without anything but keys. */
  async home(
    rpcUrl: string = this.localnet.rpcUrl,
    didMethod: DidMethod = 'jwk',
    falcon: boolean = false,
  ): Promise<Home> {
    const dir = join(this.dir, `home-${this.#count++}`);
    const { faucetUrl } = this.localnet;
    const identityPackageId = didMethod === 'iota' ? await this.identityPackage() : null;
    const network = { name: 'test', rpcUrl, faucetUrl, packageId: this.packageId, identityPackageId };
    await createHome({ dir, passphrase, network, cost: cheap, didMethod, falcon });
    return Home.open({ dir, passphrase });
  }

  /** Somebody whose agent runs. */
  async person(init: PersonInit = {}): Promise<Person> {
    const { credential, trust, mailbox, funded, rpcUrl, issuer = this.issuer, listen, ...rest } = init;
    const { didMethod, falcon, ...agentInit } = rest;
    const person = new Person(await this.home(rpcUrl, didMethod, falcon), agentInit);
    this.#people.push(person);
    await person.start({ listen: listen ?? ['/ip4/127.0.0.1/tcp/0'] });
    const { agent } = person;
    if (funded !== false)
      await Promise.all([agent.wallet.requestFunds('owner'), agent.wallet.requestFunds('postage')]);
    if (didMethod === 'iota') await agent.identity.create();
    if (trust !== false) agent.trust.add(encodeTrustedIssuer(this.issuer.trustedIssuer));
    if (credential !== false)
      await agent.credential.import(await this.credentialFor(person, { issuer, clock: init.clock }));
    if (mailbox !== false && funded !== false) {
      await agent.mailbox.create();
      await agent.mailbox.publishPrekeys();
    }
    return person;
  }

  /** Two people who know each other, without mailboxes unless that is said. */
  async couple(init: PersonInit = {}): Promise<[Person, Person]> {
    const online = { mailbox: false, funded: false, ...init };
    const pair = await Promise.all([this.person(online), this.person(online)]);
    await meet(...pair);
    return pair;
  }

  /** A credential in the form that people pass around. */
  async credentialFor(
    person: Person,
    init: {
      readonly issuer?: Issuer;
      readonly clock?: Clock | undefined;
      readonly fromMs?: number;
      readonly validForMs?: number;
      readonly status?: StatusEntry;
    } = {},
  ): Promise<string> {
    const nowMs = init.clock?.nowMs() ?? Date.now();
    const holder = parseCredentialRequest(provider, person.agent.credentialRequest(), nowMs);
    const { bytes } = await (init.issuer ?? this.issuer).issueCredential('wotid_hybrid', {
      subjectDid: holder.did,
      idFp: identityFingerprint(provider, holder),
      nowMs: init.fromMs ?? nowMs,
      validForMs: init.validForMs ?? 100 * dayMs,
      ...(init.status === undefined ? {} : { status: init.status }),
      evidence: [{ method: 'test', policy: 'none' }],
    });
    return armor(armorLabels.credential, bytes);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.close()));
    await this.localnet.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Both learn the other's card. */
export async function meet(one: Person, other: Person): Promise<void> {
  await one.agent.addContact(other.card);
  await other.agent.addContact(one.card);
}

/** A clock that starts now and moves when told. */
export const clockFromNow = (): VirtualClock => new VirtualClock(Date.now());

/** The code of what `work` rejects with, and of its cause where it has a reason. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    const { code, data } = error as { code?: string; data?: Record<string, unknown> };
    const reason = data?.['reason'];
    return typeof reason === 'string' && code === 'NOT_DELIVERED'
      ? `${code} ${reason}`
      : String(code ?? error);
  }
  return 'no error';
}

/** A text of a message. */
export const text = (content: string): { readonly type: 'text'; readonly text: string } => ({
  type: 'text',
  text: content,
});

async function fundedQueue({ rpcUrl, faucetUrl }: Localnet): Promise<TransactionQueue> {
  const queue = new TransactionQueue({ client: createIotaClient(rpcUrl), signer: new Ed25519Keypair() });
  await requestIotaFromFaucet({ host: faucetUrl, recipient: queue.address, delayMs: 20 });
  return queue;
}
