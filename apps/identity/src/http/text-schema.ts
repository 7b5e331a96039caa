/** Text that people write, as every route takes it. */
import { z } from '@hono/zod-openapi';

/**
 * One line: no control characters, no lone surrogates, nothing that turns the direction of what follows. PostgreSQL stores
 * neither a NUL nor half of a character, and what operators see must neither move their cursor nor read otherwise than it
 * is.
 */
export function lineSchema(minChars: number, maxChars: number): z.ZodString {
  return z
    .string()
    .min(minChars)
    .max(maxChars)
    .regex(/^[^\p{Cc}\p{Cs}\p{Bidi_Control}]*$/u, 'it is not one line of plain text');
}
