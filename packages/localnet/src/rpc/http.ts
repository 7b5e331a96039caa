/** The HTTP face: guards, CORS and routes of the JSON-RPC and of the faucet. Knows no sockets. */
import { isIP } from 'node:net';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { errorText, type Logger } from '@wotid/core';
import type { Dispatcher } from './dispatch.ts';
import { FaucetError, type Faucet, type FaucetErrorCode } from './faucet.ts';
import { maxBodyBytes, maxFaucetBodyBytes } from './limits.ts';
import { rpcErrorNumbers } from './rpc-error.ts';

export interface HttpSettings {
  readonly logger: Logger;
  /** Host names that requests may name besides IP addresses and localhost. */
  readonly allowedHosts: readonly string[];
}

/**
 * Refuses requests whose Host is a foreign name. A web page can make its own name point to 127.0.0.1 (DNS rebinding)
 * and would then be same-origin with this server; it cannot do that with an address or with localhost.
 */
function hostGuard({ allowedHosts }: HttpSettings): MiddlewareHandler {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return async (context, next) => {
    const name = hostName(context.req.header('host'));
    if (name === undefined || !(isLocal(name) || allowed.has(name))) {
      return context.text('Host is not allowed\n', 403);
    }
    return next();
  };
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::[0-9]{1,5})?$/.exec(host?.toLowerCase() ?? '');
  return match?.[1] ?? match?.[2];
}

function isLocal(name: string): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost');
}

/** Any origin may call, as on a node: browser apps under development come from all kinds of local origins. */
const openCors: MiddlewareHandler = cors({ origin: '*', allowMethods: ['POST', 'GET'], maxAge: 600 });

/** The rest of the body is not read, so the connection cannot carry another request. */
const unreadBody = { connection: 'close' } as const;

/** An app with the guards that both servers need. */
function guardedApp(settings: HttpSettings): Hono {
  const app = new Hono();
  app.use(hostGuard(settings), openCors);
  app.onError((error, context) => {
    // A client that goes away while it sends is its own business; anything else thrown here is a bug.
    if (!context.req.raw.signal.aborted) {
      settings.logger.error('http.internal', { path: context.req.path, error: errorText(error) });
    }
    return context.text('Internal error\n', 500);
  });
  return app;
}

/** POST / answers JSON-RPC; GET /health answers when the server is up. */
export function createRpcApp(dispatcher: Dispatcher, settings: HttpSettings): Hono {
  const app = guardedApp(settings);
  app.get('/health', (context) => context.json({ message: 'up' }));
  app.post(
    '/',
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (context) => {
        const message = `request has more than ${maxBodyBytes} bytes`;
        const error = { code: rpcErrorNumbers.INVALID_REQUEST, message };
        return context.json({ jsonrpc: '2.0', id: null, error }, 413, unreadBody);
      },
    }),
    async (context) => {
      const answer = await dispatcher.answer(await context.req.text());
      if (answer === undefined) return context.body(null, 204);
      return context.body(answer, 200, { 'content-type': 'application/json; charset=utf-8' });
    },
  );
  app.all('/', (context) => context.text('Used HTTP Method is not allowed. POST is required\n', 405));
  return app;
}

const faucetStatus: Readonly<Record<FaucetErrorCode, 400 | 429 | 500>> = {
  BAD_REQUEST: 400,
  TOO_MANY_REQUESTS: 429,
  FAUCET_EMPTY: 500,
  UNKNOWN_TASK: 500,
  INTERNAL: 500,
};

/** Runs `work`; a refusal becomes `onError` of its message, with the status of its kind. */
async function answerFaucet(
  context: Context,
  work: () => Promise<Response>,
  onError: (message: string) => Record<string, unknown>,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FaucetError)) throw error;
    return context.json({ ...onError(error.message), code: error.code }, faucetStatus[error.code]);
  }
}

/** GET / says OK; POST /gas pays at once, POST /v1/gas answers a task, GET /v1/status/{task} its result. */
export function createFaucetApp(faucet: Faucet, settings: HttpSettings): Hono {
  const app = guardedApp(settings);
  const limit = bodyLimit({
    maxSize: maxFaucetBodyBytes,
    onError: (context) =>
      context.json({ error: `request has more than ${maxFaucetBodyBytes} bytes` }, 413, unreadBody),
  });
  app.get('/', (context) => context.text('OK'));
  app.get('/health', (context) => context.text('OK'));
  app.post('/gas', limit, (context) =>
    answerFaucet(
      context,
      async () => {
        const transferredGasObjects = await faucet.request(await bodyOf(context));
        return context.json({ transferredGasObjects, error: null }, 201);
      },
      (error) => ({ transferredGasObjects: [], error }),
    ),
  );
  app.post('/v1/gas', limit, (context) =>
    answerFaucet(
      context,
      async () => context.json({ task: await faucet.requestTask(await bodyOf(context)), error: null }, 202),
      (error) => ({ task: null, error }),
    ),
  );
  app.get('/v1/status/:task', (context) =>
    answerFaucet(
      context,
      async () => {
        const sent = faucet.task(context.req.param('task'));
        const status = { status: 'SUCCEEDED', transferred_gas_objects: { sent } };
        return context.json({ status, error: null }, 201);
      },
      (error) => ({ status: null, error }),
    ),
  );
  return app;
}

/** The body as JSON; undefined when it is none, which no request is. */
async function bodyOf(context: Context): Promise<unknown> {
  try {
    return JSON.parse(await context.req.text());
  } catch {
    return undefined;
  }
}
