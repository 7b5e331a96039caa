/**
 * The HTTP application without its routes: what every request passes, and how errors are answered. Knows no domain.
 *
 * In order: request id, security headers, log and metrics, rate, CORS, time, body size, JSON depth, the route's schema.
 */
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@wotid/listener';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import { timeout } from 'hono/timeout';
import { errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import { DatabaseError } from '../database/database.ts';
import type { Metrics } from '../ops/metrics.ts';
import { rateKeyOf, type TrustedProxies } from './client-address.ts';
import { AnsweredError } from './answered-error.ts';
import { checkJsonBody } from './json-body.ts';
import { answerTimeoutMs, maxBodyBytes, maxRateKeys, rateBurst, ratePerSecond } from './limits.ts';
import { oauthResponse } from './oauth-error.ts';
import { ProblemError, problemResponse, type ProblemInit } from './problem.ts';
import { RateLimit } from './rate-limit.ts';

/** What handlers find in the context. */
export interface ServiceEnv {
  readonly Bindings: Partial<HttpBindings>;
  readonly Variables: {
    requestId: string;
    /** Address of the client as far as trusted proxies tell; `unknown` without a socket. */
    clientAddress: string;
  };
}

/** The app that route modules add their routes to. */
export type ServiceApp = OpenAPIHono<ServiceEnv>;

export interface AppInit {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly trustedProxies: TrustedProxies;
  /** Requests per second and client address for long; default {@link ratePerSecond}. */
  readonly ratePerSecond?: number;
  /** Paths whose unusable requests are answered in OAuth's form, with its error code for each. */
  readonly oauthPaths?: ReadonlyMap<string, string>;
}

/** Balancers ask often, and what they ask costs next to nothing however often it is asked. */
const probePaths = /^\/(?:healthz|readyz)$/;
/** Paths that operators and their machines call: no other web page has business there. */
const operatorPaths = /^\/(?:admin(?:\/|$)|healthz$|readyz$|metrics$)/;

/** An app with all guards and no routes. */
export function createApp(init: AppInit): ServiceApp {
  const { logger, metrics } = init;
  /** A request that cannot be used, in the form that its path prescribes. */
  const refuse = (context: Context<ServiceEnv>, problem: ProblemInit): Response => {
    const oauth = init.oauthPaths?.get(context.req.path);
    const { status, detail } = problem;
    return oauth !== undefined && (status === 400 || status === 415)
      ? oauthResponse(context, 400, oauth, detail)
      : problemResponse(context, problem);
  };
  const app: ServiceApp = new OpenAPIHono<ServiceEnv>({
    defaultHook: (result, context) => {
      if (result.success) return undefined;
      const [issue] = result.error.issues;
      const where = [result.target, ...(issue?.path ?? [])].map(String).join('.').slice(0, 200);
      return refuse(context, {
        status: 400,
        code: 'BAD_REQUEST',
        detail: `${where}: ${issue?.message ?? 'unusable'}`,
        hint: 'see /docs for what this call takes',
      });
    },
  });
  app.onError((error, context) => {
    if (error instanceof AnsweredError && !(error instanceof ProblemError)) return error.respond(context);
    return refuse(context, problemOf(error, context, logger));
  });
  app.notFound((context) =>
    problemResponse(context, {
      status: 404,
      code: 'NOT_FOUND',
      detail: 'there is nothing here',
      hint: 'see /docs for what there is',
    }),
  );
  const openCors = cors({ origin: '*', allowMethods: ['GET', 'POST', 'PUT', 'DELETE'], maxAge: 600 });
  app.use(
    identify(init),
    secureHeaders({ crossOriginResourcePolicy: 'cross-origin' }),
    observe(logger, metrics),
    limitRate(init),
    (context, next) => (operatorPaths.test(context.req.path) ? next() : openCors(context, next)),
    timeout(answerTimeoutMs, () => new HTTPException(503, { message: 'no answer in time' })),
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (context) =>
        problemResponse(context, {
          status: 413,
          code: 'TOO_LARGE',
          detail: `the body has more than ${maxBodyBytes} bytes`,
          // The rest of the body is not read, so the connection cannot carry another request.
          headers: { connection: 'close' },
        }),
    }),
    checkJsonBody,
  );
  return app;
}

function identify({ trustedProxies }: AppInit): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    const socketAddress = context.env?.incoming?.socket.remoteAddress;
    context.set('requestId', randomUUID());
    context.set(
      'clientAddress',
      socketAddress === undefined
        ? 'unknown'
        : trustedProxies.clientOf(socketAddress, context.req.header('x-forwarded-for')),
    );
    await next();
    context.header('x-request-id', context.get('requestId'));
  };
}

function observe(logger: Logger, metrics: Metrics): MiddlewareHandler<ServiceEnv> {
  return async (context, next) => {
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    const status = String(context.res.status);
    const { method } = context.req;
    // The pattern, not the path: that may name a DID. Whatever matched no route is one kind.
    const pattern = routePath(context, -1);
    const route = pattern === '*' || pattern === '/*' ? 'none' : pattern;
    metrics.httpSeconds.observe(
      { method: knownMethods.has(method) ? method : 'OTHER', route, status },
      ms / 1_000,
    );
    logger.info('http.request', {
      requestId: context.get('requestId'),
      method: knownMethods.has(method) ? method : 'OTHER',
      route,
      status: context.res.status,
      ms: Math.round(ms * 10) / 10,
    });
  };
}

const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

function limitRate({ clock, metrics, ratePerSecond: rate }: AppInit): MiddlewareHandler<ServiceEnv> {
  const perSecond = rate ?? ratePerSecond;
  const burst = Math.max(1, Math.ceil(perSecond * (rateBurst / ratePerSecond)));
  const limit = new RateLimit({ burst, perSecond, maxKeys: maxRateKeys, clock });
  return async (context, next) => {
    const { path } = context.req;
    const key = rateKeyOf(context.get('clientAddress'));
    // Counted apart, so that operators behind the address of a busy proxy are not shut out.
    const waitSec = probePaths.test(path)
      ? 0
      : limit.take(operatorPaths.test(path) ? `operator ${key}` : key);
    if (waitSec === 0) return next();
    metrics.httpRefused.inc({ reason: 'rate' });
    return problemResponse(context, {
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      detail: 'this address sends too many requests',
      hint: `try again in ${waitSec} s`,
      headers: { 'retry-after': String(waitSec) },
    });
  };
}

/** What a thrown error is to a client. Only our own refusals say their reason; everything else is a bug and stays here. */
function problemOf(error: unknown, context: Context<ServiceEnv>, logger: Logger): ProblemInit {
  if (error instanceof ProblemError) {
    return {
      status: error.status,
      code: error.code,
      detail: error.message,
      hint: error.hint,
      headers: error.headers,
    };
  }
  const requestId = context.get('requestId');
  const incoming = context.env?.incoming;
  if (incoming !== undefined && incoming.destroyed && !incoming.complete) {
    return { status: 400, code: 'INCOMPLETE_REQUEST', detail: 'the connection ended before the body did' };
  }
  if (error instanceof HTTPException && error.status === 415) {
    return {
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: 'the content-type is not one that this call takes',
      hint: 'see /docs for the one it takes, such as application/json',
    };
  }
  if (error instanceof HTTPException && error.status < 500) {
    return { status: error.status, code: 'BAD_REQUEST', detail: error.message || 'the request is unusable' };
  }
  const unavailable =
    error instanceof HTTPException ||
    (error instanceof DatabaseError && error.code === 'DATABASE_UNAVAILABLE') ||
    (isWotError(error) && ['SIGNER_FAILED', 'DID_UNRESOLVED'].includes(error.code));
  logger[unavailable ? 'warn' : 'error']('http.failed', {
    requestId,
    route: routePath(context, -1),
    code: isWotError(error) ? error.code : 'UNEXPECTED',
    error: errorText(error),
    cause: Error.isError(error) && error.cause !== undefined ? errorText(error.cause) : undefined,
  });
  return unavailable
    ? {
        status: 503,
        code: 'UNAVAILABLE',
        detail: 'the service cannot answer now',
        hint: 'try again in a moment',
        headers: { 'retry-after': '2' },
      }
    : {
        status: 500,
        code: 'INTERNAL',
        detail: 'the service failed; its operator sees why',
        hint: `report this with the request id ${requestId}`,
      };
}
