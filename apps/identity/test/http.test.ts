/** The HTTP side under a stranger's hands: real sockets, real time limits, made short. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, type Logger } from '@wotid/core';
import { didJwkMethod, Resolver } from '@wotid/credential';
import { NodeProvider } from '@wotid/crypto';
import { VirtualClock } from '@wotid/testkit';
import { createIdentityService, type Database, type IdentityService } from '../src/index.ts';
import { createApp, type ServiceApp } from '../src/http/app.ts';
import { isLoopback, rateKeyOf, TrustedProxies } from '../src/http/client-address.ts';
import { RateLimit } from '../src/http/rate-limit.ts';
import { nonceHousekeeping } from '../src/database/used-nonces.ts';
import { addDirectory } from '../src/directory/directory.ts';
import { Housekeeping } from '../src/ops/housekeeping.ts';
import { Metrics } from '../src/ops/metrics.ts';
import { createEmbedded, type TestDatabase } from './databases.ts';

let place: TestDatabase;
let database: Database;
let service: IdentityService;
let url: string;
const logged: { level: string; event: string; facts: unknown }[] = [];
const logger: Logger = {
  debug: () => {},
  info: (event, facts) => void logged.push({ level: 'info', event, facts }),
  warn: (event, facts) => void logged.push({ level: 'warn', event, facts }),
  error: (event, facts) => void logged.push({ level: 'error', event, facts }),
};

beforeAll(async () => {
  place = await createEmbedded();
  database = await place.open();
  service = createIdentityService({
    database,
    port: 0,
    logger,
    requestTimeoutMs: 500,
    ratePerSecond: 10_000,
  });
  url = await service.start();
});
afterAll(async () => {
  await service.close();
  await place[Symbol.asyncDispose]();
});

/** An app with one route that takes any JSON, and guards like the service's. */
function appWith(
  options: { readonly ratePerSecond?: number; readonly clock?: VirtualClock } = {},
): ServiceApp {
  const app = createApp({
    clock: options.clock ?? new VirtualClock(),
    logger: silentLogger,
    metrics: new Metrics(),
    trustedProxies: new TrustedProxies([]),
    ...(options.ratePerSecond !== undefined && { ratePerSecond: options.ratePerSecond }),
  });
  app.post('/echo', async (context) => context.json(await context.req.json()));
  app.get('/bug', () => {
    throw new Error('secret inside');
  });
  return app;
}
const post = (app: ServiceApp, body: string, type = 'application/json'): Promise<Response> =>
  Promise.resolve(app.request('/echo', { method: 'POST', body, headers: { 'content-type': type } }));

describe('bodies', () => {
  it('pass when they are sound JSON', async () => {
    const answer = await post(appWith(), '{"a":[{"b":"{{{{"}]}');
    expect([answer.status, await answer.json()]).toEqual([200, { a: [{ b: '{{{{' }] }]);
  });

  it('are refused when they are deep, doubled, broken or large, each with its reason', async () => {
    const app = appWith();
    for (const [body, code, status] of [
      [`{"a":${'['.repeat(50_000 / 2)}${']'.repeat(50_000 / 2)}}`, 'BAD_JSON', 400],
      [`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, 'BAD_JSON', 400],
      ['{"a":1,"a":2}', 'BAD_JSON', 400],
      ['{"__proto__":1}', 'BAD_JSON', 400],
      ['[1]', 'BAD_JSON', 400],
      ['{"a":', 'BAD_JSON', 400],
      [`{"a":"${'x'.repeat(65_536)}"}`, 'TOO_LARGE', 413],
    ] as const) {
      const answer = await post(app, body);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toMatchObject({ status, code });
    }
    expect((await post(app, '{"a":1,"a":2}', 'Application/Vnd.x+JSON; charset=utf-8')).status).toBe(400);
  });

  it('are cut off while they arrive, whatever length they claim', async () => {
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000).fill(0x20)),
    });
    const init = {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    };
    const answer = await appWith().request('/echo', init as RequestInit);
    expect(answer.status).toBe(413);
  });
});

describe('errors', () => {
  it('of ours say nothing of the inside, to the client or by value', async () => {
    const answer = await appWith().request('/bug');
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('secret inside');
  });

  it('of the database are answered 503, and the service lives on', async () => {
    const broken: Database = {
      ...database,
      query: () => Promise.reject(new Error('gone')),
    };
    const other = createIdentityService({ database: broken });
    const answer = await other.app.request('/readyz');
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'NOT_READY' }]);
    expect((await other.app.request('/healthz')).status).toBe(200);
  });

  it('are no reason to ask it more than once a second, however many want to know', async () => {
    const clock = new VirtualClock();
    const first = Promise.withResolvers<void>();
    let asked = 0;
    let isBroken = false;
    const counted: Database = {
      ...database,
      query: async () => {
        asked++;
        await first.promise;
        if (isBroken) throw new Error('gone');
        return [];
      },
    };
    const other = createIdentityService({ database: counted, clock });
    const probe = async (): Promise<number> => (await other.app.request('/readyz')).status;
    const probes = Promise.all(Array.from({ length: 500 }, probe));
    first.resolve();
    expect([new Set(await probes), asked]).toEqual([new Set([200]), 1]);
    clock.advance(999);
    expect([await probe(), asked]).toEqual([200, 1]);
    isBroken = true;
    clock.advance(1);
    expect([await probe(), await probe(), asked]).toEqual([503, 503, 2]);
    isBroken = false;
    clock.advance(1_000);
    expect([await probe(), asked]).toEqual([200, 3]);
  });

  it('of one clean-up keep no other from being done, and show in log and metrics', async () => {
    const metrics = new Metrics();
    const warned: unknown[] = [];
    const clock = new VirtualClock();
    await database.query(
      "INSERT INTO directory_token (token_hash, did, id_fp, expires_at_ms) VALUES ('x', 'did:x:y', '', 1)",
    );
    await database.query('ALTER TABLE used_nonce RENAME TO lost');
    const housekeeping = new Housekeeping({
      tasks: [
        nonceHousekeeping(database, clock),
        ...addDirectory(
          appWith(),
          { anchor: { chainId: 'x', readPrekeys: async () => null } },
          {
            provider: new NodeProvider(),
            database,
            resolver: new Resolver({ ...didJwkMethod }),
            metrics,
            clock,
            publicUrl: () => 'https://id.example',
            signer: undefined,
          },
        ),
      ],
      metrics,
      logger: { ...silentLogger, warn: (event, facts) => void warned.push({ event, facts }) },
    });
    try {
      await Promise.all([housekeeping.run(), housekeeping.run()]);
    } finally {
      await database.query('ALTER TABLE lost RENAME TO used_nonce');
    }
    expect(warned).toEqual([
      {
        event: 'housekeeping.failed',
        facts: { task: 'used-nonces', error: 'the database refused a statement (42P01)' },
      },
    ]);
    expect(await metrics.text()).toContain('wotid_housekeeping_failed_total{task="used-nonces"} 1');
    expect(await database.query('SELECT 1 FROM directory_token')).toEqual([]);
    await housekeeping.run();
    expect(warned).toHaveLength(1);
  });

  it('for what is not there are problems too', async () => {
    const answer = await fetch(`${url}/no/such?thing`);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'NOT_FOUND', status: 404 }]);
  });
});

describe('clients', () => {
  it('are counted by address, and may go on after a while', () => {
    const clock = new VirtualClock();
    const limit = new RateLimit({ burst: 3, perSecond: 2, maxKeys: 2, clock });
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
    expect(limit.take('b')).toBe(0);
    clock.advance(500);
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
    clock.advance(60_000);
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
  });

  it('that ask too much are told when to come back', async () => {
    const clock = new VirtualClock();
    const app = appWith({ ratePerSecond: 0.5, clock });
    const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await post(app, '{}')).status));
    expect(statuses).toEqual([200, 200, 429, 429]);
    const answer = await post(app, '{}');
    expect(answer.headers.get('retry-after')).toBe('2');
    clock.advance(2_000);
    expect((await post(app, '{}')).status).toBe(200);
  });

  it('that guess operators’ tokens are slowed down too, apart from others at their address', async () => {
    const app = appWith({ ratePerSecond: 0.5 });
    const statuses = [];
    for (let at = 0; at < 4; at++) statuses.push((await app.request('/admin/audit')).status);
    expect(statuses).toEqual([404, 404, 429, 429]);
    expect((await post(app, '{}')).status).toBe(200);
    for (let at = 0; at < 4; at++) expect((await app.request('/healthz')).status).toBe(404);
  });

  it('behind trusted proxies are told apart, and cannot choose who they are', () => {
    const proxies = new TrustedProxies(['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
    for (const [socket, header, client] of [
      ['203.0.113.9', '1.2.3.4', '203.0.113.9'],
      ['::ffff:10.1.1.1', '1.2.3.4', '1.2.3.4'],
      ['10.1.1.1', '6.6.6.6, 1.2.3.4, 10.2.2.2', '1.2.3.4'],
      ['10.1.1.1', '6.6.6.6, nonsense, 10.2.2.2', '10.2.2.2'],
      ['10.1.1.1', undefined, '10.1.1.1'],
      ['fd00::1', '2001:db8::5', '2001:db8::5'],
      ['10.1.1.1', '10.2.2.2', '10.2.2.2'],
    ] as const) {
      expect(proxies.clientOf(socket, header)).toBe(client);
    }
    for (const range of ['10.0.0.0/33', 'host', '', '10.0.0.0/8/1', '::1/129', '1.2.3.4/-1']) {
      expect(() => new TrustedProxies([range])).toThrow(/no address range/);
    }
  });

  it('with IPv6 are counted by the network that they own', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (address, other) => {
        const key = rateKeyOf(address.toLowerCase());
        expect(key).toMatch(/^(?:[0-9a-f.]{1,15}:){4}:\/64$/);
        if (!address.includes('.') && !other.includes('.')) {
          expect(rateKeyOf(address) === rateKeyOf(other)).toBe(network(address) === network(other));
        }
      }),
    );
    expect(rateKeyOf('2001:db8::1')).toBe(rateKeyOf('2001:0DB8:0:0:ffff::9'));
    expect(rateKeyOf('2001:db8::1')).not.toBe(rateKeyOf('2001:db8:0:1::1'));
    expect(rateKeyOf('192.0.2.1')).toBe('192.0.2.1');
    expect([isLoopback('127.3.2.1'), isLoopback('::1'), isLoopback('::ffff:127.0.0.1')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isLoopback('128.0.0.1'), isLoopback('::2'), isLoopback('unknown')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

/** The first four groups by another way: the URL parser's. */
function network(address: string): string {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
    .slice(0, 4)
    .join(':');
}

describe('sockets', () => {
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket)).on(
        'error',
        reject,
      );
    });
  const ended = (socket: Socket): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      socket.on('data', (data) => (text += data.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.on('error', () => {});
    });

  it('of clients that send slowly are closed, and others are served meanwhile', async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, open));
    const closed = slow.map(ended);
    for (const [index, socket] of slow.entries()) {
      const head =
        'POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n';
      socket.write(index % 2 === 0 ? head : `${head}\r\n{"a":`);
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    for (const text of await Promise.all(closed))
      expect(text === '' || text.includes(' 408 ') || text.includes(' 4')).toBe(true);
  });

  it('with headers too large or no HTTP are refused', async () => {
    for (const [bytes, status] of [
      [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`, ' 431 '],
      ['\x16\x03\x01 nonsense\r\n\r\n', ' 400 '],
      ['GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n', ' 400 '],
    ] as const) {
      const socket = await open();
      socket.write(bytes, 'latin1');
      expect(await ended(socket)).toContain(status);
    }
  });

  it('get their answer when the service stops while it works', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const slowDatabase: Database = {
      ...database,
      kind: 'embedded',
      transaction: (work) => database.transaction(work),
      nowMs: () => database.nowMs(),
      query: async () => {
        started.resolve();
        await release.promise;
        return [];
      },
    };
    const other = createIdentityService({ database: slowDatabase, port: 0 });
    const otherUrl = await other.start();
    const answer = fetch(`${otherUrl}/readyz`);
    await started.promise;
    const closing = other.close();
    release.resolve();
    expect((await answer).status).toBe(200);
    await closing;
    await expect(fetch(`${otherUrl}/healthz`)).rejects.toThrow(/fetch failed/);
    expect((await other.app.request('/readyz')).status).toBe(503);
  });

  it('are served on while a balancer notices that the service stops', async () => {
    const other = createIdentityService({ database, port: 0, drainMs: 300 });
    const otherUrl = await other.start();
    const closing = other.close();
    expect((await fetch(`${otherUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${otherUrl}/healthz`)).status).toBe(200);
    await closing;
    await expect(fetch(`${otherUrl}/healthz`)).rejects.toThrow(/fetch failed/);
  });

  it('speak TLS when there is a certificate', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'wotid-tls-'));
    const files = { certificateFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
    try {
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-x509', '-days', '1'];
      const out = ['-out', files.certificateFile, '-keyout', files.keyFile];
      execFileSync('openssl', ['req', ...keys, ...subject, ...out], { stdio: 'ignore' });
      await using secure = createIdentityService({ database, port: 0, tls: files });
      const secureUrl = await secure.start();
      expect(secureUrl).toMatch(/^https:/);
      const status = await new Promise((resolve, reject) => {
        httpsRequest(`${secureUrl}/healthz`, { ca: readFileSync(files.certificateFile) }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(200);
      await expect(
        createIdentityService({ database, port: 0, tls: { ...files, keyFile: join(dir, 'none') } }).start(),
      ).rejects.toMatchObject({ code: 'BAD_CERTIFICATE' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('that are taken are said to be', async () => {
    const other = createIdentityService({ database, port: Number(new URL(url).port) });
    await expect(other.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});

describe('operation', () => {
  it('shows health, readiness and metrics', async () => {
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n');
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ready\n');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(
      /wotid_http_request_seconds_count\{method="GET",route="\/healthz",status="200"\} [1-9]/,
    );
  });

  it('keeps metrics from those who come through a proxy without a token', async () => {
    const answer = await fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.1' } });
    expect(answer.status).toBe(401);
  });

  it('logs what was asked, not by whom nor about whom', async () => {
    await fetch(`${url}/1.0/identifiers/did:web:someone.example?x=secret-query`);
    const text = JSON.stringify(logged);
    expect(text).toContain('http.request');
    for (const secret of ['someone.example', 'secret-query', '127.0.0.1']) expect(text).not.toContain(secret);
  });

  it('describes itself, for programs and for people, without anybody’s script', async () => {
    const description = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      paths: object;
    };
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths)).toContain('/readyz');
    const page = await fetch(`${url}/docs`);
    const text = await page.text();
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(text).toContain('/readyz');
    expect(text).not.toMatch(/<script|https?:\/\/(?!127\.0\.0\.1)/);
  });
});
