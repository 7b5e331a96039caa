/**
 * Display: objects shown through the template of their type. A template is announced by the event
 * `0x2::display::VersionUpdated<T>`, and the latest one counts. Source: iota-json-rpc, read_api (`get_rendered_fields`).
 */
import { bcs } from '@iota/iota-sdk/bcs';
import type { LedgerReader, MoveObject } from '../ledger/types.ts';
import { isJsonObject, sortedObject, type Json, type JsonObject } from './json.ts';
import { moveFields, type LayoutOf } from './move-json.ts';
import { canonicalTypeText, isDatatype } from './type-text.ts';

/** Names of one path such as `{a.b.c}`, as a node bounds it. */
const maxPathLength = 10;

const versionUpdated = bcs.struct('VersionUpdated', {
  id: bcs.Address,
  version: bcs.u16(),
  fields: bcs.vector(bcs.struct('Entry', { key: bcs.string(), value: bcs.string() })),
});
interface Template extends ReadonlyArray<{ readonly key: string; readonly value: string }> {}

/** Templates by type. It reads the log once and then only what is new. */
export class DisplayIndex {
  readonly #ledger: LedgerReader;
  readonly #templates = new Map<string, Template>();
  #read = 0n;
  #reverts = 0;

  constructor(ledger: LedgerReader) {
    this.#ledger = ledger;
  }

  templateOf(object: MoveObject): Template | undefined {
    if (this.#reverts !== this.#ledger.reverts) {
      this.#reverts = this.#ledger.reverts;
      this.#templates.clear();
      this.#read = 0n;
    }
    for (; this.#read < this.#ledger.transactionCount; this.#read++) {
      for (const event of this.#ledger.getTransactionAt(this.#read)?.events ?? []) {
        const [shown] = event.type.typeParams;
        if (shown !== undefined && isDatatype(event.type, '0x2', 'display', 'VersionUpdated')) {
          this.#templates.set(canonicalTypeText(shown), versionUpdated.parse(event.contents).fields);
        }
      }
    }
    return this.#templates.get(canonicalTypeText(object.type));
  }
}

/** `display` of an object: null data where its type has no template. */
export function displayJson(
  object: MoveObject | undefined,
  displays: DisplayIndex,
  layoutOf: LayoutOf,
): JsonObject {
  const template = object === undefined ? undefined : displays.templateOf(object);
  if (object === undefined || template === undefined) return { data: null, error: null };
  const fields = moveFields(object.type, object.contents, 'content', layoutOf);
  const rendered: [string, string][] = [];
  const problems: string[] = [];
  for (const { key, value } of template) {
    const result = renderTemplate(value, fields);
    if ('problem' in result) problems.push(result.problem);
    else rendered.push([key, result.text]);
  }
  return {
    data: sortedObject(rendered),
    error: problems.length === 0 ? null : { code: 'display', error: problems.join('; ') },
  };
}

type Rendered = { readonly text: string } | { readonly problem: string };

/** Puts values in for `{path}`; a backslash takes the next character as it is. */
export function renderTemplate(template: string, fields: JsonObject): Rendered {
  let text = '';
  for (const [part, escaped, path] of template.matchAll(/\\(.?)|\{([^{}\\]*)\}|[^\\{]+|\{/gsu)) {
    if (path !== undefined) {
      const value = valueAt(fields, path);
      if ('problem' in value) return value;
      text += value.text;
    } else {
      text += escaped ?? part;
    }
  }
  return { text };
}

function valueAt(fields: JsonObject, path: string): Rendered {
  const names = path.split('.');
  if (names.length > maxPathLength) {
    return { problem: `Display template value nested depth cannot exist ${maxPathLength}` };
  }
  let value: Json = { fields };
  for (const name of names) {
    // Structs and enum variants are rendered as {type, fields}.
    const inner: unknown = isJsonObject(value) ? value['fields'] : undefined;
    if (!isJsonObject(inner)) return { problem: `Unexpected move value type for field ${path}` };
    if (!Object.hasOwn(inner, name)) {
      return { problem: `Field value ${path} cannot be found in struct` };
    }
    value = inner[name] as Json;
  }
  if (value === null) return { text: '' };
  if (Array.isArray(value)) return { problem: `Vector is not supported as a Display value ${path}` };
  if (isJsonObject(value)) {
    const id: unknown = value['id'];
    return typeof id === 'string'
      ? { text: id }
      : { problem: `Unexpected move value type for field ${path}` };
  }
  return { text: String(value) };
}
