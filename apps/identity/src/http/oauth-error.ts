/**
 * Errors of the endpoints whose form OAuth prescribes: `{"error", "error_description"}` (RFC 6749, section 5.2; RFC 6750,
 * section 3; OpenID4VCI 1.0, sections 6.3 and 8.3.1.2).
 */
import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AnsweredError } from './answered-error.ts';

/** Codes that we answer. */
export type OauthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_token'
  | 'invalid_credential_request'
  | 'unknown_credential_configuration'
  | 'unknown_credential_identifier'
  | 'invalid_proof'
  | 'invalid_nonce'
  | 'invalid_encryption_parameters'
  | 'credential_request_denied';

const oauthErrorSchema = z
  .object({
    error: z.string().openapi({ example: 'invalid_request' }),
    error_description: z.string().optional(),
  })
  .openapi('OauthError');

/** A refusal in OAuth's form. `error` is also the WotError's code. */
export class OauthError extends AnsweredError {
  readonly status: 400 | 401;

  constructor(error: OauthErrorCode, description: string) {
    super(error, description);
    this.status = error === 'invalid_token' || error === 'invalid_client' ? 401 : 400;
  }

  override respond(context: Context): Response {
    if (this.status === 401) {
      context.header('www-authenticate', `Bearer error="${this.code}"`);
    }
    return oauthResponse(context, this.status, this.code, this.message);
  }
}

/** An answer in OAuth's form, never cached. */
export function oauthResponse(
  context: Context,
  status: 400 | 401,
  error: string,
  description: string,
): Response {
  context.header('cache-control', 'no-store');
  // RFC 6749, section 5.2 leaves out quotes, backslashes and all that is not printable ASCII.
  const text = description.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
  return context.json({ error, error_description: text }, status);
}

/** How OpenAPI describes such an error. */
export interface OauthErrorDescription {
  readonly description: string;
  readonly content: { readonly 'application/json': { readonly schema: z.ZodType } };
}

/** Entries of a route's `responses` for the statuses with which it can fail in OAuth's form. */
export function oauthErrors<Status extends 400 | 401>(
  ...statuses: readonly Status[]
): Record<Status, OauthErrorDescription> {
  const entries = statuses.map((status): [Status, OauthErrorDescription] => [
    status,
    {
      description: STATUS_CODES[status] ?? '',
      content: { 'application/json': { schema: oauthErrorSchema } },
    },
  ]);
  return Object.fromEntries(entries) as Record<Status, OauthErrorDescription>;
}
