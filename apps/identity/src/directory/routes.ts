/** The directory over HTTP. Every call needs a token, which a DID gets for a proof by all of its keys. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  decodeBase64Url,
  encodeBase64Url,
  isDid,
  maxHolderProofBytes,
  maxPresentedBytes,
} from '@wotid/credential';
import {
  maxClaimsPerRequester,
  maxClaimsPerTarget,
  maxContactRecordBytes,
  maxCredentialsPerRequester,
  maxPairChars,
  maxUploadedPairs,
} from '@wotid/directory';
import type { MiddlewareHandler } from 'hono';
import type { ServiceApp, ServiceEnv } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Claims } from './claims.ts';
import type { ContactRecords } from './contacts.ts';
import { noPrekeys, type DirectoryPrekeys } from './prekeys.ts';
import type { Standing } from './standing.ts';
import type { DirectoryTokens, Requester } from './tokens.ts';

export interface DirectoryRoutesInit {
  readonly metrics: Metrics;
  readonly standing: Standing;
  readonly tokens: DirectoryTokens;
  readonly contacts: ContactRecords;
  readonly prekeys: DirectoryPrekeys;
  readonly claims: Claims;
}

type RequesterEnv = ServiceEnv & { readonly Variables: ServiceEnv['Variables'] & { requester: Requester } };

const tags = ['directory'];
const security = [{ directory: [] as string[] }];
const charsOf = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const base64Url = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^[\w-]+$/)
    .openapi({ description: 'base64url without padding' });
const did = z
  .string()
  .max(255)
  .refine(isDid, 'is no DID')
  .openapi({ description: 'A DID', example: 'did:iota:0x1' });
const mailboxId = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .openapi({ description: 'Object id of the mailbox' });
const number = z.int().min(1).max(0xffff_ffff).openapi({ description: 'Number of a publication' });
const pairsLeft = z.object({ number: z.int().nullable(), left: z.int() });
const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

/** Adds `/directory/…`. */
export function addDirectoryRoutes(app: ServiceApp, init: DirectoryRoutesInit): void {
  const { metrics, standing, tokens, contacts, prekeys, claims } = init;
  const withToken: MiddlewareHandler<RequesterEnv> = async (context, next) => {
    context.set('requester', await tokens.authenticate(context.req.header('authorization')));
    context.header('cache-control', 'no-store');
    return next();
  };
  /** Only verified humans fill the directory: there are as many records as humans. */
  const asHuman: MiddlewareHandler<RequesterEnv> = async (context, next) => {
    const requester = await tokens.authenticate(context.req.header('authorization'));
    await standing.assertStanding(requester.credential);
    context.set('requester', requester);
    context.header('cache-control', 'no-store');
    return next();
  };
  const reader = { tags, security, middleware: withToken };
  const human = { tags, security, middleware: asHuman };

  app.openapi(
    createRoute({
      method: 'post',
      path: '/directory/token',
      tags,
      summary: 'A token for a signed proof, good for ten minutes',
      description:
        'The proof is that of OpenID4VCI (appendix F.1) with the two claims of wot.id, for the audience <service>/directory and with a random nonce of the client’s own. Each is taken once. Publishing, and one-time prekeys, need a Verified Human credential beside it.',
      request: body(
        z.object({
          proof: z.string().min(1).max(maxHolderProofBytes),
          credential: base64Url(charsOf(maxPresentedBytes)).optional(),
        }),
      ),
      responses: {
        200: json(
          'The token',
          z.object({ token: z.string(), expiresInSec: z.int(), isVerifiedHuman: z.boolean() }),
        ),
        ...problemResponses(400, 401, 403),
      },
    }),
    async (context) => {
      const { proof, credential } = context.req.valid('json');
      const token = await tokens.create(proof, credential === undefined ? null : bytesOf(credential));
      context.header('cache-control', 'no-store');
      return context.json(token, 200);
    },
  );
  app.openapi(
    createRoute({
      ...human,
      method: 'put',
      path: '/directory/contact',
      summary: 'Publishes the own contact record in place of one with a lower seq',
      description:
        'A record that names a credential comes with it, for verified humans to read; one that names none takes back what was left before.',
      request: body(
        z.object({
          record: base64Url(charsOf(maxContactRecordBytes)),
          credential: base64Url(charsOf(maxPresentedBytes)).optional(),
        }),
      ),
      responses: { 204: { description: 'Kept' }, ...problemResponses(400, 401, 403, 409) },
    }),
    async (context) => {
      const { record, credential } = context.req.valid('json');
      const left = credential === undefined ? null : bytesOf(credential);
      await contacts.publish(context.get('requester'), bytesOf(record), left);
      return context.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      ...reader,
      method: 'delete',
      path: '/directory/contact',
      summary: 'Has the directory forget the own contact record, and the credential beside it',
      description: 'Also for who is no verified human any more: a token without a credential will do.',
      responses: { 204: { description: 'Forgotten' }, ...problemResponses(401) },
    }),
    async (context) => {
      await contacts.withdraw(context.get('requester').did);
      return context.body(null, 204);
    },
  );
  app.openapi(
    createRoute({
      ...human,
      method: 'get',
      path: '/directory/credentials/{did}',
      summary: 'The credential that a DID has left beside its contact record, for verified humans',
      description: `Those of ${maxCredentialsPerRequester} people in 24 hours. Whoever uses it compares its SHA-256 with the record, and verifies it.`,
      request: { params: z.object({ did }) },
      responses: {
        200: json('The credential', z.object({ credential: z.string() })),
        ...problemResponses(400, 401, 403, 404, 429),
      },
    }),
    async (context) => {
      const left = await contacts.credentialOf(context.get('requester'), context.req.valid('param').did);
      if (left === null) {
        throw new ProblemError({
          status: 404,
          code: 'NO_CREDENTIAL_LEFT',
          detail: 'no credential of this DID is here',
          hint: 'ask its owner for a contact card, or connect while they are online',
        });
      }
      metrics.events.inc({ event: 'directory.credential_read' });
      return context.json({ credential: encodeBase64Url(left) }, 200);
    },
  );
  app.openapi(
    createRoute({
      ...human,
      method: 'get',
      path: '/directory/contacts/{did}',
      summary: 'The contact record of a DID, for verified humans',
      request: { params: z.object({ did }) },
      responses: {
        200: json('The record', z.object({ record: z.string() })),
        ...problemResponses(400, 401, 403, 404),
      },
    }),
    async (context) => {
      const record = await contacts.find(context.req.valid('param').did);
      if (record === null) {
        throw new ProblemError({
          status: 404,
          code: 'NO_CONTACT_RECORD',
          detail: 'no contact record of this DID is here',
          hint: 'ask its owner for a contact card',
        });
      }
      return context.json({ record: encodeBase64Url(record) }, 200);
    },
  );
  app.openapi(
    createRoute({
      ...human,
      method: 'put',
      path: '/directory/prekeys',
      summary: 'Has the directory read the own prekey publication from its mailbox on chain',
      request: body(z.object({ mailboxId })),
      responses: {
        200: json('Pairs that are left', pairsLeft),
        ...problemResponses(400, 401, 403, 404, 409, 502),
      },
    }),
    async (context) => {
      const left = await prekeys.publish(context.get('requester'), context.req.valid('json').mailboxId);
      return context.json(left, 200);
    },
  );
  app.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/directory/prekeys/{did}',
      summary: 'The prekey publication of a DID; whoever uses it compares it with the chain',
      request: { params: z.object({ did }) },
      responses: {
        200: json('The publication', z.object({ number: z.int(), prekeys: z.string() })),
        ...problemResponses(400, 401, 404),
      },
    }),
    async (context) => {
      const found = await prekeys.find(context.req.valid('param').did);
      if (found === null) throw noPrekeys();
      return context.json({ number: found.number, prekeys: encodeBase64Url(found.prekeys) }, 200);
    },
  );
  app.openapi(
    createRoute({
      ...human,
      method: 'put',
      path: '/directory/pairs',
      summary: `Gives the directory up to ${maxUploadedPairs} one-time prekeys of the own publication`,
      request: body(
        z.object({ number, pairs: z.array(base64Url(maxPairChars)).min(1).max(maxUploadedPairs) }),
      ),
      responses: {
        200: json('Pairs that are left', pairsLeft),
        ...problemResponses(400, 401, 403, 404, 409),
      },
    }),
    async (context) => {
      const { number: of, pairs } = context.req.valid('json');
      const left = await prekeys.upload(context.get('requester'), of, pairs.map(bytesOf));
      return context.json(left, 200);
    },
  );
  app.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/directory/pairs',
      summary: 'How many of the own one-time prekeys nobody has got yet',
      responses: { 200: json('Pairs that are left', pairsLeft), ...problemResponses(401) },
    }),
    async (context) => context.json(await prekeys.left(context.get('requester').did), 200),
  );
  app.openapi(
    createRoute({
      ...reader,
      method: 'post',
      path: '/directory/claims',
      summary: 'Takes one one-time prekey of somebody, which nobody else gets',
      description: `For verified humans: ${maxClaimsPerTarget} of one person and ${maxClaimsPerRequester} in all in 24 hours. Without any left, the last-resort prekey of the publication serves.`,
      request: body(z.object({ did })),
      responses: {
        200: json('The pair, or null', z.object({ number: z.int(), pair: z.string().nullable() })),
        ...problemResponses(400, 401, 403, 404, 429),
      },
    }),
    async (context) => {
      const claimed = await claims.claim(context.get('requester'), context.req.valid('json').did);
      metrics.events.inc({ event: claimed.pair === null ? 'prekey.none_left' : 'prekey.claimed' });
      const pair = claimed.pair === null ? null : encodeBase64Url(claimed.pair);
      return context.json({ number: claimed.number, pair }, 200);
    },
  );
}

function bytesOf(text: string): Uint8Array {
  const bytes = decodeBase64Url(text);
  if (bytes !== null) return bytes;
  throw new ProblemError({ status: 400, code: 'BAD_REQUEST', detail: 'a member is not base64url' });
}
