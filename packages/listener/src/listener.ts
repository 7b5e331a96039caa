/** One listening socket for an app, with or without TLS: bounded against slow and many clients, closed gracefully. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError, type HttpBindings } from '@hono/node-server';
import { errorText, WotError, type Logger } from '@wotid/core';
/** Codes of {@link ListenError}. */
export type ListenErrorCode = 'PORT_IN_USE' | 'CANNOT_LISTEN' | 'BAD_CERTIFICATE';
/** The port could not be opened; nothing is left running. */
export class ListenError extends WotError<ListenErrorCode> {}

/** PEM files. They are read again when they change, so that a renewed certificate needs no restart. */
export interface TlsFiles {
  /** Certificate, then its chain. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** What clients may take, each app with its own reasons. */
export interface ListenerBounds {
  /** Milliseconds for a client to send its headers, and for a TLS handshake. */
  readonly headersTimeoutMs: number;
  /** Milliseconds for a client to send its whole request. */
  readonly requestTimeoutMs: number;
  /** Milliseconds an idle connection is kept for the next request. */
  readonly keepAliveTimeoutMs: number;
  /** Milliseconds a socket may stand still in either direction, an answer under way included; default for ever. */
  readonly stuckSocketMs?: number;
  /** Bytes of request line and headers. */
  readonly maxHeaderBytes: number;
  /** Open sockets. */
  readonly maxConnections: number;
  /** Open sockets of one client, where {@link ListenerInit.clientOf} tells clients apart; default unbounded. */
  readonly maxConnectionsPerClient?: number;
  /** Requests on one connection before it is closed; default unbounded. */
  readonly maxRequestsPerSocket?: number;
  /** Milliseconds that {@link Listener.close} waits for answers under way. */
  readonly stopGraceMs: number;
}

export interface ListenerInit {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls?: TlsFiles;
  readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>;
  readonly logger: Logger;
  readonly bounds: ListenerBounds;
  /** The client behind a remote address, or `null` for one that speaks for many, such as a proxy. */
  readonly clientOf?: (remoteAddress: string) => string | null;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets answers under way end for `stopGraceMs`, then closes every socket. Idempotent. */
  close(): Promise<void>;
}

/** How often a certificate file is looked at. */
const certificatePollMs = 60_000;

/** Opens the port. @throws ListenError */
export async function listen(init: ListenerInit): Promise<Listener> {
  const { host, port, tls, logger, bounds } = init;
  const { requestTimeoutMs, headersTimeoutMs, stuckSocketMs, maxRequestsPerSocket } = bounds;
  let underWay = 0;
  let onIdle: (() => void) | undefined;
  const answer = async (request: Request, bindings: HttpBindings): Promise<Response> => {
    underWay++;
    try {
      return await init.fetch(ofUnknownLength(request) ? standardRequest(request) : request, bindings);
    } finally {
      if (--underWay === 0) onIdle?.();
    }
  };
  const onRequest = getRequestListener(answer as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      if (error instanceof RequestError) {
        return new Response('the target of the request, or its Host, cannot be used\n', { status: 400 });
      }
      logger.error('http.internal', { error: errorText(error) });
      return new Response(null, { status: 500 });
    },
  });
  const options = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    keepAliveTimeout: bounds.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
    maxHeaderSize: bounds.maxHeaderBytes,
    noDelay: true,
  };
  const { server, stopWatching } =
    tls === undefined
      ? { server: createServer(options, onRequest), stopWatching: () => {} }
      : createTls({ ...options, handshakeTimeout: headersTimeoutMs }, tls, onRequest, logger);
  server.maxConnections = bounds.maxConnections;
  if (bounds.maxConnectionsPerClient !== undefined && init.clientOf !== undefined) {
    boundClients(server, bounds.maxConnectionsPerClient, init.clientOf);
  }
  if (maxRequestsPerSocket !== undefined) server.maxRequestsPerSocket = maxRequestsPerSocket;
  // A client that does not read its answer.
  if (stuckSocketMs !== undefined) server.setTimeout(stuckSocketMs);
  try {
    await open(server, host, port);
  } catch (error) {
    stopWatching();
    throw error;
  }
  const actual = (server.address() as AddressInfo).port;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopWatching();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, bounds.stopGraceMs);
        onIdle = () => {
          clearTimeout(timer);
          // One turn of the event loop lets the answer that just ended reach its socket.
          setImmediate(resolve);
        };
      });
    }
    server.closeAllConnections();
    await closed;
  };
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${actual}`,
    port: actual,
    close: () => (closing ??= close()),
  };
}

/** Slow requests on many sockets of one client must not take all that there are. */
function boundClients(server: Server, max: number, clientOf: (remoteAddress: string) => string | null): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const client = clientOf(socket.remoteAddress ?? '');
    if (client === null) return;
    const count = open.get(client) ?? 0;
    if (count >= max) {
      socket.destroy();
      return;
    }
    open.set(client, count + 1);
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  });
}

/** The platform makes no Request for TRACE, and gives GET and HEAD no body. */
function ofUnknownLength({ method, headers }: Request): boolean {
  return !/^(?:GET|HEAD|TRACE)$/.test(method) && !headers.has('content-length');
}

/**
 * The same request as the platform makes it. Whoever bounds a body of unknown length (`hono/body-limit`) makes a new
 * `Request` out of the one it gets, and the platform's constructor takes none of `@hono/node-server`'s own.
 */
function standardRequest(request: Request): Request {
  const { url, method, headers, signal } = request;
  const body = headers.has('transfer-encoding') ? request.body : null;
  return new Request(url, { method, headers, signal, ...(body !== null && { body, duplex: 'half' }) });
}

function createTls(
  options: Parameters<typeof createTlsServer>[0] & object,
  files: TlsFiles,
  onRequest: Parameters<typeof createServer>[1],
  logger: Logger,
): { server: Server; stopWatching: () => void } {
  const read = (): { cert: Buffer; key: Buffer } => ({
    cert: readFileSync(files.certificateFile),
    key: readFileSync(files.keyFile),
  });
  let server: ReturnType<typeof createTlsServer>;
  try {
    server = createTlsServer({ ...options, ...read(), minVersion: 'TLSv1.2' }, onRequest);
  } catch (error) {
    throw new ListenError('BAD_CERTIFICATE', `the TLS files cannot be used: ${errorText(error)}`, {
      hint: 'give PEM files: the certificate with its chain, and the private key that belongs to it',
      cause: error,
    });
  }
  const reload = (): void => {
    try {
      server.setSecureContext({ ...read(), minVersion: 'TLSv1.2' });
      logger.info('tls.reloaded');
    } catch (error) {
      // Certificate and key are replaced one after the other; the second change brings both.
      logger.warn('tls.not-reloaded', { error: errorText(error) });
    }
  };
  const watched = [files.certificateFile, files.keyFile];
  for (const file of watched) {
    watchFile(file, { interval: certificatePollMs, persistent: false }, reload);
  }
  return {
    server,
    stopWatching: () => {
      for (const file of watched) unwatchFile(file, reload);
    },
  };
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const inUse = error.code === 'EADDRINUSE';
      reject(
        new ListenError(
          inUse ? 'PORT_IN_USE' : 'CANNOT_LISTEN',
          inUse ? `port ${port} on ${host} is in use` : `cannot listen on ${host}:${port}: ${error.message}`,
          {
            hint: inUse
              ? 'stop what uses the port, or choose another one (0 picks a free one)'
              : 'check host and port',
            data: { host, port },
            cause: error,
          },
        ),
      );
    };
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
