/** People who are believed no longer: revoked, expired, or vouched for by an issuer that is trusted no more. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityKeys } from '@wotid/crypto';
import {
  createIssuer,
  createLocalSigner,
  encodeTrustedIssuer,
  issueStatusList,
  StatusBits,
  statusListMediaTypes,
  type Issuer,
} from '@wotid/credential';
import {
  clockFromNow,
  failure,
  meet,
  Network,
  provider,
  text,
  type Person,
  type PersonInit,
} from './people.ts';

const ttlMs = 1_000;

/** An issuer with a status list on a real server. */
class Authority {
  readonly issuer: Issuer;
  readonly url: string;
  readonly bits: StatusBits = StatusBits.create();
  isAway = false;
  /** Called with each request, which is answered when it resolves. */
  onAsked: () => Promise<void> | void = () => {};
  readonly #server: Server;
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
    const signer = createLocalSigner({ provider, ed25519, mlDsa87 });
    this.issuer = createIssuer({ provider, signer, statusOrigin: origin });
    this.url = `${origin}/status/1`;
    server.on('request', (_, response) => {
      if (this.isAway) {
        response.writeHead(503).end();
        return;
      }
      const { url, bits } = this;
      void Promise.resolve(this.onAsked())
        .then(() => issueStatusList(signer, { url, bits, nowMs: Date.now(), ttlMs, validForMs: 600_000 }))
        .then(({ hybrid }) =>
          response.writeHead(200, { 'content-type': statusListMediaTypes.hybrid }).end(hybrid),
        );
    });
  }

  static async start(): Promise<Authority> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Authority(server);
  }

  /** Gives a person a credential that can be revoked, and returns its index. */
  async vouchFor(person: Person, init: { readonly validForMs?: number } = {}): Promise<number> {
    const index = this.#next++;
    const status = { statusListCredential: this.url, statusListIndex: index };
    const { issuer } = this;
    await person.agent.credential.import(await network.credentialFor(person, { issuer, status, ...init }));
    return index;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let network: Network;
let authority: Authority;
beforeAll(async () => {
  [network, authority] = await Promise.all([Network.start(), Authority.start()]);
});
afterAll(async () => {
  authority.stop();
  await network.stop();
});

/** Alice, whom the authority vouches for, and Bob, who knows her and trusts it. */
async function couple(
  init: PersonInit = {},
  validForMs?: number,
): Promise<{ readonly alice: Person; readonly bob: Person; readonly index: number }> {
  const people = await Promise.all([network.person({ credential: false }), network.person({ ...init })]);
  const [alice, bob] = people;
  for (const { agent } of people) agent.trust.add(encodeTrustedIssuer(authority.issuer.trustedIssuer));
  const index = await authority.vouchFor(alice, validForMs === undefined ? {} : { validForMs });
  await meet(alice, bob);
  return { alice, bob, index };
}

describe('a revoked human', () => {
  it('is cut off without having said anything, within the list’s time to live, and not let in again', async () => {
    const { alice, bob, index } = await couple();
    expect((await alice.agent.send(bob.did, text('hello'))).route).toBe('p2p');
    expect((await bob.agent.send(alice.did, text('hello too'))).route).toBe('p2p');
    authority.bits.set(index, true);
    const distrusted = await bob.until((events) => events.distrusted[0]);
    expect(distrusted).toMatchObject({
      did: alice.did,
      name: 'REVOKED',
      reason: expect.stringMatching(/revoked/) as string,
    });
    await alice.until(({ peer }) => peer.at(-1)?.state === 'disconnected');
    await expect(alice.agent.connect(bob.did)).rejects.toMatchObject({
      code: 'GATE_REFUSED',
      data: { wireCode: 32 },
    });
    expect(bob.events.refused.at(-1)?.name).toBe('VC_REVOKED');
    expect(bob.agent.contacts()).toMatchObject([
      { did: alice.did, verified: false, reason: 'it is revoked' },
    ]);
    // What our user writes to her is kept back, and says why.
    const refusal = await bob.agent.send(alice.did, text('are you there')).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'NOT_DELIVERED', data: { reason: 'UNVERIFIED_PEER' } });
    expect(String((refusal as Error).cause)).toMatch(/revoked/);
    expect(bob.home.outbox.count('queued') + bob.home.outbox.count('sent')).toBe(1);
  });

  it('is not heard by mailbox, until another credential of theirs passes', async () => {
    const clock = clockFromNow();
    const { alice, bob, index } = await couple({ clock });
    expect((await alice.agent.send(bob.did, text('1'))).route).toBe('p2p');
    await bob.leave();
    expect((await alice.agent.send(bob.did, text('2'))).route).toBe('mailbox');
    authority.bits.set(index, true);
    clock.advance(5 * ttlMs);
    const report = await bob.back();
    expect(report).toMatchObject({ opened: 0, refused: 1, claims: [] });
    expect(report.refusals).toMatchObject([{ name: 'REVOKED' }]);
    expect(bob.texts).toEqual(['1']);
    expect(await bob.agent.sync()).toMatchObject({ waiting: 1, opened: 0, refused: 0, refusals: [] });
    // One human, one credential: the new one replaces the revoked one.
    await authority.vouchFor(alice);
    expect((await alice.agent.send(bob.did, text('3'))).route).toBe('p2p');
    await bob.agent.sync();
    await bob.until(({ message }) => message.some(({ payload }) => Buffer.from(payload).toString() === '2'));
    expect(bob.texts.toSorted()).toEqual(['1', '2', '3']);
  });

  it('cannot begin anew by mailbox either', async () => {
    const clock = clockFromNow();
    const { alice, bob, index } = await couple({ clock });
    await bob.leave();
    authority.bits.set(index, true);
    clock.advance(5 * ttlMs);
    expect((await alice.agent.send(bob.did, text('hello'))).route).toBe('mailbox');
    expect((await bob.back()).refusals).toMatchObject([{ name: 'REVOKED' }]);
    expect(bob.texts).toEqual([]);
  });
});

describe('an issuer that cannot be reached', () => {
  it('is believed for a while by its last list, also after a restart; then nobody whom it vouches for', async () => {
    const clock = clockFromNow();
    const statusGraceMs = 60_000;
    const { alice, bob } = await couple({ clock, statusGraceMs });
    expect((await alice.agent.send(bob.did, text('1'))).route).toBe('p2p');
    authority.isAway = true;
    try {
      clock.advance(2 * ttlMs);
      await bob.restart();
      await alice.agent.connect(bob.did);
      expect((await alice.agent.send(bob.did, text('2'))).route).toBe('p2p');
      expect(bob.events.distrusted).toEqual([]);
      clock.advance(statusGraceMs);
      expect((await alice.agent.send(bob.did, text('3'))).route).toBe('mailbox');
      expect(bob.events.distrusted).toMatchObject([{ name: 'STATUS_UNKNOWN' }]);
      await alice.until(({ peer }) => peer.at(-1)?.state === 'disconnected');
      await expect(alice.agent.connect(bob.did)).rejects.toMatchObject({ code: 'GATE_REFUSED' });
      expect((await bob.agent.sync()).refusals).toMatchObject([{ name: 'STATUS_UNKNOWN' }]);
    } finally {
      authority.isAway = false;
    }
    // What could not be established is looked at again by itself.
    clock.advance(10_000);
    expect(await bob.agent.sync()).toMatchObject({ opened: 1, refused: 0 });
    expect(bob.texts).toEqual(['1', '2', '3']);
  });
});

describe('a credential that has expired', () => {
  it('ends the link, and messages that come later are not shown', async () => {
    const clock = clockFromNow();
    const { alice, bob } = await couple({ clock }, 1_000_000);
    expect((await alice.agent.send(bob.did, text('1'))).route).toBe('p2p');
    clock.advance(2_000_000);
    // It says something: that is when it is noticed here, since no real time has passed.
    const late = failure(alice.agent.send(bob.did, text('2')));
    expect(await bob.until((events) => events.distrusted[0])).toMatchObject({ name: 'EXPIRED' });
    await late;
    expect((await bob.agent.sync()).refusals).toMatchObject([{ name: 'EXPIRED' }]);
    expect(bob.texts).toEqual(['1']);
  });
});

describe('an issuer that is trusted no longer', () => {
  it('takes those with it whom it vouched for, at once and by every way', async () => {
    const { alice, bob } = await couple();
    expect((await alice.agent.send(bob.did, text('1'))).route).toBe('p2p');
    bob.agent.trust.remove(authority.issuer.did);
    expect(await bob.until((events) => events.distrusted[0])).toMatchObject({ name: 'ISSUER' });
    await alice.until(({ peer }) => peer.at(-1)?.state === 'disconnected');
    expect((await alice.agent.send(bob.did, text('2'))).route).toBe('mailbox');
    expect((await bob.agent.sync()).refusals).toMatchObject([{ name: 'ISSUER' }]);
    expect(bob.texts).toEqual(['1']);
    // Trusted again, what waits is read.
    bob.agent.trust.add(encodeTrustedIssuer(authority.issuer.trustedIssuer));
    expect(await bob.agent.sync()).toMatchObject({ opened: 1 });
    expect(bob.texts).toEqual(['1', '2']);
  });

  it('is not believed by an answer that was on its way when trust ended', async () => {
    const clock = clockFromNow();
    const { alice, bob } = await couple({ clock });
    expect((await alice.agent.send(bob.did, text('1'))).route).toBe('p2p');
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    authority.onAsked = () => {
      asked.resolve();
      return answered.promise;
    };
    try {
      clock.advance(2 * ttlMs);
      const late = failure(alice.agent.send(bob.did, text('2')));
      await asked.promise;
      bob.agent.trust.remove(authority.issuer.did);
      answered.resolve();
      expect(await bob.until((events) => events.distrusted[0])).toMatchObject({ name: 'ISSUER' });
      await late;
    } finally {
      authority.onAsked = () => {};
      answered.resolve();
    }
    expect(bob.texts).toEqual(['1']);
  });
});
