/** JSON as this package writes it. `undefined` members are dropped by `JSON.stringify`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** True for a JSON object: not an array, not null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy whose keys are in ascending order, as a node's ordered maps print them. */
export function sortedObject(entries: Iterable<readonly [string, Json]>): JsonObject {
  return Object.fromEntries(
    [...entries].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  );
}
