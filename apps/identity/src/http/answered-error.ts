/** An error that knows how it is answered. What handlers throw; everything else that is thrown is a bug or an outage. */
import type { Context } from 'hono';
import { WotError } from '@wotid/core';

export abstract class AnsweredError extends WotError {
  /** The answer for the client. */
  abstract respond(context: Context): Response;
}
