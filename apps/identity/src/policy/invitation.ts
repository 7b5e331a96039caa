/**
 * Invitations: an operator has verified a human, in person or otherwise, and approves a credential for them. The human
 * gets a link and, by another way, a transaction code.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { operatorSecurity as security, requireOperator } from '../admin/operator-route.ts';
import type { SqlRunner } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import type { Offer } from '../issuer/offers.ts';
import { answerOf, decisionSchema, offerAnswerSchema, offerOf } from './decision.ts';
import type { IssuingPolicy, PolicyServices } from './policy.ts';

const tags = ['administration'];

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
  const { admin, database, offers } = services;
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
        body: { required: true, content: { 'application/json': { schema: decisionSchema } } },
      },
      responses: {
        201: {
          description: 'Link and code: give them to the human by two different ways',
          content: { 'application/json': { schema: offerAnswerSchema } },
        },
        ...problemResponses(400, 401),
      },
    }),
    async (context) => {
      const decision = context.req.valid('json');
      const offer = await database.transaction(async (sql) => {
        const made = await offerOf(services, sql, 'invitation', decision);
        await admin.audit(sql, {
          operator: context.get('operator'),
          action: 'invitation.create',
          subject: made.id,
          facts: { evidence: decision.evidence },
        });
        return made;
      });
      return context.json(answerOf(services, offer), 201);
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
      request: {
        params: z.object({ id: z.string().regex(/^[\w-]{22}$/, 'it is not the id of an invitation') }),
      },
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
