/** Reproducible damage to JSON and to compact JWS that keeps most of their structure. */
import { mutate, type Dice } from './mutate.ts';

type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** Values at which readers of JSON break, if anywhere. */
const edges: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 2 ** 53,
  () => 1e300,
  () => '',
  () => ' ',
  () => '\0',
  () => 'did:example:x',
  () => 'https://[::1]/',
  () => '2026-01-01T00:00:00Z',
  () => 'x'.repeat(20_000),
  () => '\ud800',
  () => '\u202e\u{1f40e}',
  () => [],
  () => ({}),
  () => [[]],
  () => ['', null],
  () => nested(8),
  () => nested(500),
];
const members = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  'crit',
  'alg',
  'jwk',
  'cnf',
  'x',
  '',
  '_sd',
  '...',
];

function nested(depth: number): Json {
  let value: Json = 1;
  for (let k = 0; k < depth; k++) value = k % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Every object and array in `value`, the outermost first. */
function containersIn(value: Json): (Json[] | { [member: string]: Json })[] {
  const found: (Json[] | { [member: string]: Json })[] = [];
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === null || typeof next !== 'object') continue;
    found.push(next);
    waiting.push(...Object.values(next));
  }
  return found;
}

/** A member under a name of its own, also where the language has another idea of the name. */
function define(target: object, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** One to three changes to the values in `text`; at times one member twice, or damaged text. */
export function mutateJson(text: string, dice: Dice): string {
  const root = JSON.parse(text) as Json;
  for (let changes = 1 + dice.below(3); changes > 0; changes--) {
    const containers = containersIn(root);
    if (containers.length === 0) break;
    const container = dice.pick(containers);
    const names = Object.keys(container);
    const name = names.length === 0 ? 'x' : dice.pick(names);
    const old = Object.getOwnPropertyDescriptor(container, name)?.value as Json | undefined;
    switch (dice.below(8)) {
      case 0:
        if (Array.isArray(container)) container.splice(Number(name), 1);
        else delete container[name];
        break;
      case 1:
        if (!Array.isArray(container)) define(container, dice.pick(members), dice.pick(edges)());
        break;
      case 2:
        define(container, name, [old ?? null]);
        break;
      case 3:
        if (typeof old === 'string') define(container, name, mutateText(old, dice));
        else if (typeof old === 'number') define(container, name, old + dice.below(5) - 2);
        break;
      case 4:
        if (Array.isArray(container)) container.push(old ?? null);
        else define(container, name.toUpperCase(), old ?? null);
        break;
      case 5: {
        // A copy: the same object twice would be a cycle once it is put into itself.
        const other = dice.pick(containers);
        const names2 = Object.keys(other);
        const from = names2.length === 0 ? null : (Object.values(other)[dice.below(names2.length)] as Json);
        define(container, name, structuredClone(from));
        break;
      }
      default:
        define(container, name, dice.pick(edges)());
    }
  }
  const written = JSON.stringify(root);
  switch (dice.below(8)) {
    case 0:
      return written.replace(/^\{("(?:[^"\\]|\\.)*":)/, '{$1null,$1');
    case 1:
      return new TextDecoder().decode(mutate(Buffer.from(written), dice, [Buffer.from(text)]));
    default:
      return written;
  }
}

function mutateText(text: string, dice: Dice): string {
  const bytes = Buffer.from(text);
  return new TextDecoder().decode(mutate(bytes, dice, [bytes.length === 0 ? Buffer.from('x') : bytes]));
}

/** Damage to one part of a compact JWS, or of an SD-JWT with its disclosures, or to the order of the parts. */
export function mutateJws(text: string, dice: Dice): string {
  const separators = text.match(/[.~]/g) ?? [];
  const parts = text.split(/[.~]/);
  const at = dice.below(parts.length);
  const part = parts[at] ?? '';
  switch (dice.below(8)) {
    case 0:
      parts[at] = mutateText(part, dice);
      break;
    case 1:
      parts[at] = dice.pick(parts);
      break;
    case 2:
      parts.splice(at, 1);
      separators.splice(Math.min(at, separators.length - 1), 1);
      break;
    case 3:
      parts.splice(at, 0, part);
      separators.splice(at, 0, dice.pick(['.', '~']));
      break;
    default: {
      const inner = Buffer.from(part, 'base64url').toString();
      parts[at] = isJson(inner)
        ? Buffer.from(mutateJson(inner, dice)).toString('base64url')
        : mutateText(part, dice);
    }
  }
  return parts.map((one, k) => (k === 0 ? one : (separators[k - 1] ?? '.') + one)).join('');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
