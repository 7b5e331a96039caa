import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { silentLogger, type Logger } from '@wotid/core';
import { listen, type Listener, type ListenerInit } from '@wotid/listener';
import { afterEach, describe, expect, it } from 'vitest';
import type { Methods, RpcContext } from './context.ts';
import { Dispatcher } from './dispatch.ts';
import { createRpcApp } from './http.ts';
import { listenerBounds, maxBodyBytes } from './limits.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0)) await close();
});

/** What the servers of a test report as bugs of ours: nothing. */
const bugs: unknown[] = [];
const logger: Logger = { ...silentLogger, error: (...report) => void bugs.push(report) };
afterEach(() => {
  expect(bugs.splice(0)).toEqual([]);
});

interface Gate {
  readonly entered: Promise<void>;
  open(): void;
}

async function start(init: Partial<ListenerInit> = {}): Promise<Listener & { readonly gate: Gate }> {
  const entered = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const methods: Methods = {
    echo: { params: ['text'], run: (params) => params.required(0, 'text', String) },
    wait: {
      params: [],
      run: async () => {
        entered.resolve();
        await opened.promise;
        return 'waited';
      },
    },
  };
  const dispatcher = new Dispatcher(methods, {} as RpcContext, silentLogger);
  const app = createRpcApp(dispatcher, { allowedHosts: ['net.example'], logger });
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    fetch: (request) => app.fetch(request),
    logger,
    bounds: listenerBounds,
    ...init,
  });
  cleanup.push(() => (opened.resolve(), listener.close()));
  return { ...listener, gate: { entered: entered.promise, open: opened.resolve } };
}

const body = (method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const post = (url: string, text: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanup.push(async () => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** Sends raw HTTP and reads until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = await open(port);
  socket.write(text);
  return readAll(socket);
}

describe('HTTP', () => {
  it('answers calls, errors and malformed JSON with status 200', async () => {
    const { url } = await start();
    const good = await post(url, body('echo', 'hällo'));
    expect(good.status).toBe(200);
    expect(good.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await good.json()).toEqual({ jsonrpc: '2.0', id: 1, result: 'hällo' });
    for (const text of [body('missing'), '{"jsonrpc"', '']) {
      const bad = await post(url, text);
      expect(bad.status).toBe(200);
      expect(await bad.json()).toMatchObject({ error: { code: expect.any(Number) } });
    }
    expect((await post(url, JSON.stringify({ jsonrpc: '2.0', method: 'echo', params: ['x'] }))).status).toBe(
      204,
    );
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('lets pages of any origin call, preflight included', async () => {
    const { url } = await start();
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,client-sdk-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('client-sdk-type');
    const answer = await post(url, body('echo', 'x'), { origin: 'http://app.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('refuses foreign host names, whatever the origin', async () => {
    const { port } = await start();
    const withHost = (host: string): string =>
      `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body('echo', 'x').length}\r\n\r\n${body('echo', 'x')}`;
    for (const host of [
      'localhost',
      'LOCALHOST:9000',
      '127.0.0.1',
      '[::1]:9000',
      '192.168.1.7',
      'a.localhost',
      'net.example',
    ]) {
      expect(await raw(port, withHost(host)), host).toMatch(/^HTTP\/1\.1 200 /);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'user@localhost',
      'net.example.evil',
    ]) {
      expect(await raw(port, withHost(host)), host).toMatch(/^HTTP\/1\.1 (403|400) /);
    }
  });

  it('refuses bodies over the limit, announced or chunked', async () => {
    const { url, port } = await start();
    const large = body('echo', 'x'.repeat(maxBodyBytes));
    const announced = await post(url, large);
    expect(announced.status).toBe(413);
    expect(await announced.json()).toMatchObject({ error: { code: -32600 } });

    const socket = await open(port);
    socket.on('error', () => {});
    socket.write(
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    );
    const chunk = 'x'.repeat(65_536);
    for (let sent = 0; sent <= maxBodyBytes; sent += chunk.length) socket.write(`10000\r\n${chunk}\r\n`);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 /);

    const fits = body('echo', 'x'.repeat(maxBodyBytes - 100));
    expect((await post(url, fits)).status).toBe(200);
  });

  it('closes clients that never finish their request', async () => {
    const { port } = await start({ bounds: { ...listenerBounds, requestTimeoutMs: 50 } });
    expect(await raw(port, 'POST / HTTP/1.1\r\nHost: localhost\r\n')).toMatch(/^HTTP\/1\.1 408 /);
    expect(
      await raw(port, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"json'),
    ).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('survives garbage and half-open sockets', async () => {
    const { url, port } = await start();
    expect(await raw(port, '\0\x01\x02 not http\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const socket = await open(port);
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{`);
    socket.destroy();
    expect((await post(url, body('echo', 'still here'))).status).toBe(200);
  });
});

describe('stopping', () => {
  it('answers the call under way, then closes idle and half-open sockets', async () => {
    const net = await start();
    const silent = await open(net.port);
    const pending = post(net.url, body('wait'));
    await net.gate.entered;
    const closed = net.close();
    net.gate.open();
    expect(await (await pending).json()).toMatchObject({ result: 'waited' });
    await closed;
    expect(await readAll(silent)).toBe('');
    await expect(post(net.url, body('echo', 'x'))).rejects.toThrow();
    await net.close();
  });

  it('says which port is taken, and leaves it to its owner', async () => {
    const { port, url } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      name: 'ListenError',
      code: 'PORT_IN_USE',
      data: { port },
    });
    await expect(start({ host: '203.0.113.7' })).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
    expect((await post(url, body('echo', 'x'))).status).toBe(200);
  });
});
