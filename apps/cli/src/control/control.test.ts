import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, WotError } from '@wotid/core';
import { afterEach, describe, expect, it } from 'vitest';
import { callAgent } from './client.ts';
import { serveControl, type ControlServer } from './server.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-control-'));
const socketPath = join(dir, 'agent.sock');
let server: ControlServer | undefined;

async function serve(run: (name: string, params: unknown) => Promise<unknown>): Promise<void> {
  server = await serveControl({ socketPath, run, logger: silentLogger });
}

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(socketPath, { force: true });
});

describe('the control socket', () => {
  it('carries parameters in and results out, for this user alone', async () => {
    await serve((name, params) => Promise.resolve({ name, params, nanos: 5n, bytes: Uint8Array.of(255) }));
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(await callAgent(socketPath, 'mailbox.list', { after: 3 })).toEqual({
      result: { name: 'mailbox.list', params: { after: 3 }, nanos: '5', bytes: '/w==' },
    });
  });

  it('brings typed errors over', async () => {
    await serve(() =>
      Promise.reject(new WotError('NO_GAS', 'no gas', { hint: 'faucet', data: { needed: 7n } })),
    );
    await expect(callAgent(socketPath, 'send', {})).rejects.toMatchObject({
      code: 'NO_GAS',
      message: 'no gas',
      hint: 'faucet',
      data: { needed: '7' },
    });
  });

  it('survives bodies that are no JSON or too long', async () => {
    await serve((_name, params) => Promise.resolve(params));
    const post = (body: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const outgoing = request({ socketPath, path: '/v1/operations/x', method: 'POST' }, (incoming) => {
          incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0));
        });
        outgoing.on('error', reject).end(body);
      });
    expect(await post('{')).toBe(422);
    expect(await post('"'.padEnd(2_000_000, 'x'))).toBe(413);
    expect(await callAgent(socketPath, 'x', 1)).toEqual({ result: 1 });
  });

  it('says that nobody is there when nobody is, also where a dead agent has left its socket', async () => {
    expect(await callAgent(socketPath, 'status', {})).toBeUndefined();
    const dead = createServer().listen(socketPath);
    await new Promise((resolve) => dead.once('listening', resolve));
    const copy = join(dir, 'left.sock');
    // Closing removes the file, so a hard link stands for one that was left behind.
    const { linkSync } = await import('node:fs');
    linkSync(socketPath, copy);
    await new Promise((resolve) => dead.close(resolve));
    expect(existsSync(copy)).toBe(true);
    expect(await callAgent(copy, 'status', {})).toBeUndefined();
  });

  it('tells an agent that dies at work from one that is not there', async () => {
    const dying = createServer((socket) => socket.once('data', () => socket.destroy())).listen(socketPath);
    await new Promise((resolve) => dying.once('listening', resolve));
    await expect(callAgent(socketPath, 'send', {})).rejects.toMatchObject({ code: 'AGENT_GONE' });
    await new Promise((resolve) => dying.close(resolve));
  });
});
