/** The identity service: the app with all its routes, its socket, and its life from start to stop. */
import { silentLogger, systemClock, type Clock, type Logger } from '@wotid/core';
import type { Database } from './database/database.ts';
import { migrate } from './database/migrate.ts';
import { addDocsRoutes } from './docs/routes.ts';
import { createApp, type ServiceApp } from './http/app.ts';
import { TrustedProxies } from './http/client-address.ts';
import { listen, type Listener, type TlsFiles } from './http/listener.ts';
import { Metrics } from './ops/metrics.ts';
import { addOpsRoutes } from './ops/routes.ts';

/** Port of `wotid identity` unless it is told another. */
export const defaultIdentityPort = 8_443;

/** Settings of {@link createIdentityService}. */
export interface IdentityServiceInit {
  /** Borrowed: the caller closes it after the service. */
  readonly database: Database;
  /** Address to listen on. Default 127.0.0.1: reachable from this machine alone. */
  readonly host?: string;
  /** 0 picks a free one. Default {@link defaultIdentityPort}. */
  readonly port?: number;
  /** Serves TLS itself. Without it the service listens in plain HTTP: on loopback, or behind a proxy that has TLS. */
  readonly tls?: TlsFiles;
  /**
   * The URL by which clients reach the service, without a slash at its end: what metadata and credentials name. Default
   * the URL it listens on.
   */
  readonly publicUrl?: string;
  /** Addresses and ranges of proxies whose `X-Forwarded-For` is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Requests per second and client address for long; default 50. */
  readonly ratePerSecond?: number;
  /** Milliseconds for a client to send its whole request; default 20,000. */
  readonly requestTimeoutMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** An identity service. */
export interface IdentityService extends AsyncDisposable {
  /** The app as a function of requests, for tests and other servers; usable after {@link IdentityService.start}. */
  readonly app: ServiceApp;
  /** The URL by which clients reach the service; known from the start when it was given, else once it listens. */
  readonly publicUrl: string;
  /**
   * Brings the database to this version's schema and opens the socket.
   * @returns the URL it listens on
   * @throws DatabaseError, ListenError; nothing is left running
   */
  start(): Promise<string>;
  /** Is not ready any more, lets answers under way end, closes the socket. The database stays open. Idempotent. */
  close(): Promise<void>;
}

/** @throws WotError `BAD_PROXY`, `BAD_PUBLIC_URL` */
export function createIdentityService(init: IdentityServiceInit): IdentityService {
  const { database, tls } = init;
  const clock = init.clock ?? systemClock;
  const logger = init.logger ?? silentLogger;
  const metrics = new Metrics();
  const trustedProxies = new TrustedProxies(init.trustedProxies ?? []);
  let listener: Listener | undefined;
  let closing: Promise<void> | undefined;
  const publicUrl = (): string => init.publicUrl ?? listener?.url ?? 'http://localhost';

  const app = createApp({
    clock,
    logger,
    metrics,
    trustedProxies,
    ...(init.ratePerSecond !== undefined && { ratePerSecond: init.ratePerSecond }),
  });
  addOpsRoutes(app, {
    database,
    metrics,
    isStopping: () => closing !== undefined,
    isOperator: async () => false,
  });
  addDocsRoutes(app, { publicUrl });

  const close = async (): Promise<void> => {
    await listener?.close();
  };
  return {
    app,
    get publicUrl() {
      return publicUrl();
    },
    start: async () => {
      const applied = await migrate(database);
      if (applied.length > 0) logger.info('database.migrated', { migrations: applied });
      listener = await listen({
        host: init.host ?? '127.0.0.1',
        port: init.port ?? defaultIdentityPort,
        fetch: (request, bindings) => app.fetch(request, bindings),
        logger,
        ...(tls !== undefined && { tls }),
        ...(init.requestTimeoutMs !== undefined && { requestTimeoutMs: init.requestTimeoutMs }),
      });
      return listener.url;
    },
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}
