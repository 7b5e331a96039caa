/** What operators and their machines ask: health, readiness, metrics. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ServiceApp } from '../http/app.ts';
import { isLoopback } from '../http/client-address.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

export interface OpsInit {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** True from the moment the service is told to stop: balancers send no more. */
  readonly isStopping: () => boolean;
  /** Throws unless the request carries an operator's token. */
  readonly assertOperator: (authorization: string | undefined) => Promise<void>;
}

/** What proxies add to what they pass on. */
const proxyHeaders = ['x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];

const text = (
  description: string,
): { description: string; content: { 'text/plain': { schema: z.ZodString } } } => ({
  description,
  content: { 'text/plain': { schema: z.string() } },
});

/** Adds `/healthz`, `/readyz` and `/metrics`. */
export function addOpsRoutes(app: ServiceApp, init: OpsInit): void {
  const tags = ['operation'];
  app.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      tags,
      summary: 'The process lives',
      responses: { 200: text('`ok`') },
    }),
    (context) => context.text('ok\n', 200),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      tags,
      summary:
        'The service can do its work: its database answered within the last second and it is not stopping',
      responses: { 200: text('`ready`'), ...problemResponses(503) },
    }),
    async (context) => {
      if (init.isStopping()) throw notReady('the service is stopping');
      if (!(await init.readiness.isReady())) throw notReady('the database does not answer');
      return context.text('ready\n', 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      tags,
      summary: 'Metrics in the Prometheus text format',
      description: 'From this machine itself without a token, from elsewhere with an operator’s token.',
      responses: { 200: text('Metrics'), ...problemResponses(401) },
    }),
    async (context) => {
      // A proxy on this machine is no reason to tell the world.
      const isLocal =
        isLoopback(context.get('clientAddress')) &&
        proxyHeaders.every((name) => context.req.header(name) === undefined);
      if (!isLocal) await init.assertOperator(context.req.header('authorization'));
      return context.text(await init.metrics.text(), 200, { 'content-type': init.metrics.contentType });
    },
  );
}

function notReady(detail: string): ProblemError {
  return new ProblemError({ status: 503, code: 'NOT_READY', detail, headers: { 'retry-after': '2' } });
}
