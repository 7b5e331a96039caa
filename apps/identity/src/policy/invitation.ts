/**
 * Invitations: an operator has verified a human, in person or otherwise, and approves a credential for them. The human
 * gets a link and, by another way, a transaction code.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Evidence } from '@wotid/credential';
import { operatorSecurity as security, requireOperator } from '../admin/operator-route.ts';
import type { SqlRunner } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import { lineSchema } from '../http/text-schema.ts';
import {
  defaultCredentialLifetimeMs,
  defaultOfferLifetimeMs,
  maxCredentialLifetimeMs,
  maxEvidence,
  maxEvidenceChars,
  maxHumanChars,
} from '../issuer/limits.ts';
import type { Offer } from '../issuer/offers.ts';
import type { IssuingPolicy, PolicyServices } from './policy.ts';

const tags = ['administration'];
const dayMs = 86_400_000;

/** What identifies a human, as operators and applicants write it. */
export const humanSchema: z.ZodString = lineSchema(3, maxHumanChars).openapi({
  description:
    'What identifies the human, always in the same way, such as country and number of a document. Kept as a keyed hash alone.',
  example: 'NL passport SPECI2014',
});

/** How a human was verified, as operators write it. */
export const evidenceSchema: z.ZodType<Evidence[], Evidence[]> = z
  .array(
    z.object({
      method: lineSchema(1, maxEvidenceChars).openapi({ example: 'in-person' }),
      policy: lineSchema(1, maxEvidenceChars).openapi({ example: 'passport seen, photo compared' }),
    }),
  )
  .min(1)
  .max(maxEvidence);

/** For how long a credential is valid, as operators write it. */
export const validForDaysSchema: z.ZodOptional<z.ZodNumber> = z
  .int()
  .min(1)
  .max(maxCredentialLifetimeMs / dayMs)
  .optional();

/** The policy `invitation`. */
export function createInvitationPolicy(): IssuingPolicy {
  return {
    name: 'invitation',
    addRoutes,
    // An invitation stands until it is withdrawn, and then its offer is void already.
    objection: async (_sql: SqlRunner, _offer: Offer) => null,
  };
}

function addRoutes(app: ServiceApp, services: PolicyServices): void {
  const { admin, database, offers, secret, metrics, offerLink } = services;
  const middleware = requireOperator(admin);
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/invitations',
      tags,
      security,
      middleware,
      summary: 'Approves a credential for a human who was verified; the transaction code is shown this once',
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.object({
                human: humanSchema,
                evidence: evidenceSchema,
                validForDays: validForDaysSchema.openapi({ description: 'Default 365' }),
              }),
            },
          },
        },
      },
      responses: {
        201: {
          description: 'Link and code: give them to the human by two different ways',
          content: {
            'application/json': {
              schema: z.object({
                id: z.string(),
                offer: z.string().openapi({ description: 'Link for the wallet' }),
                txCode: z.string(),
                expiresAtMs: z.number(),
              }),
            },
          },
        },
        ...problemResponses(400, 401),
      },
    }),
    async (context) => {
      const { human, evidence, validForDays } = context.req.valid('json');
      const offer = await database.transaction(async (sql) => {
        const made = await offers.create(sql, {
          policy: 'invitation',
          humanHash: secret.humanHash(human),
          evidence,
          validForMs: validForDays === undefined ? defaultCredentialLifetimeMs : validForDays * dayMs,
          lifetimeMs: defaultOfferLifetimeMs,
        });
        await admin.audit(sql, {
          operator: context.get('operator'),
          action: 'invitation.create',
          subject: made.id,
          facts: { evidence },
        });
        return made;
      });
      metrics.events.inc({ event: 'offer_made' });
      return context.json({ ...offer, offer: offerLink(offer.id) }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/admin/invitations/{id}',
      tags,
      security,
      middleware,
      summary: 'Withdraws an invitation from which nothing was issued yet',
      request: { params: z.object({ id: z.string().regex(/^[\w-]{22}$/) }) },
      responses: { 204: { description: 'Done' }, ...problemResponses(400, 401, 404) },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      await database.transaction(async (sql) => {
        if (!(await offers.withdraw(sql, id))) {
          throw new ProblemError({
            status: 404,
            code: 'NO_OFFER',
            detail:
              'there is no such invitation, it was withdrawn already, or a credential was issued from it',
            hint: 'what was issued is revoked under /admin/credentials',
          });
        }
        await admin.audit(sql, {
          operator: context.get('operator'),
          action: 'invitation.withdraw',
          subject: id,
        });
      });
      return context.body(null, 204);
    },
  );
}
