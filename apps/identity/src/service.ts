/** The identity service: the app with all its routes, its socket, and its life from start to stop. */
import { setTimeout } from 'node:timers/promises';
import {
  errorText,
  isWotError,
  silentLogger,
  systemClock,
  WotError,
  type Clock,
  type Logger,
} from '@wotid/core';
import {
  checkSigner,
  didJwkMethod,
  didKeyMethod,
  Resolver,
  type DidResolver,
  type CredentialSigner,
} from '@wotid/credential';
import { NodeProvider, type CryptoProvider } from '@wotid/crypto';
import { listen, type Listener, type TlsFiles } from '@wotid/listener';
import { Admin } from './admin/admin.ts';
import { addAdminRoutes } from './admin/routes.ts';
import type { Database } from './database/database.ts';
import { migrate } from './database/migrate.ts';
import { nonceHousekeeping } from './database/used-nonces.ts';
import { addDirectory, type DirectoryServiceInit } from './directory/directory.ts';
import { addDocsRoutes } from './docs/routes.ts';
import { createApp, type ServiceApp } from './http/app.ts';
import { rateKeyOf, TrustedProxies } from './http/client-address.ts';
import { listenerBounds } from './http/limits.ts';
import { withOwnDid } from './issuer/did-routes.ts';
import { addIssuer, type IssuerServiceInit } from './issuer/issuer.ts';
import { issuerOauthPaths } from './issuer/routes.ts';
import { Housekeeping } from './ops/housekeeping.ts';
import { Metrics } from './ops/metrics.ts';
import { Readiness } from './ops/readiness.ts';
import { addOpsRoutes } from './ops/routes.ts';
import { addResolutionRoutes } from './resolution/routes.ts';

/** Port of `wotid identity` unless it is told another. */
export const defaultIdentityPort = 8_443;

/** Clocks of this machine and the database's that differ by more are worth a warning; synchronised ones do not. */
const clocksApartMs = 5_000;

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
  /** Makes the service an issuer. Without it the service resolves DIDs and administers operators. */
  readonly issuer?: IssuerServiceInit;
  /** Makes the service a directory: contact records, and prekeys as the chain has them. */
  readonly directory?: DirectoryServiceInit;
  /** Resolves the DIDs of holders, and for others over HTTP. Default did:jwk and did:key. */
  readonly resolver?: DidResolver;
  /** What `resolver` resolves, for the issuer's metadata. Default `did:jwk` and `did:key`. */
  readonly didMethods?: readonly string[];
  /**
   * How long a stopping service goes on serving while `/readyz` says that it stops, milliseconds: until a balancer has
   * noticed. Default 0.
   */
  readonly drainMs?: number;
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
   * @throws DatabaseError, ListenError; CredentialError `NO_SIGNING_KEY` when the issuer's keys are others than its signer
   *   says; nothing is left running
   */
  start(): Promise<string>;
  /** Is not ready any more, drains, lets answers under way end, closes the socket. The database stays open. Idempotent. */
  close(): Promise<void>;
}

/** @throws WotError `BAD_PROXY`, `BAD_PUBLIC_URL`; CredentialError `BAD_DID` */
export function createIdentityService(init: IdentityServiceInit): IdentityService {
  const { database, tls } = init;
  const clock = init.clock ?? systemClock;
  const logger = init.logger ?? silentLogger;
  const metrics = new Metrics();
  const trustedProxies = new TrustedProxies(init.trustedProxies ?? []);
  let listener: Listener | undefined;
  let closing: Promise<void> | undefined;
  if (init.publicUrl !== undefined) assertPublicUrl(init.publicUrl);
  const publicUrl = (): string => init.publicUrl ?? listener?.url ?? 'http://localhost';

  const app = createApp({
    clock,
    logger,
    metrics,
    trustedProxies,
    oauthPaths: issuerOauthPaths,
    ...(init.ratePerSecond !== undefined && { ratePerSecond: init.ratePerSecond }),
  });
  const admin = new Admin(database, clock);
  const methods = init.resolver ?? new Resolver({ ...didJwkMethod, ...didKeyMethod });
  const resolver = withOwnDid(methods, init.issuer?.signer, publicUrl);
  const provider = new NodeProvider();
  const didMethods = init.didMethods ?? ['did:jwk', 'did:key'];
  const around = { provider, database, resolver, didMethods, admin, metrics, clock, logger, publicUrl };
  const issuer = init.issuer === undefined ? undefined : addIssuer(app, init.issuer, around);
  const directory =
    init.directory === undefined
      ? []
      : addDirectory(app, init.directory, { ...around, signer: init.issuer?.signer });
  addResolutionRoutes(app, resolver);
  addAdminRoutes(app, admin);
  addOpsRoutes(app, {
    readiness: new Readiness(database, clock),
    metrics,
    isStopping: () => closing !== undefined,
    assertOperator: async (authorization) => {
      await admin.authenticate(authorization);
    },
  });
  addDocsRoutes(app, { publicUrl });

  const housekeeping = new Housekeeping({
    tasks: [nonceHousekeeping(database, clock), ...(issuer?.housekeeping ?? []), ...directory],
    metrics,
    logger,
  });
  const close = async (): Promise<void> => {
    await housekeeping.stop();
    if (listener !== undefined && init.drainMs !== undefined) await setTimeout(init.drainMs);
    await listener?.close();
    issuer?.[Symbol.dispose]();
  };
  return {
    app,
    get publicUrl() {
      return publicUrl();
    },
    start: async () => {
      const applied = await migrate(database);
      if (applied.length > 0) logger.info('database.migrated', { migrations: applied });
      const apartMs = Math.round(clock.nowMs() - (await database.nowMs()));
      if (Math.abs(apartMs) > clocksApartMs) logger.warn('clock.apart', { aheadOfDatabaseMs: apartMs });
      if (init.issuer !== undefined) await checkIssuer(provider, init.issuer.signer, logger);
      listener = await listen({
        host: init.host ?? '127.0.0.1',
        port: init.port ?? defaultIdentityPort,
        fetch: (request, bindings) => app.fetch(request, bindings),
        clientOf: (address) => (trustedProxies.trusts(address) ? null : rateKeyOf(address)),
        logger,
        ...(tls !== undefined && { tls }),
        bounds: {
          ...listenerBounds,
          ...(init.requestTimeoutMs !== undefined && { requestTimeoutMs: init.requestTimeoutMs }),
        },
      });
      housekeeping.start();
      return listener.url;
    },
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

/** Keys that are away may come back; keys that are others never issue anything that is believed. */
async function checkIssuer(
  provider: CryptoProvider,
  signer: CredentialSigner,
  logger: Logger,
): Promise<void> {
  try {
    await checkSigner(provider, signer);
  } catch (error) {
    if (!isWotError(error) || error.code !== 'SIGNER_FAILED') throw error;
    logger.warn('signer.failed', { error: errorText(error), cause: errorText(error.cause) });
  }
}

/** A URL that others can put paths behind: metadata, offers and credentials name it for years. */
function assertPublicUrl(text: string): void {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.origin === text) return;
  throw new WotError('BAD_PUBLIC_URL', `${JSON.stringify(text.slice(0, 200))} is no public URL`, {
    hint: 'it is an origin such as https://id.example, without a path or a slash at its end',
  });
}
