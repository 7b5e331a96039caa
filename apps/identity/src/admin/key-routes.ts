/** The issuer's keys for operators: what there is, rotation, and the end of a set that is in other hands. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ServiceApp } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import { lineSchema } from '../http/text-schema.ts';
import type { IssuerKeyring } from '../keys/keyring.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Admin } from './admin.ts';
import { operatorSecurity as security, requireOperator } from './operator-route.ts';

const tags = ['administration'];
const changed = z.object({
  did: z.string(),
  set: z.int().openapi({ description: 'Number of the set' }),
  fingerprint: z.string().openapi({ description: 'What people compare from now on, 64 hex digits' }),
});

export interface KeyRoutesInit {
  readonly admin: Admin;
  readonly metrics: Metrics;
  /** Absent where the keys are not the service's to change. */
  readonly keyring: IssuerKeyring | undefined;
  /** Of what is to be pinned now. */
  readonly fingerprint: () => string;
}

/** Adds `/admin/keys`. */
export function addKeyRoutes(app: ServiceApp, init: KeyRoutesInit): void {
  const { admin, metrics, fingerprint } = init;
  const middleware = requireOperator(admin);
  const changeable = (): IssuerKeyring => {
    if (init.keyring !== undefined) return init.keyring;
    throw new ProblemError({
      status: 409,
      code: 'KEYS_FIXED',
      detail: 'the keys of this issuer do not change here',
      hint: 'a did:jwk is its key: begin with --issuer-did web; keys in a KMS are changed there',
    });
  };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/admin/keys',
      tags,
      security,
      middleware,
      summary: 'The issuer’s sets of keys, newest first',
      responses: {
        200: {
          description: 'Sets of keys',
          content: {
            'application/json': {
              schema: z.object({
                sets: z.array(
                  z.object({
                    number: z.int(),
                    state: z.enum(['present', 'former', 'retired']).openapi({
                      description: 'The present set signs, former ones still count, retired ones do not',
                    }),
                    createdAtMs: z.number(),
                    retiredAtMs: z.number().nullable(),
                  }),
                ),
              }),
            },
          },
        },
        ...problemResponses(401, 409),
      },
    }),
    async (context) => context.json({ sets: [...(await changeable().sets())] }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/keys/rotate',
      tags,
      security,
      middleware,
      summary: 'Makes new keys, which sign from now on; what the old ones have signed stays good',
      responses: {
        200: { description: 'Rotated', content: { 'application/json': { schema: changed } } },
        ...problemResponses(401, 409),
      },
    }),
    async (context) => {
      const keyring = changeable();
      const operator = context.get('operator');
      const set = await keyring.rotate((sql, number) =>
        admin.audit(sql, { operator, action: 'keys.rotate', subject: String(number) }),
      );
      metrics.events.inc({ event: 'keys_rotated' });
      return context.json({ did: keyring.did, set, fingerprint: fingerprint() }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/keys/{number}/retire',
      tags,
      security,
      middleware,
      summary: 'Ends a former set of keys: what it has signed is not believed any more',
      request: {
        params: z.object({ number: z.string().regex(/^[1-9]\d{0,6}$/) }),
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.object({ reason: lineSchema(1, 250).openapi({ description: 'For the log' }) }),
            },
          },
        },
      },
      responses: {
        200: { description: 'Retired', content: { 'application/json': { schema: changed } } },
        ...problemResponses(400, 401, 404, 409),
      },
    }),
    async (context) => {
      const keyring = changeable();
      const operator = context.get('operator');
      const set = Number(context.req.valid('param').number);
      const { reason } = context.req.valid('json');
      await keyring.retire(set, (sql, number) =>
        admin.audit(sql, { operator, action: 'keys.retire', subject: String(number), facts: { reason } }),
      );
      metrics.events.inc({ event: 'keys_retired' });
      return context.json({ did: keyring.did, set, fingerprint: fingerprint() }, 200);
    },
  );
}
