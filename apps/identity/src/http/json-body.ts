/**
 * JSON bodies before anything reads them: UTF-8, bounded depth, no member twice. Two parsers that disagree about a
 * repeated member are an attack; a deep nest exhausts the stack of whatever walks it.
 */
import type { MiddlewareHandler } from 'hono';
import { errorText, fromUtf8 } from '@wotid/core';
import { parseStrictJson } from '@wotid/credential';
import { maxBodyBytes, maxJsonDepth } from './limits.ts';
import { ProblemError } from './problem.ts';

/** Refuses a JSON body that is no sound JSON object; other bodies pass. @throws ProblemError `BAD_JSON` */
export const checkJsonBody: MiddlewareHandler = async (context, next) => {
  const type = context.req.header('content-type') ?? '';
  if (context.req.raw.body !== null && /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) {
    // Hono keeps the bytes, and gives them to whoever reads the body later.
    const bytes = new Uint8Array(await context.req.arrayBuffer());
    try {
      parseStrictJson(textOf(bytes), { maxBytes: maxBodyBytes, maxDepth: maxJsonDepth });
    } catch (error) {
      throw new ProblemError({ status: 400, code: 'BAD_JSON', detail: `the body ${errorText(error)}` });
    }
  }
  return next();
};

/** What is no UTF-8 would be read with replacements, which a person's name then has. @throws Error */
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw new Error('is not UTF-8');
  }
}
