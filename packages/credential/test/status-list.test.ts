import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { StatusList as TokenStatusList } from '@sd-jwt/jwt-status-list';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '@wotid/testkit';
import {
  createIssuer,
  createLocalSigner,
  createStatusChecker,
  CredentialError,
  decodeBitstring,
  encodeBitstring,
  issueStatusList,
  maxStatusEntries,
  maxStatusListBytes,
  maxStatusTtlMs,
  minStatusEntries,
  parseVc20Claims,
  randomStatusIndex,
  StatusBits,
  verifyCredential,
  verifyStatusList,
  type StatusCheckerInit,
  type StatusListForm,
  type StatusListInit,
  type StoredStatusList,
} from '../src/index.ts';
import { encodeTokenList } from '../src/status-list.ts';
import { authority, expectations, nowMs, provider, request, stranger } from './people.ts';

/** What this package gives, which has no types. */
interface Bitstring {
  set(position: number, on: boolean): void;
  get(position: number): boolean;
  encodeBits(): Promise<string>;
}
const untyped = async (name: string): Promise<unknown> => import(name) as Promise<unknown>;
const { Bitstring } = (await untyped('@digitalbazaar/bitstring')) as {
  Bitstring: {
    new (init: { readonly length?: number; readonly buffer?: Uint8Array }): Bitstring;
    decodeBits(init: { readonly encoded: string }): Promise<Uint8Array>;
  };
};

const url = 'https://id.example/status/1';
const signer = createLocalSigner({ provider, ...authority });
const pinned = { ...authority.pinned, statusOrigin: 'https://id.example' };
const bitsWith = (...revoked: number[]): StatusBits => {
  const bits = StatusBits.create();
  for (const index of revoked) bits.set(index, true);
  return bits;
};
const listOf = (change: Partial<StatusListInit> = {}, by = signer) =>
  issueStatusList(by, {
    url,
    bits: bitsWith(7, 94_567),
    nowMs,
    ttlMs: 60_000,
    validForMs: 600_000,
    ...change,
  });
const formOf = async (
  form: StatusListForm,
  change: Partial<StatusListInit> = {},
  by = signer,
): Promise<string> => (await listOf(change, by))[form] ?? '';

describe('the bits of a status list', () => {
  it('are the example of the specification when nobody is revoked', async () => {
    // W3C Bitstring Status List 1.0, example 2.
    const example = 'uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA';
    const bits = await decodeBitstring(example);
    expect(bits.length).toBe(minStatusEntries);
    expect(bits.toBytes()).toEqual(new Uint8Array(16_384));
  });

  it('are read by other implementations as we wrote them, and theirs by us', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(minStatusEntries - 1), { maxLength: 200 }), async (revoked) => {
        const bits = bitsWith(...revoked);
        const encoded = await encodeBitstring(bits);
        const theirs = new Bitstring({ buffer: await Bitstring.decodeBits({ encoded: encoded.slice(1) }) });
        const token = TokenStatusList.decompressStatusList(await encodeTokenList(bits), 1);
        for (const index of [...revoked, ...revoked.map((at) => at ^ 1), 0, minStatusEntries - 1]) {
          expect(theirs.get(index)).toBe(bits.get(index));
          expect(token.getStatus(index) === 1).toBe(revoked.includes(index));
          expect(bits.get(index)).toBe(revoked.includes(index));
        }
        expect((await decodeBitstring(encoded)).toBytes()).toEqual(bits.toBytes());
      }),
      { numRuns: 15 },
    );
    const theirs = new Bitstring({ length: minStatusEntries });
    theirs.set(94_567, true);
    const bits = await decodeBitstring(`u${await theirs.encodeBits()}`);
    expect([94_566, 94_567, 94_568].map((index) => bits.get(index))).toEqual([false, true, false]);
  });

  it('can be set and cleared, one at a time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.boolean())), (changes) => {
        const bits = StatusBits.create();
        const model = new Map<number, boolean>();
        for (const [index, isRevoked] of changes) {
          bits.set(index, isRevoked);
          model.set(index, isRevoked);
        }
        for (let index = 0; index <= 301; index++) expect(bits.get(index)).toBe(model.get(index) ?? false);
      }),
      { numRuns: 30 },
    );
  });

  it('are refused when too few, too many, not there, or a bomb', async () => {
    const u = (bytes: Uint8Array): string => `u${Buffer.from(bytes).toString('base64url')}`;
    // 32 MiB of nothing in 32 KB.
    const bomb = u(gzipSync(new Uint8Array(32 * 2 ** 20)));
    for (const [text, reason] of [
      [u(gzipSync(new Uint8Array(16_383))), /131072 to 8388608/],
      [u(gzipSync(new Uint8Array(maxStatusEntries / 8 + 1))), /more than/],
      [bomb, /more than/],
      [u(new Uint8Array(100)), /do not decompress/],
      [u(gzipSync(new Uint8Array(16_384))).slice(0, -9), /do not decompress|base64url/],
      [Buffer.from(gzipSync(new Uint8Array(16_384))).toString('base64url'), /multibase/],
      ['u', /decompress/],
      ['', /multibase/],
      [`u${'A'.repeat(2 ** 21)}`, /too long/],
    ] as const) {
      await expect(decodeBitstring(text)).rejects.toMatchObject({
        code: 'BAD_STATUS_LIST',
        message: expect.stringMatching(reason) as string,
      });
    }
    const bits = StatusBits.create();
    for (const index of [-1, 0.5, minStatusEntries, Number.NaN]) {
      expect(() => bits.get(index)).toThrow(/no entry/);
      expect(() => bits.set(index, true)).toThrow(/no entry/);
    }
    for (const entries of [0, 8, minStatusEntries - 8, maxStatusEntries + 8, 0.5, -8]) {
      expect(() => StatusBits.create(entries)).toThrow(CredentialError);
    }
    expect(StatusBits.create(maxStatusEntries).length).toBe(maxStatusEntries);
  });

  it('are given out at random, without a favourite', () => {
    const random = new SeededRandom('indices');
    const quarters = [0, 0, 0, 0];
    for (let at = 0; at < 4_000; at++) {
      const index = randomStatusIndex(random, minStatusEntries);
      expect(index).toBeLessThan(minStatusEntries);
      quarters[Math.floor((index * 4) / minStatusEntries)]! += 1;
    }
    for (const count of quarters) expect(count).toBeGreaterThan(850);
    let asked = 0;
    const edge = { bytes: () => Uint8Array.from(asked++ === 0 ? [255, 255, 255, 255] : [0, 0, 0, 5]) };
    // 2^32 is no multiple of 3: the last value would favour an index, and is thrown away.
    expect(randomStatusIndex(edge, 3)).toBe(2);
    expect(asked).toBe(2);
  });
});

describe('a signed status list', () => {
  it('comes in three forms, each verified with the pinned keys it has', async () => {
    const { jwt, hybrid, token } = await listOf();
    const classical = { ...pinned, mlDsa87: null };
    for (const [text, issuer] of [
      [hybrid, pinned],
      [jwt, classical],
    ] as const) {
      const list = await verifyStatusList(provider, text ?? '', url, issuer);
      expect(list).toMatchObject({ issuedAtMs: nowMs, validUntilMs: nowMs + 600_000, ttlMs: 60_000 });
      expect([6, 7, 8, 94_567].map((index) => list.bits.get(index))).toEqual([false, true, false, true]);
    }
    const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ sub: url, iat: nowMs / 1_000, ttl: 60, status_list: { bits: 1 } });
    const onlyEdDsa = { did: signer.did, keys: signer.keys.slice(0, 1), sign: signer.sign };
    expect(Object.keys(await listOf({}, onlyEdDsa))).toEqual(['jwt', 'token']);
  });

  it('under an EdDSA signature alone takes nothing back from who is pinned with ML-DSA-87', async () => {
    const empty = await listOf({ bits: StatusBits.create() });
    await expect(verifyStatusList(provider, empty.jwt ?? '', url, pinned)).rejects.toMatchObject({
      code: 'BAD_STATUS_LIST',
    });
    const general = JSON.parse(empty.hybrid ?? '') as { payload: string; signatures: object[] };
    const forgery = { ...general, signatures: [general.signatures[0], general.signatures[0]] };
    await expect(verifyStatusList(provider, JSON.stringify(forgery), url, pinned)).rejects.toMatchObject({
      code: 'STATUS_FORGED',
    });
    const one = { ...general, signatures: general.signatures.slice(0, 1) };
    await expect(verifyStatusList(provider, JSON.stringify(one), url, pinned)).rejects.toMatchObject({
      code: 'STATUS_FORGED',
    });
  });

  it('is no credential, and a credential is no list', async () => {
    const { jwt } = await listOf();
    expect(() => parseVc20Claims(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url'))).toThrow(
      CredentialError,
    );
    const { credential, bytes } = await authority.issuer.issueCredential('vc+jwt', request);
    const classical = { ...pinned, mlDsa87: null };
    await expect(verifyStatusList(provider, String(credential), url, classical)).rejects.toMatchObject({
      code: 'BAD_STATUS_LIST',
    });
    expect(bytes.length).toBeLessThan(4_000);
  });

  it.each<[string, RegExp, string, Partial<StatusListInit>, typeof signer]>([
    ['of another URL', /another list/, 'BAD_STATUS_LIST', { url: 'https://id.example/status/2' }, signer],
    [
      'of another issuer',
      /key of its issuer/,
      'STATUS_FORGED',
      {},
      createLocalSigner({ provider, ed25519: stranger.ed25519, mlDsa87: stranger.mlDsa87 }),
    ],
    [
      'with the right names and the wrong keys',
      /EdDSA signature does not verify/,
      'STATUS_FORGED',
      {},
      createLocalSigner({ provider, ...stranger, did: signer.did }),
    ],
    [
      'with the right classical and the wrong post-quantum key',
      /ML-DSA-87 signature does not verify/,
      'STATUS_FORGED',
      {},
      createLocalSigner({ provider, ed25519: authority.ed25519, mlDsa87: stranger.mlDsa87, did: signer.did }),
    ],
  ])('%s is refused', async (_name, reason, code, change, by) => {
    const text = await formOf('hybrid', change, by);
    await expect(verifyStatusList(provider, text, url, pinned)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(reason) as string,
    });
  });

  it('is refused with any byte changed', async () => {
    const text = await formOf('hybrid');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 }), async (at, mask) => {
        const changed = Buffer.from(text);
        changed[at] = (changed[at] as number) ^ mask;
        await expect(verifyStatusList(provider, changed.toString(), url, pinned)).rejects.toThrow(
          CredentialError,
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('the status checker', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  interface World {
    readonly requests: string[];
    answer: (request: IncomingMessage, response: ServerResponse) => void;
    readonly url: string;
    readonly issuer: typeof pinned;
    check(atMs?: number, index?: number): Promise<boolean>;
    serve(change?: Partial<StatusListInit>): Promise<void>;
  }

  async function world(
    init: Partial<StatusCheckerInit> = {},
  ): Promise<World & { readonly checker: ReturnType<typeof createStatusChecker> }> {
    const requests: string[] = [];
    server = createServer((incoming, response) => {
      requests.push(String(incoming.headers.accept));
      self.answer(incoming, response);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const issuer = { ...pinned, statusOrigin: origin };
    const listUrl = `${origin}/status/1`;
    const checker = createStatusChecker({ provider, allowLoopbackHttp: true, ...init });
    const self = {
      requests,
      url: listUrl,
      issuer,
      checker,
      answer: (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(404).end(),
      check: (atMs = 0, index = 7) =>
        checker.isRevoked({ statusListCredential: listUrl, statusListIndex: index }, issuer, {
          nowMs: nowMs + atMs,
        }),
      serve: async (change: Partial<StatusListInit> = {}) => {
        const text = await formOf('hybrid', { url: listUrl, ...change });
        self.answer = (_, response) =>
          void response.writeHead(200, { 'content-type': 'application/jose+json; charset=utf-8' }).end(text);
      },
    };
    return self;
  }
  const down = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(503).end();

  it('asks once for all who ask, and again when the time to live is over', async () => {
    const { serve, check, requests, checker, url: listUrl } = await world();
    await serve();
    expect(await Promise.all([check(), check(0, 8), check(1), check(2, 94_567)])).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(requests).toEqual(['application/jose+json']);
    expect(checker.freshUntilMs(listUrl)).toBe(nowMs + 60_000);
    expect(await check(59_999, 8)).toBe(false);
    expect(requests).toHaveLength(1);
    await serve({ bits: bitsWith(8), nowMs: nowMs + 30_000 });
    expect(await check(59_999, 8)).toBe(false);
    expect(await check(60_000, 8)).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it('looks again after an hour and not within a second, whatever the list says, and when the clock was set back', async () => {
    const { serve, check, requests } = await world();
    await serve({ ttlMs: 10 * maxStatusTtlMs, validForMs: 10 * maxStatusTtlMs });
    await check();
    await check(maxStatusTtlMs - 1);
    expect(requests).toHaveLength(1);
    await serve({ nowMs: nowMs + maxStatusTtlMs, ttlMs: 0 });
    await check(maxStatusTtlMs);
    await check(maxStatusTtlMs + 999);
    expect(requests).toHaveLength(2);
    await check(maxStatusTtlMs + 1_000);
    expect(requests).toHaveLength(3);
    await check(maxStatusTtlMs);
    expect(requests).toHaveLength(4);
  });

  it('serves the last list for a bounded grace while its issuer is away, then believes nobody', async () => {
    const one = await world({ graceMs: 100_000 });
    await one.serve({ validForMs: 10_000_000 });
    expect(await one.check()).toBe(true);
    one.answer = down;
    expect(await one.check(60_000)).toBe(true);
    expect(await one.check(159_999, 8)).toBe(false);
    await expect(one.check(160_000, 8)).rejects.toMatchObject({
      code: 'STATUS_UNREACHABLE',
      message: expect.stringMatching(/503/) as string,
    });
    // Not asked again at once, and back as soon as the issuer is.
    const asked = one.requests.length;
    await expect(one.check(160_001)).rejects.toMatchObject({ code: 'STATUS_UNREACHABLE' });
    expect(one.requests).toHaveLength(asked);
    await one.serve({ nowMs: nowMs + 160_000 });
    expect(await one.check(163_000)).toBe(true);
  });

  it('believes nobody who was never looked up', async () => {
    const one = await world();
    one.answer = down;
    await expect(one.check()).rejects.toMatchObject({ code: 'STATUS_UNREACHABLE' });
  });

  it('refuses an older list than it has seen, also after a restart', async () => {
    const kept = new Map<string, StoredStatusList>();
    const store = {
      get: (of: string) => kept.get(of),
      put: (of: string, list: StoredStatusList) => void kept.set(of, list),
    };
    const one = await world({ store, graceMs: 0 });
    await one.serve({ nowMs: nowMs + 10_000, bits: bitsWith(8) });
    expect(await one.check(10_000, 8)).toBe(true);
    const [[keptUrl, newest] = ['', undefined]] = [...kept];
    expect(keptUrl).toBe(one.url);
    await one.serve();
    await expect(one.check(80_000, 8)).rejects.toMatchObject({ code: 'STATUS_ROLLED_BACK' });
    const restarted = createStatusChecker({ provider, allowLoopbackHttp: true, store, graceMs: 0 });
    const entry = { statusListCredential: one.url, statusListIndex: 8 };
    await expect(restarted.isRevoked(entry, one.issuer, { nowMs: nowMs + 90_000 })).rejects.toMatchObject({
      code: 'STATUS_ROLLED_BACK',
    });
    expect(kept.get(one.url)).toEqual(newest);
    // What was kept serves without the network while it is fresh, and says nothing when it was tampered with.
    const asked = one.requests.length;
    const offline = createStatusChecker({ provider, allowLoopbackHttp: true, store });
    expect(await offline.isRevoked(entry, one.issuer, { nowMs: nowMs + 20_000 })).toBe(true);
    expect(one.requests).toHaveLength(asked);
    kept.set(one.url, { text: '{}', fetchedAtMs: nowMs });
    await one.serve();
    const tampered = createStatusChecker({ provider, allowLoopbackHttp: true, store });
    expect(await tampered.isRevoked(entry, one.issuer, { nowMs })).toBe(false);
  });

  it.each<[string, string, RegExp, (one: World) => Promise<void>]>([
    [
      'a forged list',
      'STATUS_FORGED',
      /does not verify/,
      async (one) => {
        const by = createLocalSigner({ provider, ...stranger, did: signer.did });
        const text = await formOf('hybrid', { url: one.url }, by);
        one.answer = (_, response) =>
          void response.writeHead(200, { 'content-type': 'application/jose+json' }).end(text);
      },
    ],
    ['a stale list', 'STATUS_STALE', /not valid any more/, (one) => one.serve({ nowMs: nowMs - 901_000 })],
    ['a list from the future', 'STATUS_STALE', /future/, (one) => one.serve({ nowMs: nowMs + 301_000 })],
    [
      'another issuer’s media type',
      'STATUS_UNREACHABLE',
      /text\/html/,
      async (one) => {
        one.answer = (_, response) =>
          void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
      },
    ],
    [
      'an endless answer',
      'BAD_STATUS_LIST',
      /larger/,
      async (one) => {
        one.answer = (_, response) => {
          response.writeHead(200, { 'content-type': 'application/jose+json' });
          response.end(Buffer.alloc(maxStatusListBytes + 1, 0x20));
        };
      },
    ],
    [
      'a redirect',
      'STATUS_UNREACHABLE',
      /redirect|cannot be had/,
      async (one) => {
        one.answer = (_, response) =>
          void response.writeHead(302, { location: one.url.replace('/1', '/2') }).end();
      },
    ],
    [
      'no JSON',
      'BAD_STATUS_LIST',
      /JSON/,
      async (one) => {
        one.answer = (_, response) =>
          void response.writeHead(200, { 'content-type': 'application/jose+json' }).end('hello');
      },
    ],
    [
      'bytes that are no text',
      'STATUS_UNREACHABLE',
      /cannot be had/,
      async (one) => {
        one.answer = (_, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/jose+json' })
            .end(Uint8Array.of(0xff, 0xfe));
      },
    ],
    [
      'a connection that breaks',
      'STATUS_UNREACHABLE',
      /cannot be had/,
      async (one) => {
        one.answer = (incoming) => void incoming.socket.destroy();
      },
    ],
    ['no such entry', 'BAD_STATUS_LIST', /no entry/, (one) => one.serve()],
  ])('tells %s from others, and fails closed', async (name, code, reason, prepare) => {
    const one = await world();
    await prepare(one);
    await expect(one.check(0, name === 'no such entry' ? minStatusEntries : 7)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(reason) as string,
    });
  });

  it('takes a list within 300 s of clock difference', async () => {
    const one = await world();
    await one.serve({ nowMs: nowMs + 300_000 });
    expect(await one.check()).toBe(true);
    const other = await world();
    await other.serve({ nowMs: nowMs - 899_000 });
    expect(await other.check()).toBe(true);
  });

  it('stops waiting when the caller does', async () => {
    const one = await world();
    one.answer = () => {};
    const entry = { statusListCredential: one.url, statusListIndex: 7 };
    const aborting = new AbortController();
    const check = one.checker.isRevoked(entry, one.issuer, { nowMs, signal: aborting.signal });
    aborting.abort();
    await expect(check).rejects.toMatchObject({ code: 'STATUS_UNREACHABLE' });
    await expect(
      one.checker.isRevoked(entry, one.issuer, { nowMs, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'STATUS_UNREACHABLE' });
  });

  it('asks nobody outside of the pinned origin, and nothing in the clear', async () => {
    const one = await world();
    await one.serve();
    const ask = (of: string, issuer: typeof pinned, allowLoopbackHttp: boolean): Promise<boolean> =>
      createStatusChecker({ provider, allowLoopbackHttp }).isRevoked(
        { statusListCredential: of, statusListIndex: 7 },
        issuer,
        { nowMs },
      );
    const withPassword = one.url.replace('//', '//user:password@');
    for (const [of, issuer, allow] of [
      [one.url, pinned, true],
      [one.url, { ...one.issuer, statusOrigin: null as never }, true],
      [one.url, one.issuer, false],
      [withPassword, one.issuer, true],
      ['http://example.com/status/1', { ...pinned, statusOrigin: 'http://example.com' }, true],
      ['not a URL', pinned, true],
    ] as const) {
      await expect(ask(of, issuer, allow)).rejects.toMatchObject({ code: 'STATUS_URL' });
    }
    expect(one.requests).toEqual([]);
  });

  it('decides about a credential: good, revoked, unknown', async () => {
    const one = await world();
    const issuer = createIssuer({ provider, signer, statusOrigin: one.issuer.statusOrigin });
    const trustedIssuers = [issuer.trustedIssuer];
    const check = async (index: number, atMs: number): Promise<string> => {
      const status = { statusListCredential: one.url, statusListIndex: index };
      const { bytes } = await issuer.issueCredential('wotid_hybrid', { ...request, status });
      const at = { ...expectations, nowMs: nowMs + atMs };
      const verdict = await verifyCredential(bytes, { ...at, trustedIssuers, status: one.checker });
      return verdict.ok ? 'accepted' : verdict.code;
    };
    expect(await check(8, 0)).toBe('STATUS_UNKNOWN');
    await one.serve();
    expect(await check(8, 5_000)).toBe('accepted');
    expect(await check(7, 5_000)).toBe('REVOKED');
  });
});
