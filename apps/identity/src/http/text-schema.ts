/** Text that people write, as every route takes it. */
import { z } from '@hono/zod-openapi';

/**
 * One line: no control characters, no lone surrogates. PostgreSQL stores neither a NUL nor half of a character, and what
 * operators see must not move their cursor.
 */
export function lineSchema(minChars: number, maxChars: number): z.ZodString {
  return z
    .string()
    .min(minChars)
    .max(maxChars)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'it is not one line of plain text');
}
