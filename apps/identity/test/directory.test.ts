/** The directory on both databases: one head, every pair once, quotas that hold side by side, tokens that serve once. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createHolderProof,
  encodeBase64Url,
  encodeEnvelope,
  parseGeneralJws,
  type JsonObject,
} from '@wotid/credential';
import { signContactRecord, verifyContactRecord, type ContactRecordInit } from '@wotid/directory';
import {
  createPrekeys,
  emptyPrekeys,
  oneTimePairs,
  ownIdentity,
  verifyOneTimePair,
  verifyPrekeys,
  type PrekeyStore,
} from '@wotid/session';
import type { IdentityService, PrekeyAnchor } from '../src/index.ts';
import { nonceHousekeeping } from '../src/database/used-nonces.ts';
import { describeDatabases } from './databases.ts';
import { call, collect, createWorld, provider, publicUrl, Wallet, type Answer, type World } from './world.ts';

const chainId = '0a1b2c3d';
const hexId = (digit: string): string => `0x${digit.repeat(64)}`;
const url64 = encodeBase64Url;

/** What stands in mailboxes, as a node tells it. */
class Chain implements PrekeyAnchor {
  readonly chainId = chainId;
  readonly mailboxes = new Map<string, { number: bigint; bytes: Uint8Array }>();

  async readPrekeys(mailboxId: string): Promise<{ number: bigint; bytes: Uint8Array } | null> {
    return this.mailboxes.get(mailboxId) ?? null;
  }
}

/** A person with a mailbox. */
class Person extends Wallet {
  readonly mailboxId: string;
  readonly #world: World;
  readonly #chain: Chain;
  credential: Uint8Array | null = null;
  store: PrekeyStore = emptyPrekeys();
  number = 0;

  constructor(world: World, chain: Chain, digit: string) {
    super();
    this.#world = world;
    this.#chain = chain;
    this.mailboxId = hexId(digit);
  }

  async becomeHuman(): Promise<this> {
    const general = await collect(this.#world, `human ${this.did}`, this);
    this.credential = encodeEnvelope(parseGeneralJws(general as JsonObject));
    return this;
  }

  directoryProof(change: { audience?: string; nowMs?: number; nonce?: string } = {}): string {
    return createHolderProof({
      provider,
      keys: this.keys,
      block: this.block,
      kid: `${this.did}#0`,
      audience: `${publicUrl}/directory`,
      nonce: url64(provider.random.bytes(32)),
      nowMs: this.#world.clock.nowMs(),
      ...change,
    });
  }

  askToken(service: IdentityService, proof = this.directoryProof()): Promise<Answer> {
    const credential = this.credential === null ? {} : { credential: url64(this.credential) };
    return call(service, 'POST', '/directory/token', { json: { proof, ...credential } });
  }

  async token(service = this.#world.service): Promise<string> {
    const { status, body } = await this.askToken(service);
    if (status !== 200) throw new Error(`token ${status}: ${JSON.stringify(body)}`);
    return (body as { token: string }).token;
  }

  /** Publishes prekeys on chain. */
  anchor(pairs = 8, number = this.number + 1): readonly string[] {
    const made = createPrekeys(provider, this.store, {
      ours: ownIdentity(provider, this.keys, this.did),
      number,
      nowMs: this.#world.clock.nowMs(),
      chainId,
      mailboxId: Uint8Array.fromHex(this.mailboxId.slice(2)),
      oneTimePairs: pairs,
    });
    this.store = made.store;
    this.number = number;
    this.#chain.mailboxes.set(this.mailboxId, { number: BigInt(number), bytes: made.published });
    return (oneTimePairs(provider, made.store)?.pairs ?? []).map(({ bytes }) => url64(bytes));
  }

  record(change: Partial<ContactRecordInit> = {}): Uint8Array {
    return signContactRecord(provider, this.keys, {
      block: this.block,
      peerId: '12D3KooWExample',
      addresses: ['/ip4/192.0.2.1/tcp/4001'],
      mailbox: { chainId, packageId: hexId('e'), mailboxId: this.mailboxId },
      seq: 1n,
      issuedAtMs: this.#world.clock.nowMs(),
      ...change,
    });
  }
}

describeDatabases('directory', (create) => {
  const chain = new Chain();
  let world: World;
  let alice: Person;
  let bob: Person;
  const put = (path: string, token: string, json: object): Promise<Answer> =>
    call(world.service, 'PUT', `/directory/${path}`, { token, json });
  const claim = (service: IdentityService, token: string, did: string): Promise<Answer> =>
    call(service, 'POST', '/directory/claims', { token, json: { did } });
  const problem = ({ status, body }: Answer): unknown[] => [status, (body as { code?: string }).code];
  async function revoke(person: Person): Promise<void> {
    const { operatorToken: token } = world;
    const listed = await call(
      world.service,
      'GET',
      `/admin/credentials?subject=${encodeURIComponent(person.did)}`,
      { token },
    );
    const [{ id } = { id: '' }] = (listed.body as { credentials: { id: string }[] }).credentials;
    const path = `/admin/credentials/${encodeURIComponent(id)}/revoke`;
    const revoked = await call(world.service, 'POST', path, { token, json: { reason: 'test' } });
    expect(revoked.status).toBe(200);
  }

  beforeAll(async () => {
    world = await createWorld(create, { directory: { anchor: chain } });
    [alice, bob] = await Promise.all([
      new Person(world, chain, 'a').becomeHuman(),
      new Person(world, chain, 'b').becomeHuman(),
    ]);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('keeps the latest contact record and refuses older, foreign and broken ones', async () => {
    const token = await alice.token();
    const publish = async (record: Uint8Array): Promise<unknown[]> =>
      problem(await put('contact', token, { record: url64(record) }));
    const second = alice.record({ seq: 2n });
    expect(await publish(second)).toEqual([204, undefined]);
    expect(await publish(second)).toEqual([204, undefined]);
    expect(await publish(alice.record({ seq: 1n }))).toEqual([409, 'SEQ_CONFLICT']);
    expect(await publish(alice.record({ seq: 2n, peerId: 'other' }))).toEqual([409, 'SEQ_CONFLICT']);
    expect(await publish(bob.record({ seq: 3n }))).toEqual([403, 'NOT_YOURS']);
    expect(await publish(second.with(-1, (second.at(-1) ?? 0) ^ 1))).toEqual([400, 'BAD_CONTACT_RECORD']);
    const found = await call(world.service, 'GET', `/directory/contacts/${alice.did}`, {
      token: await bob.token(),
    });
    const record = Buffer.from((found.body as { record: string }).record, 'base64url');
    expect(verifyContactRecord(provider, new Uint8Array(record), world.clock.nowMs())).toMatchObject({
      seq: 2n,
      block: { did: alice.did },
      mailbox: { mailboxId: alice.mailboxId },
    });
    expect(problem(await call(world.service, 'GET', `/directory/contacts/${bob.did}`, { token }))).toEqual([
      404,
      'NO_CONTACT_RECORD',
    ]);
  });

  it('keeps a credential that its owner leaves, shows it to verified humans, and forgets it when told', async () => {
    const carol = await new Person(world, chain, 'c').becomeHuman();
    const [token, reader] = [await carol.token(), await bob.token()];
    const { credential } = carol;
    if (credential === null || alice.credential === null) throw new Error('no credential');
    const publish = async (record: Uint8Array, left: Uint8Array | null): Promise<unknown[]> =>
      problem(
        await put('contact', token, {
          record: url64(record),
          ...(left !== null && { credential: url64(left) }),
        }),
      );
    const read = (by: string, did = carol.did): Promise<Answer> =>
      call(world.service, 'GET', `/directory/credentials/${did}`, { token: by });
    const first = carol.record({ credential });
    for (const [record, left] of [
      [first, null],
      [first, alice.credential],
      [carol.record(), credential],
    ] as const) {
      expect(await publish(record, left)).toEqual([400, 'CREDENTIAL_MISMATCH']);
    }
    // Somebody else's, though the record names it.
    expect(await publish(carol.record({ credential: alice.credential }), alice.credential)).toEqual([
      403,
      'BAD_CREDENTIAL',
    ]);
    expect(problem(await read(reader))).toEqual([404, 'NO_CREDENTIAL_LEFT']);
    expect(await publish(first, credential)).toEqual([204, undefined]);
    expect((await read(reader)).body).toEqual({ credential: url64(credential) });
    const stranger = await new Person(world, chain, 'f').token();
    expect(problem(await read(stranger))).toEqual([403, 'CREDENTIAL_REQUIRED']);
    expect(problem(await call(world.service, 'GET', `/directory/credentials/${carol.did}`))).toEqual([
      401,
      'TOKEN_REQUIRED',
    ]);
    // Taken back, and not brought back by the record that named it.
    expect(await publish(carol.record({ seq: 2n }), null)).toEqual([204, undefined]);
    expect(problem(await read(reader))).toEqual([404, 'NO_CREDENTIAL_LEFT']);
    expect(await publish(first, credential)).toEqual([409, 'SEQ_CONFLICT']);
    expect(problem(await read(reader))).toEqual([404, 'NO_CREDENTIAL_LEFT']);
    const rows = await world.database.query('SELECT credential FROM directory_contact WHERE did = $1', [
      carol.did,
    ]);
    expect(rows).toEqual([{ credential: null }]);
  });

  it('gives nobody a credential that is revoked, and lets its owner take back everything without one', async () => {
    const gina = await new Person(world, chain, 'a').becomeHuman();
    const { credential } = gina;
    const json = {
      record: url64(gina.record({ credential })),
      credential: url64(credential ?? new Uint8Array()),
    };
    expect((await put('contact', await gina.token(), json)).status).toBe(204);
    const reader = await bob.token();
    const read = (what: string): Promise<Answer> =>
      call(world.service, 'GET', `/directory/${what}/${gina.did}`, { token: reader });
    const withdraw = (token?: string): Promise<Answer> =>
      call(world.service, 'DELETE', '/directory/contact', token === undefined ? {} : { token });
    expect((await read('credentials')).status).toBe(200);
    await revoke(gina);
    expect(problem(await read('credentials'))).toEqual([404, 'NO_CREDENTIAL_LEFT']);
    // She cannot publish a record that names none any more: she is no verified human.
    expect(problem(await gina.askToken(world.service))).toEqual([403, 'BAD_CREDENTIAL']);
    gina.credential = null;
    expect(problem(await withdraw())).toEqual([401, 'TOKEN_REQUIRED']);
    const nobody = await new Person(world, chain, 'b').token();
    expect([(await withdraw(nobody)).status, (await withdraw(reader)).status]).toEqual([204, 204]);
    expect((await read('contacts')).status).toBe(200);
    const own = await gina.token();
    expect([(await withdraw(own)).status, (await withdraw(own)).status]).toEqual([204, 204]);
    expect(problem(await read('contacts'))).toEqual([404, 'NO_CONTACT_RECORD']);
    expect(await world.database.query('SELECT 1 FROM directory_contact WHERE did = $1', [gina.did])).toEqual(
      [],
    );
  });

  it('lets one human read the credentials of a hundred people a day, on two instances', async () => {
    const dora = await new Person(world, chain, 'd').becomeHuman();
    const owners = await Promise.all(
      Array.from({ length: 4 }, () => new Person(world, chain, 'e').becomeHuman()),
    );
    for (const owner of owners) {
      const { credential } = owner;
      const json = {
        record: url64(owner.record({ credential })),
        credential: url64(credential ?? new Uint8Array()),
      };
      expect((await put('contact', await owner.token(), json)).status).toBe(204);
    }
    // Ninety-eight others she has read before.
    const who = createHash('sha256').update(dora.did).digest();
    for (let k = 0; k < 98; k++) {
      await world.database.query(
        'INSERT INTO directory_reading (requester, target, at_ms) VALUES ($1, $2, $3)',
        [who, createHash('sha256').update(String(k)).digest(), world.clock.nowMs()],
      );
    }
    const services = [world.service, await world.again()];
    const token = await dora.token();
    const greedy = async (by: string): Promise<number[]> => {
      const answers = await Promise.all(
        owners.map(({ did }, at) =>
          call(services[at % 2] as IdentityService, 'GET', `/directory/credentials/${did}`, { token: by }),
        ),
      );
      return answers.map(({ status }) => status).toSorted();
    };
    expect(await greedy(token)).toEqual([200, 200, 429, 429]);
    // Whom she has read she may read again.
    expect(await greedy(token)).toEqual([200, 200, 429, 429]);
    world.clock.advance(86_400_001);
    expect(await greedy(await dora.token())).toEqual([200, 200, 200, 200]);
  });

  it('gives tokens for a proof once, also after a restart, for its own audience and time alone', async () => {
    const proof = alice.directoryProof();
    expect((await alice.askToken(world.service, proof)).status).toBe(200);
    expect(problem(await alice.askToken(world.service, proof))).toEqual([401, 'PROOF_USED']);
    expect(problem(await alice.askToken(await world.again(), proof))).toEqual([401, 'PROOF_USED']);
    const nowMs = world.clock.nowMs();
    for (const [change, status] of [
      [{ audience: publicUrl }, 401],
      [{ audience: 'https://other.example/directory' }, 401],
      [{ nowMs: nowMs - 302_000 }, 401],
      [{ nowMs: nowMs + 302_000 }, 401],
      [{ nowMs: nowMs - 299_000 }, 200],
      [{ nowMs: nowMs + 299_000 }, 200],
    ] as const) {
      expect((await alice.askToken(world.service, alice.directoryProof(change))).status).toBe(status);
    }
    // One that is dated ahead lives longest at an instance whose clock is behind.
    const ahead = alice.directoryProof({ nowMs: nowMs + 299_000 });
    expect((await alice.askToken(world.service, ahead)).status).toBe(200);
    const behind = await world.again({ clock: { nowMs: () => world.clock.nowMs() - 300_000 } });
    world.clock.advance(898_000);
    await nonceHousekeeping(world.database, world.clock).run();
    expect(problem(await alice.askToken(behind, ahead))).toEqual([401, 'PROOF_USED']);
    world.clock.advance(2_000);
    expect(problem(await alice.askToken(behind, ahead))).toEqual([401, 'BAD_PROOF']);
    // A proof by the classical key alone opens nothing.
    const plain = alice.plainProof({
      aud: `${publicUrl}/directory`,
      nonce: 'x',
      iat: Math.floor(world.clock.nowMs() / 1_000),
    });
    expect(problem(await alice.askToken(world.service, plain))).toEqual([401, 'BAD_PROOF']);
    const token = await alice.token();
    expect(problem(await put('contact', `${token.slice(0, -1)}-`, { record: 'AA' }))).toEqual([
      401,
      'TOKEN_REQUIRED',
    ]);
  });

  it('has no other head than the chain', async () => {
    const token = await alice.token();
    const publish = (mailboxId: string): Promise<Answer> => put('prekeys', token, { mailboxId });
    expect(problem(await publish(alice.mailboxId))).toEqual([404, 'NO_PREKEYS']);
    alice.anchor();
    const first = chain.mailboxes.get(alice.mailboxId);
    bob.anchor();
    expect(problem(await publish(bob.mailboxId))).toEqual([403, 'PREKEYS_REFUSED']);
    expect((await publish(alice.mailboxId)).body).toEqual({ number: 1, left: 0 });
    alice.anchor();
    const second = chain.mailboxes.get(alice.mailboxId);
    expect((await publish(alice.mailboxId)).body).toEqual({ number: 2, left: 0 });
    // A node that serves the old head, or two heads of one number, moves nothing.
    chain.mailboxes.set(alice.mailboxId, first as NonNullable<typeof first>);
    expect(problem(await publish(alice.mailboxId))).toEqual([409, 'PREKEYS_OUTDATED']);
    alice.anchor(8, 2);
    expect(problem(await publish(alice.mailboxId))).toEqual([409, 'PREKEYS_OUTDATED']);
    chain.mailboxes.set(alice.mailboxId, { number: 3n, bytes: second?.bytes ?? new Uint8Array() });
    expect(problem(await publish(alice.mailboxId))).toEqual([403, 'PREKEYS_REFUSED']);
    chain.mailboxes.set(alice.mailboxId, second as NonNullable<typeof second>);
    const found = await call(world.service, 'GET', `/directory/prekeys/${alice.did}`, { token });
    const bytes = new Uint8Array(Buffer.from((found.body as { prekeys: string }).prekeys, 'base64url'));
    expect(bytes).toEqual(second?.bytes);
  });

  it('takes only pairs that the publication has signed, each once for ever', async () => {
    const pairs = bob.anchor(4);
    const foreign = alice.anchor(4, 9);
    const token = await bob.token();
    const upload = async (number: number, some: readonly string[]): Promise<unknown> => {
      const answer = await put('pairs', token, { number, pairs: some });
      return answer.status === 200 ? answer.body : problem(answer);
    };
    await put('prekeys', token, { mailboxId: bob.mailboxId });
    expect(await upload(bob.number, [pairs[0] ?? '', foreign[1] ?? ''])).toEqual([400, 'BAD_PAIR']);
    expect(await upload(bob.number + 1, pairs)).toEqual([409, 'PREKEYS_OUTDATED']);
    expect(await upload(bob.number, pairs)).toEqual({ number: bob.number, left: 4 });
    const taken = await claim(world.service, await alice.token(), bob.did);
    expect((taken.body as { number: number }).number).toBe(bob.number);
    const prekeys = chain.mailboxes.get(bob.mailboxId)?.bytes ?? new Uint8Array();
    const { publication } = verifyPrekeys(provider, prekeys, {
      nowMs: world.clock.nowMs(),
      chainId,
      mailboxId: Uint8Array.fromHex(bob.mailboxId.slice(2)),
    });
    const pair = new Uint8Array(Buffer.from((taken.body as { pair: string }).pair, 'base64url'));
    expect(verifyOneTimePair(provider, publication, pair).index).toBe(0);
    expect(await upload(bob.number, pairs)).toEqual({ number: bob.number, left: 3 });
    expect(await upload(bob.number, [...pairs, ...Array<string>(13).fill(pairs[0] ?? '')])).toEqual([
      400,
      'BAD_REQUEST',
    ]);
  });

  it('hands each pair out once to many at the same time, on two instances, and then the last resort', async () => {
    const carol = await new Person(world, chain, 'c').becomeHuman();
    const pairs = carol.anchor(16);
    const own = await carol.token();
    await put('prekeys', own, { mailboxId: carol.mailboxId });
    await put('pairs', own, { number: carol.number, pairs });
    const services = [world.service, await world.again()];
    const others = await Promise.all(
      Array.from({ length: 6 }, () => new Person(world, chain, 'd').becomeHuman()),
    );
    const tokens = await Promise.all(others.map((one) => one.token()));
    // Six people ask four times each, all at once.
    const answers = await Promise.all(
      tokens.flatMap((token) =>
        [0, 1, 0, 1].map((at) => claim(services[at] as IdentityService, token, carol.did)),
      ),
    );
    const given = answers.map(({ body }) => (body as { pair: string | null }).pair);
    const some = given.filter((pair) => pair !== null);
    expect([some.length, new Set(some).size, given.length - some.length]).toEqual([16, 16, 8]);
    expect(new Set(some)).toEqual(new Set(pairs));
    expect((await call(world.service, 'GET', '/directory/pairs', { token: own })).body).toEqual({
      number: carol.number,
      left: 0,
    });
  });

  it('gives one credential four pairs of one person a day, however it asks', async () => {
    const dora = await new Person(world, chain, 'd').becomeHuman();
    const pairs = dora.anchor(16);
    const own = await dora.token();
    await put('prekeys', own, { mailboxId: dora.mailboxId });
    await put('pairs', own, { number: dora.number, pairs });
    const eve = await new Person(world, chain, 'e').becomeHuman();
    const services = [world.service, await world.again()];
    const tokens = [await eve.token(), await eve.token(), await eve.token()];
    const greedy = async (): Promise<(number | string)[]> => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, at) =>
          claim(services[at % 2] as IdentityService, tokens[at % 3] ?? '', dora.did),
        ),
      );
      return answers.map(({ status }) => status).sort();
    };
    expect(await greedy()).toEqual([200, 200, 200, 200, ...Array<number>(8).fill(429)]);
    expect((await call(world.service, 'GET', '/directory/pairs', { token: own })).body).toMatchObject({
      left: 12,
    });
    // The day is over for the four at once.
    world.clock.advance(86_400_001);
    tokens.splice(0, 3, await eve.token(), await eve.token(), await eve.token());
    expect(await greedy()).toEqual([200, 200, 200, 200, ...Array<number>(8).fill(429)]);
  });

  it('gives nothing for a missing or revoked credential, also while its token lives', async () => {
    const nobody = new Person(world, chain, 'f');
    const token = await nobody.token();
    expect(problem(await claim(world.service, token, bob.did))).toEqual([403, 'CREDENTIAL_REQUIRED']);
    expect(problem(await put('contact', token, { record: url64(nobody.record()) }))).toEqual([
      403,
      'CREDENTIAL_REQUIRED',
    ]);
    nobody.credential = alice.credential;
    expect(problem(await nobody.askToken(world.service))).toEqual([403, 'BAD_CREDENTIAL']);
    const mallory = await new Person(world, chain, 'f').becomeHuman();
    const live = await mallory.token();
    expect((await claim(world.service, live, bob.did)).status).toBe(200);
    await revoke(mallory);
    expect(problem(await claim(world.service, live, bob.did))).toEqual([403, 'BAD_CREDENTIAL']);
    expect(problem(await mallory.askToken(world.service))).toEqual([403, 'BAD_CREDENTIAL']);
  });
});
