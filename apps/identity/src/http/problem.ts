/**
 * Errors as clients get them: `application/problem+json` (RFC 9457). `detail` says what was wrong, `hint` what to do,
 * `code` is stable; nothing else about our inside leaves.
 */
import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { AnsweredError } from './answered-error.ts';

/** Media type of every problem. */
export const problemMediaType = 'application/problem+json';

const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'about:blank' }),
    title: z.string().openapi({ example: 'Not Found' }),
    status: z.int().min(400).max(599),
    code: z.string().openapi({ description: 'Stable name of the failure', example: 'NOT_FOUND' }),
    detail: z.string().openapi({ description: 'What was wrong' }),
    hint: z.string().optional().openapi({ description: 'What to do about it' }),
  })
  .openapi('Problem');

/** A problem by its status, stable code and texts. */
export interface ProblemInit {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  /** More headers, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is answered with a problem: what handlers throw. */
export class ProblemError extends AnsweredError {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(init: ProblemInit) {
    super(init.code, init.detail, init.hint === undefined ? {} : { hint: init.hint });
    this.status = init.status;
    this.headers = init.headers ?? {};
  }

  override respond(context: Context): Response {
    const { status, code, message: detail, hint, headers } = this;
    return problemResponse(context, { status, code, detail, hint, headers });
  }
}

/** The answer that tells of a problem. */
export function problemResponse(context: Context, init: ProblemInit): Response {
  const { status, code, detail, hint, headers } = init;
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail,
    ...(hint !== undefined && hint !== '' && { hint }),
  };
  return context.body(JSON.stringify(body), status, {
    'content-type': problemMediaType,
    'cache-control': 'no-store',
    ...headers,
  });
}

/** How OpenAPI describes a problem. */
export interface ProblemDescription {
  readonly description: string;
  readonly content: { readonly [problemMediaType]: { readonly schema: z.ZodType } };
}

/** Entries of a route's `responses` for the statuses with which it can fail. */
export function problemResponses<Status extends number>(
  ...statuses: readonly Status[]
): Record<Status, ProblemDescription> {
  const entries = statuses.map((status): [Status, ProblemDescription] => [
    status,
    {
      description: STATUS_CODES[status] ?? 'Error',
      content: { [problemMediaType]: { schema: problemSchema } },
    },
  ]);
  return Object.fromEntries(entries) as Record<Status, ProblemDescription>;
}
