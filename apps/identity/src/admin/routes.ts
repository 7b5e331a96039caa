/** The administration API: operators, the credential register, the log. Policies add their own routes beside it. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ServiceApp } from '../http/app.ts';
import { problemResponses } from '../http/problem.ts';
import { lineSchema } from '../http/text-schema.ts';
import type { Metrics } from '../ops/metrics.ts';
import { auditPageEntries, type Admin } from './admin.ts';
import { credentialPageEntries, type CredentialRegister } from './credentials.ts';
import { operatorSecurity as security, requireOperator } from './operator-route.ts';

const tags = ['administration'];
const operatorName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'it is not 1 to 63 lower-case letters, digits, dots, dashes')
  .openapi({ description: 'Lower-case letters, digits, dots, dashes', example: 'ada' });
const credentialId = z
  .string()
  .regex(/^urn:uuid:[0-9a-f-]{36}$/, 'it is not the id of a credential, urn:uuid: and a UUID');
/** A time as a query gives it. */
const numberText = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** Adds routes for operators and their log. */
export function addAdminRoutes(app: ServiceApp, admin: Admin): void {
  const middleware = requireOperator(admin);
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/operators',
      tags,
      security,
      middleware,
      summary: 'Makes an operator; the token is shown this once',
      request: {
        body: {
          required: true,
          content: { 'application/json': { schema: z.object({ name: operatorName }) } },
        },
      },
      responses: {
        201: {
          description: 'The operator’s token',
          content: { 'application/json': { schema: z.object({ name: z.string(), token: z.string() }) } },
        },
        ...problemResponses(400, 401, 409),
      },
    }),
    async (context) => {
      const { name } = context.req.valid('json');
      const token = await admin.createOperator(name, context.get('operator'));
      return context.json({ name, token }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/admin/operators',
      tags,
      security,
      middleware,
      summary: 'Operators, also former ones',
      responses: {
        200: {
          description: 'Operators',
          content: {
            'application/json': {
              schema: z.object({
                operators: z.array(
                  z.object({ name: z.string(), createdAtMs: z.number(), revokedAtMs: z.number().nullable() }),
                ),
              }),
            },
          },
        },
        ...problemResponses(401),
      },
    }),
    async (context) => context.json({ operators: [...(await admin.operators())] }, 200),
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/admin/operators/{name}',
      tags,
      security,
      middleware,
      summary: 'Ends an operator’s rights',
      request: { params: z.object({ name: operatorName }) },
      responses: { 204: { description: 'Done' }, ...problemResponses(400, 401, 404) },
    }),
    async (context) => {
      await admin.revokeOperator(context.req.valid('param').name, context.get('operator'));
      return context.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/admin/audit',
      tags,
      security,
      middleware,
      summary: `What operators did, oldest first, ${auditPageEntries} a page`,
      request: {
        query: z.object({
          after: numberText.optional().openapi({ description: 'Number of the last entry that is known' }),
        }),
      },
      responses: {
        200: {
          description: 'Entries',
          content: {
            'application/json': {
              schema: z.object({
                entries: z.array(
                  z.object({
                    number: z.number(),
                    atMs: z.number(),
                    operator: z.string(),
                    action: z.string(),
                    subject: z.string(),
                    facts: z.record(z.string(), z.unknown()).optional(),
                  }),
                ),
              }),
            },
          },
        },
        ...problemResponses(400, 401),
      },
    }),
    async (context) =>
      context.json(
        { entries: [...(await admin.auditPage(context.req.valid('query').after ?? 0))] } as never,
        200,
      ),
  );
}

/** Adds routes for the credential register. */
export function addRegisterRoutes(
  app: ServiceApp,
  { admin, register, metrics }: { admin: Admin; register: CredentialRegister; metrics: Metrics },
): void {
  const middleware = requireOperator(admin);
  app.openapi(
    createRoute({
      method: 'get',
      path: '/admin/credentials',
      tags,
      security,
      middleware,
      summary: `Issued credentials, newest first, ${credentialPageEntries} a page`,
      request: {
        query: z.object({
          subject: lineSchema(1, 255).optional().openapi({ description: 'Of this DID alone' }),
          before: numberText.optional().openapi({ description: 'Issued earlier than this, milliseconds' }),
          beforeId: credentialId.optional().openapi({
            description: 'With before: also those issued at that moment that come after this id',
          }),
        }),
      },
      responses: {
        200: {
          description: 'Credentials',
          content: {
            'application/json': {
              schema: z.object({
                credentials: z.array(
                  z.object({
                    id: z.string(),
                    format: z.string(),
                    subject: z.string(),
                    issuedAtMs: z.number(),
                    expiresAtMs: z.number(),
                    revokedAtMs: z.number().nullable(),
                    revocationReason: z.string().nullable(),
                  }),
                ),
              }),
            },
          },
        },
        ...problemResponses(400, 401),
      },
    }),
    async (context) =>
      context.json({ credentials: [...(await register.list(context.req.valid('query')))] }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/credentials/{id}/revoke',
      tags,
      security,
      middleware,
      summary: 'Revokes a credential in all its formats, for good',
      request: {
        params: z.object({ id: credentialId }),
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.object({
                reason: lineSchema(1, 250).openapi({ description: 'For the log; no personal data' }),
              }),
            },
          },
        },
      },
      responses: {
        200: {
          description: 'Revoked',
          content: { 'application/json': { schema: z.object({ revoked: z.int() }) } },
        },
        ...problemResponses(400, 401, 404, 409),
      },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      const { reason } = context.req.valid('json');
      const revoked = await register.revoke(id, reason, context.get('operator'));
      metrics.events.inc({ event: 'credential_revoked' });
      return context.json({ revoked }, 200);
    },
  );
}
