/**
 * The running agent's control socket: an HTTP API on a Unix socket that only this user can open. One route,
 * `POST /v1/operations/:name` with a JSON body, answers `{"result": …}` or `{"error": {code, message, hint, data}}`.
 */
import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { errorText, isWotError, type Logger } from '@wotid/core';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { toJson } from '../output.ts';

/** A card with its credential is about 40 KB as text, a message up to 64 KiB before base64. */
const maxRequestBytes = 1_048_576;

/** Runs one named operation on the agent that this process holds. */
export type OperationRunner = (name: string, params: unknown) => Promise<unknown>;

export interface ControlServerInit {
  readonly socketPath: string;
  readonly run: OperationRunner;
  readonly logger: Logger;
}

export interface ControlServer {
  close(): Promise<void>;
}

export async function serveControl(init: ControlServerInit): Promise<ControlServer> {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: maxRequestBytes }));
  app.post('/v1/operations/:name', async (context) => {
    try {
      const params: unknown = await context.req.json();
      const result = await init.run(context.req.param('name'), params);
      return context.body(toJson({ result: result ?? null }), 200, { 'content-type': 'application/json' });
    } catch (error) {
      if (!isWotError(error)) init.logger.error('control.unexpected', { error: errorText(error) });
      const facts = isWotError(error)
        ? { code: error.code, message: error.message, hint: error.hint, data: error.data }
        : { code: 'UNEXPECTED', message: errorText(error), hint: '', data: {} };
      return context.body(toJson({ error: facts }), 422, { 'content-type': 'application/json' });
    }
  });

  // The home's lock is held, so a socket file that lies here is left over from a process that died.
  rmSync(init.socketPath, { force: true });
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(init.socketPath, resolve);
  });
  await chmod(init.socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
