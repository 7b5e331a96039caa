/**
 * The API fuzzed from its own description: for each operation, requests that its schemas allow (json-schema-faker), the
 * same with parts replaced, and bytes that are nothing. Every answer has a status that the description names, nothing is
 * a defect (5xx), and the service lives on.
 */
import fc from 'fast-check';
import { generateSync, type JsonSchema } from 'json-schema-faker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEmbedded } from './databases.ts';
import { createWorld, invite, tokenFor, type World } from './world.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: JsonSchema;
}
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly [mediaType: string, schema: JsonSchema] | null;
  readonly statuses: readonly string[];
  readonly isForOperators: boolean;
}

/** More of them: WOTID_FUZZ_RUNS=2000 npx vitest run apps/identity/test/fuzz */
const runsPerOperation = Number(process.env['WOTID_FUZZ_RUNS'] ?? 25);
/** What any request can run into, before its operation is reached. */
const commonStatuses = ['400', '413', '415', '429'];
/** A method that is not there is an answer, not a defect. */
const honest5xx = ['501'];

let world: World;
let accessToken: string;
let operations: readonly Operation[];
beforeAll(async () => {
  world = await createWorld(createEmbedded, {
    directory: { anchor: { chainId: 'f0f0f0f0', readPrekeys: () => Promise.resolve(null) } },
  });
  accessToken = await tokenFor(world.service, await invite(world, 'fuzzer'));
  const description = (await (await world.service.app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
    components: { schemas: Record<string, JsonSchema> };
  };
  operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const content = (
        operation['requestBody'] as { content?: Record<string, { schema: JsonSchema }> } | undefined
      )?.content;
      const [body] = Object.entries(content ?? {});
      return {
        method,
        path,
        parameters: (operation['parameters'] ?? []) as readonly Parameter[],
        body: body === undefined ? null : ([body[0], body[1].schema] as const),
        statuses: Object.keys(operation['responses'] as object),
        isForOperators: path.startsWith('/admin'),
      };
    }),
  );
});
afterAll(() => world[Symbol.asyncDispose]());

/** Puts `replacement` where `path` leads, as far as it leads. */
function replaced(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null) return replacement;
  const keys = Object.keys(value);
  const key = keys[first % Math.max(1, keys.length)];
  if (key === undefined) return replacement;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  (copy as Record<string, unknown>)[key] = replaced(
    (value as Record<string, unknown>)[key],
    rest,
    replacement,
  );
  return copy;
}

/** One request of the fuzzer. */
const attempt = fc.record({
  seed: fc.nat(),
  kind: fc.constantFrom('allowed', 'changed', 'changed', 'garbage'),
  at: fc.array(fc.nat(5), { maxLength: 4 }),
  replacement: fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ maxLength: 300, unit: 'binary' }),
    fc.bigInt().map(String),
    fc.constantFrom('\0', 'some\0thing', '\ud800 half', '\u202e', '__proto__', "'; --"),
  ),
  garbage: fc.uint8Array({ maxLength: 200 }),
  authorized: fc.boolean(),
  parameter: fc.option(
    fc.oneof(
      fc.string({ maxLength: 100, unit: 'grapheme' }),
      fc.constantFrom('\0', 'did:x:%00', '%', '..', ' '),
    ),
  ),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

function requestOf(operation: Operation, tried: Attempt): Request {
  const generated = (schema: JsonSchema): unknown => generateSync(schema, { seed: tried.seed });
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { name, in: place, schema } of operation.parameters) {
    const value =
      tried.kind !== 'allowed' && tried.parameter !== null ? tried.parameter : String(generated(schema));
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value.toWellFormed() || 'x'));
    if (place === 'query') query.set(name, value);
    if (place === 'header') headers.set(name, value.replace(/[^\x20-\x7e]/g, '?'));
  }
  if (tried.authorized) {
    headers.set('authorization', `Bearer ${operation.isForOperators ? world.operatorToken : accessToken}`);
  }
  let body: string | Uint8Array<ArrayBuffer> | undefined;
  if (operation.body !== null) {
    const [mediaType, schema] = operation.body;
    headers.set('content-type', mediaType);
    const allowed = generated(schema);
    const value = tried.kind === 'changed' ? replaced(allowed, tried.at, tried.replacement) : allowed;
    if (tried.kind === 'garbage') body = new Uint8Array(tried.garbage);
    else if (mediaType.includes('json')) body = JSON.stringify(value);
    else
      body = new URLSearchParams(
        Object.entries(Object(value) as object).map(([name, item]) => [name, String(item)]),
      ).toString();
  }
  return new Request(`http://x${path}?${query}`, {
    method: operation.method.toUpperCase(),
    headers,
    ...(body !== undefined && { body }),
  });
}

it('answers whatever comes with what it has described', async () => {
  expect(operations.length).toBeGreaterThan(25);
  const seen = new Set<string>();
  for (const operation of operations) {
    await fc.assert(
      fc.asyncProperty(attempt, async (tried) => {
        const answer = await world.service.app.fetch(requestOf(operation, tried));
        const status = String(answer.status);
        const text = await answer.text();
        seen.add(status);
        expect(
          [...operation.statuses, ...commonStatuses],
          `${operation.method} ${operation.path}: ${text}`,
        ).toContain(status);
        if (answer.status >= 500) expect(honest5xx).toContain(status);
        if (answer.status >= 400) expect(JSON.parse(text)).toBeTypeOf('object');
      }),
      { numRuns: runsPerOperation },
    );
  }
  for (const status of ['200', '201', '400', '401', '404']) expect(seen).toContain(status);
  expect((await world.service.app.request('/readyz')).status).toBe(200);
});
