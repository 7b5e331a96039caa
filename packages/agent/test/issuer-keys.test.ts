/** Issuers that change their keys, and agents that pinned the first ones: who follows, and who is not led astray. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createIssuer,
  createLocalSigner,
  didWebOf,
  encodeTrustedIssuer,
  issuerDocument,
  issueKeySuccession,
  issueStatusList,
  StatusBits,
  statusListMediaTypes,
  type CredentialSigner,
  type FormerKeySet,
  type SignerKey,
  type TrustedIssuer,
} from '@wotid/credential';
import { IdentityKeys } from '@wotid/crypto';
import { clockFromNow, Network, provider, text, type Person } from './people.ts';

const ttlMs = 1_000;

interface KeySet {
  readonly signer: CredentialSigner;
  readonly publicKeys: FormerKeySet;
}

/** An issuer with a did:web on a real server of this machine. */
class Authority {
  readonly did: string;
  readonly origin: string;
  readonly bits: StatusBits = StatusBits.create();
  /** Present set first. */
  sets: KeySet[];
  /** By number, from 2 on. */
  readonly statements = new Map<number, string>();
  readonly asked: string[] = [];
  isAway = false;
  readonly #server: Server;
  #made = 0;

  constructor(server: Server) {
    this.#server = server;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    this.did = didWebOf(this.origin);
    this.sets = [this.makeSet()];
    server.on('request', (request, response) => {
      const path = request.url ?? '';
      this.asked.push(path);
      const number = Number(/^\/\.well-known\/wotid-issuer\/successions\/(\d+)$/.exec(path)?.[1] ?? 0);
      const answer = async (): Promise<[number, string, string]> => {
        if (path === '/.well-known/did.json') {
          return [200, 'application/did+json', JSON.stringify(issuerDocument(this.signer))];
        }
        if (path === '/status/1') return [200, statusListMediaTypes.hybrid, await this.#list()];
        const statement = this.statements.get(number);
        if (number > 0 && this.isAway) return [503, 'text/plain', ''];
        return statement === undefined ? [404, 'text/plain', ''] : [200, 'application/jose+json', statement];
      };
      void answer().then(([status, type, body]) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      );
    });
  }

  static async start(): Promise<Authority> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Authority(server);
  }

  get signer(): CredentialSigner {
    const [present, ...former] = this.sets as [KeySet, ...KeySet[]];
    return {
      ...present.signer,
      history: {
        formerKeys: former.map(({ signer }) => signer.keys),
        succession: this.statements.size + 1,
        statement: async (number) => this.statements.get(number) ?? null,
      },
    };
  }

  get pinned(): TrustedIssuer {
    return createIssuer({ provider, signer: this.signer, statusOrigin: this.origin }).trustedIssuer;
  }

  makeSet(): KeySet {
    const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
    const number = ++this.#made;
    return {
      signer: createLocalSigner({
        provider,
        ed25519,
        mlDsa87,
        did: this.did,
        ed25519KeyId: `${this.did}#ed25519-${number}`,
        mlDsa87KeyId: `${this.did}#ml-dsa-87-${number}`,
      }),
      publicKeys: { ed25519: ed25519.publicKey, mlDsa87: mlDsa87.publicKey },
    };
  }

  /** @param by who signs; default the keys before */
  async rotate(by: CredentialSigner = this.signer): Promise<void> {
    const next = this.makeSet();
    const number = this.statements.size + 2;
    const nowMs = Date.now();
    this.statements.set(number, await issueKeySuccession(by, { number, nowMs, next: next.publicKeys }));
    this.sets = [next, ...this.sets];
  }

  async retire(set: KeySet): Promise<void> {
    const number = this.statements.size + 2;
    const retired = [set.publicKeys.ed25519];
    this.statements.set(
      number,
      await issueKeySuccession(this.signer, { number, nowMs: Date.now(), retired }),
    );
    this.sets = this.sets.filter((one) => one !== set);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #list(): Promise<string> {
    const { bits, origin, signer } = this;
    const list = { url: `${origin}/status/1`, bits, nowMs: clock.nowMs(), ttlMs, validForMs: 600_000 };
    return (await issueStatusList(signer, list)).hybrid ?? '';
  }
}

let network: Network;
let authority: Authority;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());
beforeEach(async () => {
  authority = await Authority.start();
});
afterEach(() => authority.stop());

const clock = clockFromNow();
const cheaply = { credential: false, mailbox: false, funded: false, trust: false, clock };
/** Somebody with a credential by the authority's present keys, who trusts it as it is now. */
async function holder(index: number): Promise<Person> {
  const person = await network.person(cheaply);
  person.agent.trust.add(encodeTrustedIssuer(authority.pinned));
  const issuer = createIssuer({ provider, signer: authority.signer, statusOrigin: authority.origin });
  const status = { statusListCredential: `${authority.origin}/status/1`, statusListIndex: index };
  await person.agent.credential.import(await network.credentialFor(person, { issuer, status, clock }));
  return person;
}
/** Bob, who pinned the authority's keys as they are now. */
async function verifier(): Promise<Person> {
  const person = await network.person(cheaply);
  person.agent.trust.add(encodeTrustedIssuer(authority.pinned));
  return person;
}
/** What bob makes of a holder's credential: `OK`, or why he does not believe it. */
async function opinion(bob: Person, of: Person): Promise<string> {
  // Later than anything that is remembered or held back.
  clock.advance(31_000);
  return opinionNow(bob, of);
}
async function opinionNow(bob: Person, of: Person): Promise<string> {
  const { ok, reason } = await bob.agent.credential.verify(of.agent.credential.export());
  return ok ? 'OK' : reason;
}

describe('an agent that pinned the first keys', () => {
  it('follows three rotations by itself, believes what all four sets have signed, and keeps it', async () => {
    const bob = await verifier();
    const first = authority.pinned;
    const people = [await holder(1)];
    expect(await opinion(bob, people[0] as Person)).toBe('OK');
    expect(bob.agent.trust.list()).toMatchObject([{ did: authority.did, succession: 1 }]);
    for (const index of [2, 3, 4]) {
      await authority.rotate();
      people.push(await holder(index));
    }
    for (const one of people.toReversed()) expect(await opinion(bob, one)).toBe('OK');
    const [known] = bob.agent.trust.list();
    expect(known).toMatchObject({ succession: 4 });
    // And so does who meets one of them for the first time.
    const carol = await network.person(cheaply);
    carol.agent.trust.add(encodeTrustedIssuer(first));
    expect(await carol.agent.addContact((people[3] as Person).card)).toMatchObject({ verified: true });
    expect(carol.agent.trust.list()).toEqual([known]);
    expect(known).toEqual(people[3]?.agent.trust.list()[0]);
    await bob.restart();
    expect(bob.agent.trust.list()).toEqual([known]);
    const before = authority.asked.length;
    expect(await opinion(bob, people[3] as Person)).toBe('OK');
    expect(authority.asked.slice(before).filter((path) => path.includes('successions'))).toEqual([]);
  });

  it('hears of a revocation by a list that the new keys sign', async () => {
    const alice = await holder(7);
    const bob = await verifier();
    expect(await opinion(bob, alice)).toBe('OK');
    await authority.rotate();
    authority.bits.set(7, true);
    expect(await opinion(bob, alice)).toBe('it is revoked');
    expect(bob.agent.trust.list()).toMatchObject([{ succession: 2 }]);
  });

  it('refuses what a retired key has signed', async () => {
    const [first] = authority.sets as [KeySet];
    const alice = await holder(1);
    const bob = await verifier();
    expect(await opinion(bob, alice)).toBe('OK');
    await authority.rotate();
    await authority.retire(first);
    expect(await opinion(bob, alice)).toMatch(/does not verify with the pinned key|DID document/);
    expect(await bob.agent.updateIssuer(authority.did)).toMatchObject({ succession: 3, changed: false });
    expect(await opinion(bob, alice)).toMatch(/does not verify with the pinned key/);
    expect(await opinion(bob, await holder(2))).toBe('OK');
  });

  it.each(['EdDSA', 'ML-DSA-87'] as const)(
    'is not led to new keys by who has broken %s alone, and says what to do',
    async (broken) => {
      const bob = await verifier();
      const { signer: own } = authority;
      const { signer: forger } = authority.makeSet();
      await authority.rotate({
        ...own,
        sign: (key: SignerKey, bytes) => (key.alg === broken ? own : forger).sign(key, bytes),
      });
      const mallory = await holder(1);
      const before = bob.agent.trust.list();
      const reason = await opinion(bob, mallory);
      expect(reason).toMatch(/not verify with the pinned key.*new keys do not follow/);
      await expect(bob.agent.updateIssuer(authority.did)).rejects.toMatchObject({
        code: 'KEY_SUCCESSION',
        hint: expect.stringContaining('wotid trust add') as string,
      });
      expect(bob.agent.trust.list()).toEqual(before);
      // A person who compared the new fingerprint pins anew.
      bob.agent.trust.add(encodeTrustedIssuer(authority.pinned));
      expect(await opinion(bob, mallory)).toBe('OK');
    },
  );

  it('keeps what the chain has led to before it breaks', async () => {
    const bob = await verifier();
    await authority.rotate();
    const alice = await holder(1);
    await authority.rotate(authority.makeSet().signer);
    await expect(bob.agent.updateIssuer(authority.did)).rejects.toMatchObject({ code: 'KEY_SUCCESSION' });
    expect(bob.agent.trust.list()).toMatchObject([{ succession: 2 }]);
    // The list is signed by keys that bob has no reason to believe.
    expect(await opinion(bob, alice)).toMatch(/status could not be established.*pinned key/);
  });

  it('loses no message to whoever answered in the place of the issuer once', async () => {
    const bob = await network.person({ credential: false, trust: false, clock });
    bob.agent.trust.add(encodeTrustedIssuer(authority.pinned));
    await authority.rotate();
    const issuer = createIssuer({ provider, signer: authority.signer, statusOrigin: authority.origin });
    const alice = await network.person({ credential: false, trust: false, clock });
    alice.agent.trust.add(encodeTrustedIssuer(authority.pinned));
    await alice.agent.credential.import(await network.credentialFor(alice, { issuer, clock }));
    const succession = authority.statements.get(2) ?? '';
    authority.statements.set(2, '<html>Sign in to use this network</html>');
    expect((await bob.agent.addContact(alice.card)).reason).toMatch(/new keys do not follow/);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    const sent = await alice.agent.send(bob.did, text('under new keys'), { toUnverified: true });
    expect(sent.route).toBe('mailbox');
    clock.advance(6_000);
    expect(await bob.back()).toMatchObject({ refused: 1 });
    authority.statements.set(2, succession);
    clock.advance(6_000);
    await bob.agent.sync();
    expect(bob.texts).toEqual(['under new keys']);
  });

  it('keeps the document that it has while strangers show what nobody has signed', async () => {
    const alice = await holder(1);
    const bob = await verifier();
    expect(await opinion(bob, alice)).toBe('OK');
    const documents = (): number => authority.asked.filter((path) => path.endsWith('/did.json')).length;
    const before = documents();
    const { signer } = authority.makeSet();
    const forged = createIssuer({ provider, signer, statusOrigin: authority.origin });
    const mallory = await network.person(cheaply);
    await expect(
      bob.agent.credential.verify(await network.credentialFor(mallory, { issuer: forged, clock })),
    ).resolves.toMatchObject({ ok: false, reason: expect.stringContaining('does not verify') as string });
    expect(await opinionNow(bob, alice)).toBe('OK');
    expect(documents()).toBe(before);
  });

  it('asks again while the issuer is away, and not for everybody who knocks', async () => {
    const bob = await verifier();
    await authority.rotate();
    const alice = await holder(1);
    authority.isAway = true;
    expect(await opinion(bob, alice)).toMatch(/answers with HTTP status 503/);
    const asked = authority.asked.length;
    expect(await opinionNow(bob, alice)).toMatch(/asked for new keys a moment ago/);
    expect(authority.asked.length).toBe(asked);
    await expect(bob.agent.updateIssuer(authority.did)).rejects.toMatchObject({ code: 'ISSUER_UNREACHABLE' });
    authority.isAway = false;
    expect(await opinion(bob, alice)).toBe('OK');
    await expect(bob.agent.updateIssuer('did:web:nobody.example')).rejects.toMatchObject({
      code: 'UNTRUSTED_ISSUER',
    });
  });
});
