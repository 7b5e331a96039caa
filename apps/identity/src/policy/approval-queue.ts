/**
 * The approval queue: anybody applies and says who they are and how to reach them; an operator looks, verifies, and
 * approves or rejects. Until then what was said is sealed; afterwards a keyed hash is all that is left of it.
 */
import { randomBytes } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { encodeBase64Url } from '@wotid/credential';
import { timingSafeEqual } from '@wotid/crypto';
import { operatorSecurity as security, requireOperator } from '../admin/operator-route.ts';
import type { ServiceApp } from '../http/app.ts';
import { rateKeyOf } from '../http/client-address.ts';
import { maxRateKeys } from '../http/limits.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import { lineSchema } from '../http/text-schema.ts';
import { RateLimit } from '../http/rate-limit.ts';
import { sha256 } from '../hash.ts';
import {
  applicationBurst,
  applicationIntervalMs,
  applicationLifetimeMs,
  maxContactChars,
  maxPendingApplications,
} from '../issuer/limits.ts';
import { answerOf, decisionSchema, humanSchema, offerAnswerSchema, offerOf } from './decision.ts';
import type { IssuingPolicy, PolicyServices } from './policy.ts';

/** Applications of one page. */
const pageEntries = 100;
const applicationId = z.object({ id: z.string().regex(/^[\w-]{22}$/, 'it is not the id of an application') });
/** One count of the queue at a time; the number is arbitrary, and its own among our advisory locks. */
const queueLock = 0x77_6f_74_03;

interface ApplicationRow extends Record<string, unknown> {
  readonly id: string;
  readonly token_hash: Uint8Array;
  readonly human_hash: Uint8Array;
  readonly sealed: Uint8Array | null;
  readonly state: 'pending' | 'approved' | 'rejected';
  readonly offer_id: string | null;
  readonly created_at_ms: bigint;
}

/** The policy `approval`. */
export function createApprovalQueue(): IssuingPolicy {
  return {
    name: 'approval',
    addRoutes: (app, services) => {
      addApplicantRoutes(app, services);
      addDecisionRoutes(app, services);
    },
    objection: async () => null,
    forgetExpired: async (sql, nowMs) => {
      await sql.query('DELETE FROM application WHERE expires_at_ms <= $1', [nowMs]);
    },
  };
}

function addApplicantRoutes(app: ServiceApp, services: PolicyServices): void {
  const { database, secret, clock, metrics, offerLink } = services;
  const limit = new RateLimit({
    burst: applicationBurst,
    perSecond: 1_000 / applicationIntervalMs,
    maxKeys: maxRateKeys,
    clock,
  });
  app.openapi(
    createRoute({
      method: 'post',
      path: '/applications',
      tags: ['issuer'],
      summary: 'Applies for a credential; an operator will look at it',
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.object({
                human: humanSchema,
                contact: lineSchema(3, maxContactChars).openapi({
                  description: 'How an operator reaches the human to verify them',
                }),
              }),
            },
          },
        },
      },
      responses: {
        202: {
          description: 'The application waits; its token, shown this once, asks how it stands',
          content: { 'application/json': { schema: z.object({ id: z.string(), token: z.string() }) } },
        },
        ...problemResponses(400, 429, 503),
      },
    }),
    async (context) => {
      const waitSec = limit.take(rateKeyOf(context.get('clientAddress')));
      if (waitSec > 0) {
        throw new ProblemError({
          status: 429,
          code: 'TOO_MANY_APPLICATIONS',
          detail: 'this address has applied too often',
          hint: `try again in ${waitSec} s`,
          headers: { 'retry-after': String(waitSec) },
        });
      }
      const { human, contact } = context.req.valid('json');
      const id = encodeBase64Url(randomBytes(16));
      const token = encodeBase64Url(randomBytes(32));
      const nowMs = clock.nowMs();
      await database.transaction(async (sql) => {
        await sql.query('SELECT pg_advisory_xact_lock($1)', [queueLock]);
        const [row] = await sql.query<{ pending: bigint }>(
          "SELECT count(*) AS pending FROM application WHERE state = 'pending'",
        );
        if ((row?.pending ?? 0n) >= BigInt(maxPendingApplications)) {
          throw new ProblemError({
            status: 503,
            code: 'QUEUE_FULL',
            detail: 'too many applications wait already',
            hint: 'try again another day',
            headers: { 'retry-after': '86400' },
          });
        }
        await sql.query(
          `INSERT INTO application (id, token_hash, human_hash, sealed, created_at_ms, expires_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6)`,
          [
            id,
            sha256(token),
            secret.humanHash(human),
            secret.seal(JSON.stringify({ human, contact }), placeOf(id)),
            nowMs,
            nowMs + applicationLifetimeMs,
          ],
        );
      });
      metrics.events.inc({ event: 'application_received' });
      return context.json({ id, token }, 202);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/applications/{id}',
      tags: ['issuer'],
      summary: 'How an application stands, for its applicant',
      security: [{ application: [] }],
      request: { params: applicationId },
      responses: {
        200: {
          description: 'State; once approved, the link for the wallet',
          content: {
            'application/json': {
              schema: z.object({
                state: z.enum(['pending', 'approved', 'rejected']),
                offer: z.string().optional(),
              }),
            },
          },
        },
        ...problemResponses(400, 404),
      },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      const token = /^Bearer ([\w-]{43})$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
      const [row] = await database.query<ApplicationRow>('SELECT * FROM application WHERE id = $1', [id]);
      if (row === undefined || !timingSafeEqual(row.token_hash, sha256(token))) throw noApplication();
      context.header('cache-control', 'no-store');
      return context.json(
        { state: row.state, ...(row.offer_id !== null && { offer: offerLink(row.offer_id) }) },
        200,
      );
    },
  );
}

function addDecisionRoutes(app: ServiceApp, services: PolicyServices): void {
  const { admin, database, secret } = services;
  const middleware = requireOperator(admin);
  const tags = ['administration'];
  app.openapi(
    createRoute({
      method: 'get',
      path: '/admin/applications',
      tags,
      security,
      middleware,
      summary: `Applications that wait, oldest first, ${pageEntries} at most`,
      responses: {
        200: {
          description: 'Applications',
          content: {
            'application/json': {
              schema: z.object({
                applications: z.array(
                  z.object({
                    id: z.string(),
                    human: z.string(),
                    contact: z.string(),
                    createdAtMs: z.number(),
                  }),
                ),
              }),
            },
          },
        },
        ...problemResponses(401),
      },
    }),
    async (context) => {
      const rows = await database.transaction(async (sql) => {
        const found = await sql.query<ApplicationRow>(
          `SELECT * FROM application WHERE state = 'pending' AND sealed IS NOT NULL
            ORDER BY created_at_ms, id LIMIT $1`,
          [pageEntries],
        );
        // Whoever reads what people said of themselves leaves a trace, before they see it.
        if (found.length > 0) {
          await admin.audit(sql, {
            operator: context.get('operator'),
            action: 'application.read',
            subject: 'applications',
            facts: { applications: found.map(({ id }) => id) },
          });
        }
        return found;
      });
      const applications = rows.flatMap(({ id, sealed, created_at_ms: createdAtMs }) => {
        if (sealed === null) return [];
        const said = JSON.parse(secret.open(sealed, placeOf(id))) as { human: string; contact: string };
        return [{ id, ...said, createdAtMs: Number(createdAtMs) }];
      });
      return context.json({ applications }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/applications/{id}/approve',
      tags,
      security,
      middleware,
      summary: 'Approves an application of a human who was verified; the transaction code is shown this once',
      request: {
        params: applicationId,
        body: { required: true, content: { 'application/json': { schema: decisionSchema } } },
      },
      responses: {
        200: {
          description: 'The link reaches the applicant; the code is for the operator to give to the human',
          content: { 'application/json': { schema: offerAnswerSchema } },
        },
        ...problemResponses(400, 401, 404),
      },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      const decision = context.req.valid('json');
      const offer = await database.transaction(async (sql) => {
        // As the operator writes it: applicants spell one human in many ways, and each would get a credential.
        const rows = await sql.query(
          "UPDATE application SET state = 'approved', sealed = NULL, human_hash = $2 WHERE id = $1 AND state = 'pending' RETURNING id",
          [id, secret.humanHash(decision.human)],
        );
        if (rows.length === 0) throw noApplication();
        const made = await offerOf(services, sql, 'approval', decision);
        await sql.query('UPDATE application SET offer_id = $2 WHERE id = $1', [id, made.id]);
        await admin.audit(sql, {
          operator: context.get('operator'),
          action: 'application.approve',
          subject: id,
          facts: { offer: made.id, evidence: decision.evidence },
        });
        return made;
      });
      return context.json(answerOf(services, offer), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/admin/applications/{id}/reject',
      tags,
      security,
      middleware,
      summary: 'Rejects an application',
      request: { params: applicationId },
      responses: { 204: { description: 'Done' }, ...problemResponses(400, 401, 404) },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      await database.transaction(async (sql) => {
        const rows = await sql.query(
          "UPDATE application SET state = 'rejected', sealed = NULL WHERE id = $1 AND state = 'pending' RETURNING id",
          [id],
        );
        if (rows.length === 0) throw noApplication();
        await admin.audit(sql, {
          operator: context.get('operator'),
          action: 'application.reject',
          subject: id,
        });
      });
      return context.body(null, 204);
    },
  );
}

/** What a sealed application is bound to. */
function placeOf(id: string): string {
  return `application ${id}`;
}

function noApplication(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'NO_APPLICATION',
    detail: 'there is no such application, it was decided already, or the token is not its token',
  });
}
