/** One listening socket for a fetch-style app: bounded, and closed promptly. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { errorText, WotError, type Logger } from '@wotid/core';
import {
  headersTimeoutMs,
  keepAliveTimeoutMs,
  maxConnections,
  maxHeaderBytes,
  requestTimeoutMs,
  stopGraceMs,
} from './limits.ts';

/** Codes of {@link ListenError}. */
export type ListenErrorCode = 'PORT_IN_USE' | 'CANNOT_LISTEN';
/** The server could not open its port; nothing is left running. */
export class ListenError extends WotError<ListenErrorCode> {}

export interface ListenerInit {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly logger: Logger;
  /** Milliseconds for a client to send its whole request, headers included. Default {@link requestTimeoutMs}. */
  readonly requestTimeoutMs?: number | undefined;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets calls under way end for {@link stopGraceMs}, then closes every socket. Idempotent. */
  close(): Promise<void>;
}

/** Opens the port. @throws ListenError `PORT_IN_USE`, `CANNOT_LISTEN` */
export async function listen(init: ListenerInit): Promise<Listener> {
  const { host, port, logger } = init;
  let underWay = 0;
  let onIdle: (() => void) | undefined;
  const answer = async (request: Request): Promise<Response> => {
    underWay++;
    try {
      return await init.fetch(request);
    } finally {
      if (--underWay === 0) onIdle?.();
    }
  };
  const wholeMs = init.requestTimeoutMs ?? requestTimeoutMs;
  const server = createServer(
    {
      requestTimeout: wholeMs,
      headersTimeout: Math.min(headersTimeoutMs, wholeMs),
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, wholeMs),
      maxHeaderSize: maxHeaderBytes,
      noDelay: true,
    },
    getRequestListener(answer, {
      overrideGlobalObjects: false,
      errorHandler: (error) => {
        if (error instanceof RequestError) return new Response('Bad request\n', { status: 400 });
        logger.error('http.internal', { error: errorText(error) });
        return new Response('Internal error\n', { status: 500 });
      },
    }),
  );
  server.maxConnections = maxConnections;
  await open(server, host, port);
  const actual = (server.address() as AddressInfo).port;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopGraceMs);
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
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    port: actual,
    close: () => (closing ??= close()),
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
