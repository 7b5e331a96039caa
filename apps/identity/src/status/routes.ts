/** Status lists for verifiers, in the form that they ask for. */
import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { statusListMediaTypes, type StatusListForm } from '@wotid/credential';
import type { ServiceApp } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import type { StatusLists } from './lists.ts';

/** Adds `/status/{list}`. */
export function addStatusRoutes(app: ServiceApp, statusLists: StatusLists): void {
  const forms = Object.entries(statusListMediaTypes) as [StatusListForm, string][];
  app.openapi(
    createRoute({
      method: 'get',
      path: '/status/{list}',
      tags: ['status'],
      summary: 'A status list as a signed credential',
      description: `By the Accept header: ${forms.map(([form, type]) => `${type} (${form})`).join(', ')}.`,
      request: {
        params: z.object({ list: z.string().regex(/^[1-9]\d{0,8}$/) }),
        headers: z.object({ accept: z.string().max(1_000).optional() }),
      },
      responses: {
        200: {
          description: 'The list',
          content: Object.fromEntries(forms.map(([, type]) => [type, { schema: z.string() }])),
        },
        ...problemResponses(400, 404, 406),
      },
    }),
    async (context) => {
      const signed = await statusLists.signed(Number(context.req.valid('param').list));
      if (signed === null) {
        throw new ProblemError({
          status: 404,
          code: 'NO_STATUS_LIST',
          detail: 'there is no such status list',
        });
      }
      const available = forms.filter(([form]) => signed[form] !== undefined).map(([, type]) => type);
      const type = accepts(context, {
        header: 'Accept',
        supports: [...available, '*/*', 'application/*'],
        default: context.req.header('accept') === undefined ? statusListMediaTypes.jwt : 'none',
      });
      const chosen = type.endsWith('/*') ? statusListMediaTypes.jwt : type;
      const text = forms.find(([, mediaType]) => mediaType === chosen)?.[0];
      const body = text === undefined ? undefined : signed[text];
      if (body === undefined) {
        throw new ProblemError({
          status: 406,
          code: 'NOT_ACCEPTABLE',
          detail: `the list is there as ${available.join(', ')}`,
        });
      }
      return context.body(body, 200, {
        'content-type': chosen,
        // Whoever caches it in between adds to the time that a revocation takes; verifiers have their own ttl.
        'cache-control': 'no-cache',
        vary: 'accept',
      });
    },
  );
}
