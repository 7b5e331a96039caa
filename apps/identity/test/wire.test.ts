/** Requests as they are on the wire, good and bad: none of them is answered as a defect of ours, or logged as one. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, type Logger } from '@wotid/core';
import { Admin } from '../src/admin/admin.ts';
import { createIdentityService, type Database, type IdentityService } from '../src/index.ts';
import { listenerBounds } from '../src/http/limits.ts';
import { createEmbedded, type TestDatabase } from './databases.ts';
import { evidence, secret, signer } from './world.ts';

let place: TestDatabase;
let database: Database;
let service: IdentityService;
let port: number;
let operator: string;
const defects: unknown[] = [];
const answered: { route: string; status: number }[] = [];
const logger: Logger = {
  debug: () => {},
  info: (event, facts) => {
    if (event === 'http.request') answered.push(facts as { route: string; status: number });
  },
  warn: (event, facts) => void defects.push({ event, facts }),
  error: (event, facts) => void defects.push({ event, facts }),
};

beforeAll(async () => {
  place = await createEmbedded();
  database = await place.open();
  service = createIdentityService({
    database,
    port: 0,
    logger,
    ratePerSecond: 10_000,
    issuer: { signer, secret },
    directory: { anchor: { chainId: 'x', readPrekeys: async () => null } },
  });
  port = Number(new URL(await service.start()).port);
  operator = await new Admin(database, systemClock).createOperator('ada', 'test');
});
afterAll(async () => {
  await service.close();
  await place[Symbol.asyncDispose]();
});

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** What comes back for these bytes until the connection ends. */
async function answerTo(
  ...bytes: readonly (string | Uint8Array)[]
): Promise<{ status: number; body: string }> {
  const socket = await open();
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  for (const part of bytes) socket.write(part);
  await once(socket, 'close');
  const [head = '', ...body] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body.join('') };
}

const head = (line: string, ...headers: readonly string[]): string =>
  `${[`${line} HTTP/1.1`, 'host: x', 'connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const json = 'content-type: application/json';
const chunked = 'transfer-encoding: chunked';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

it('serves requests without a body whatever their method', async () => {
  const bearer = `authorization: Bearer ${operator}`;
  expect(await answerTo(head('DELETE /admin/operators/nobody', bearer))).toMatchObject({
    status: 404,
    body: expect.stringContaining('NO_OPERATOR') as string,
  });
  for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'PUT', 'POST', 'TRACE', 'HEAD']) {
    for (const more of [[], ['content-length: 0'], [json], [json, 'content-length: 0']]) {
      const { status } = await answerTo(head(`${method} /admin/audit`, ...more));
      expect([400, 401, 404], `${method} ${more.join(' ')}`).toContain(status);
    }
  }
  expect((await answerTo(head('TRACE /healthz', chunked), chunk('{}'), chunk(''))).status).toBe(404);
  expect((await answerTo(head('POST /nonce'))).status).toBe(200);
  expect((await answerTo(head('POST /token', json))).status).toBe(400);
});

it('reads bodies in chunks like others, within the same bounds', async () => {
  const invitation = JSON.stringify({ human: 'in chunks', evidence });
  const line = head('POST /admin/invitations', `authorization: Bearer ${operator}`, json, chunked);
  const parts = invitation.match(/.{1,7}/g) ?? [];
  expect((await answerTo(line, parts.map(chunk).join(''), chunk(''))).status).toBe(201);
  const large = await answerTo(
    head('POST /applications', json, chunked),
    chunk(`{"a":"${'x'.repeat(70_000)}"}`),
  );
  expect(large).toMatchObject({ status: 413, body: expect.stringContaining('TOO_LARGE') as string });
  const deep = await answerTo(
    head('POST /applications', json, chunked),
    chunk('{"a":'.repeat(20)),
    chunk(''),
  );
  expect(deep).toMatchObject({ status: 400, body: expect.stringContaining('BAD_JSON') as string });
});

it('takes JSON for JSON alone, and text for UTF-8', async () => {
  const post = (body: Uint8Array, ...headers: string[]): ReturnType<typeof answerTo> =>
    answerTo(head('POST /applications', ...headers, `content-length: ${body.length}`), body);
  const doubled = Buffer.from('{"human":"abc","human":"abd","contact":"def"}');
  for (const type of [
    'application/json',
    'application/json;charset=utf-16',
    'APPLICATION/JSON ; x=y',
    'application/json\t',
    'application/vnd.x+json',
  ]) {
    expect(await post(doubled, `content-type: ${type}`)).toMatchObject({
      status: 400,
      body: expect.stringContaining('BAD_JSON') as string,
    });
  }
  for (const type of [[], ['content-type: text/plain'], ['content-type: text/plain, application/json']]) {
    const answer = await post(doubled, ...type);
    expect(answer).toMatchObject({
      status: 415,
      body: expect.stringContaining('UNSUPPORTED_MEDIA_TYPE') as string,
    });
  }
  const broken = Buffer.from('{"human":"abc\xff\xfe","contact":"def"}', 'latin1');
  expect(await post(broken, json)).toMatchObject({
    status: 400,
    body: expect.stringContaining('the body is not UTF-8') as string,
  });
});

it('takes no harm from clients that go away in the middle of a body, nor from bodies that are none', async () => {
  const before = answered.length;
  const ended = async (...bytes: readonly string[]): Promise<void> => {
    const socket = await open();
    for (const part of bytes) socket.write(part);
    const seen = answered.length;
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}/healthz`).then(() => answered.length))
      .toBeGreaterThan(seen);
    socket.destroy();
  };
  await ended(head('POST /applications', json, 'content-length: 500'), '{"human":');
  await ended(head('POST /applications', json, chunked), chunk('{"human":'));
  await ended(
    head('POST /token', 'content-type: application/x-www-form-urlencoded', 'content-length: 50'),
    'a=',
  );
  for (const tail of ['zz\r\n', '-1\r\n', 'fffffffffffffffff\r\n', `2;${'a'.repeat(20_000)}\r\n{}\r\n`]) {
    const { status } = await answerTo(head('POST /nonce', json, chunked), tail);
    expect([400, 413]).toContain(status);
  }
  const incomplete = (): number =>
    answered.slice(before).filter(({ route, status }) => route !== '/healthz' && status === 400).length;
  await expect.poll(incomplete).toBeGreaterThanOrEqual(3);
  expect(answered.filter(({ status }) => status >= 500)).toEqual([]);
});

it('refuses hosts, targets and versions that are none', async () => {
  for (const line of [
    'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: exämple.тест\r\nconnection: close\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: a b@c/..#?\r\nconnection: close\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: [::1\r\nconnection: close\r\n\r\n',
    head('GET http://[/healthz'),
    head('OPTIONS *'),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    head('GET /healthz', 'content-length: -1'),
    head('POST /nonce', 'transfer-encoding: xchunked'),
  ]) {
    expect((await answerTo(line)).status, line).toBe(400);
  }
  expect((await answerTo(head(`GET /healthz?${'a=1&'.repeat(4_000)}`))).status).toBe(431);
  expect((await answerTo(head(`GET /healthz?${'a=1&'.repeat(1_500)}`))).status).toBe(200);
  expect((await answerTo(head('GET /healthz', ...Array<string>(2_500).fill('a: b')))).status).toBe(431);
});

it('gives one address no more than its share of the sockets, and a trusted proxy what it needs', async () => {
  const max = listenerBounds.maxConnectionsPerClient ?? 0;
  await using proxied = createIdentityService({ database, port: 0, trustedProxies: ['127.0.0.1'] });
  const { port: other } = new URL(await proxied.start());
  const ask = async (at: number | string): Promise<{ socket: Socket; answer: Promise<string> }> => {
    const socket = connect(Number(at), '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    const answer = new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(String(data).slice(9, 12)));
      socket.once('close', () => resolve('closed'));
    });
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    return { socket, answer };
  };
  const held = await Promise.all(Array.from({ length: max }, () => open()));
  expect(await (await ask(port)).answer).toBe('closed');
  // The first: the last ones may have found no place, beside sockets that were there before.
  held.shift()?.destroy();
  await expect.poll(async () => (await ask(port)).answer).toBe('200');
  const many = await Promise.all(Array.from({ length: max + 1 }, () => ask(other)));
  expect(new Set(await Promise.all(many.map(({ answer }) => answer)))).toEqual(new Set(['200']));
  for (const socket of [...held, ...many.map((one) => one.socket)]) socket.destroy();
  await expect.poll(async () => (await ask(port)).answer).toBe('200');
});

it('opens metrics to nobody who comes through a proxy on this machine', async () => {
  expect((await answerTo(head('GET /metrics'))).status).toBe(200);
  for (const header of [
    'x-forwarded-for: 1.2.3.4',
    'forwarded: for=1.2.3.4',
    'via: 1.1 x',
    'x-real-ip: 1.2.3.4',
  ]) {
    expect((await answerTo(head('GET /metrics', header))).status).toBe(401);
  }
});

it('has called none of it a defect of its own', () => {
  expect(defects).toEqual([]);
});
