/** A network, an issuer, and people whose agents run in this process: the stage of the attack tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Agent,
  armor,
  armorLabels,
  createHome,
  deployMailbox,
  Home,
  parseCredentialRequest,
  type AgentInit,
} from '@wotid/agent';
import { createIssuer, createLocalSigner, encodeTrustedIssuer, type Issuer } from '@wotid/credential';
import { identityFingerprint, IdentityKeys, NodeProvider, type IdentityBlock } from '@wotid/crypto';
import { startLocalnet, type Localnet } from '@wotid/localnet';
import { buildMovePackage } from '@wotid/move-build';

export const provider: NodeProvider = new NodeProvider();
export const passphrase = 'a passphrase for tests';

/** What a person starts with; everything by default. */
export interface PersonInit {
  readonly issuer?: Issuer;
  /** `false` leaves the account that pays for messages empty. */
  readonly hasPostage?: boolean;
}

/** Somebody's agent and the home that it runs on. */
export interface Person {
  readonly name: string;
  readonly agent: Agent;
  readonly home: Home;
  /** Ends the agent and closes its home. Idempotent. */
  leave(): Promise<void>;
}

export class AttackWorld implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'wotid-attack-'));
  readonly network: Localnet;
  readonly issuer: Issuer = newIssuer();
  readonly #present = new Set<Person>();
  #packageId: string | null = null;

  private constructor(network: Localnet) {
    this.network = network;
  }

  static async create(): Promise<AttackWorld> {
    const world = new AttackWorld(await startLocalnet({ port: 0, faucetPort: 0 }));
    await world.#home('operator');
    const operator = await world.come('operator');
    await operator.agent.wallet.requestFunds('owner');
    const compiled = await buildMovePackage(fileURLToPath(new URL('../move/mailbox', import.meta.url)));
    const published = await deployMailbox({ home: operator.home, compiled, upgradeable: false });
    world.#packageId = published.packageId;
    await operator.leave();
    return world;
  }

  /** A new person with money, a mailbox, prekeys on chain and a credential, online. */
  async person(name: string, init: PersonInit = {}): Promise<Person> {
    await this.#home(name);
    const person = await this.come(name);
    const { agent } = person;
    await agent.wallet.requestFunds('owner');
    if (init.hasPostage !== false) await agent.wallet.requestFunds('postage');
    await agent.mailbox.create();
    await agent.mailbox.publishPrekeys();
    agent.trust.add(encodeTrustedIssuer(this.issuer.trustedIssuer));
    const issuer = init.issuer ?? this.issuer;
    if (issuer !== this.issuer) agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    const block = parseCredentialRequest(provider, agent.credentialRequest(), Date.now());
    await agent.credential.import(armor(armorLabels.credential, await credentialFor(issuer, block)));
    return person;
  }

  /** Opens the agent of a home that is there. */
  async come(name: string, init: Partial<Omit<AgentInit, 'home'>> = {}): Promise<Person> {
    const home = await Home.open({ dir: join(this.dir, name), passphrase });
    const agent = await Agent.open({
      home,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      syncIntervalMs: 0,
      ackTimeoutMs: 5_000,
      dialTimeoutMs: 2_000,
      ...init,
    });
    const person: Person = {
      name,
      agent,
      home,
      leave: async () => {
        if (!this.#present.delete(person)) return;
        await agent.close();
        home.close();
      },
    };
    this.#present.add(person);
    return person;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.#present) await person.leave();
    await this.network.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #home(name: string): Promise<void> {
    const { rpcUrl, faucetUrl } = this.network;
    const network = { name: 'test', rpcUrl, faucetUrl, packageId: this.#packageId };
    await createHome({ dir: join(this.dir, name), passphrase, network, didMethod: 'jwk' });
  }
}

/** An issuer with keys of its own. */
export function newIssuer(): Issuer {
  const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
  return createIssuer({ provider, signer: createLocalSigner({ provider, ed25519, mlDsa87 }) });
}

/** A credential of a month for the holder of `block`. */
export async function credentialFor(issuer: Issuer, block: IdentityBlock): Promise<Uint8Array> {
  const { bytes } = await issuer.issueCredential('wotid_hybrid', {
    subjectDid: block.did,
    idFp: identityFingerprint(provider, block),
    nowMs: Date.now(),
    validForMs: 30 * 86_400_000,
    evidence: [{ method: 'in-person', policy: 'met for a test' }],
  });
  return bytes;
}

/** Texts in somebody's inbox, in order. */
export function textsOf({ agent }: Person): string[] {
  return agent.inbox().map(({ payload }) => Buffer.from(payload).toString());
}
