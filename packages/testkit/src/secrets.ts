/** Finds secrets in what a program shows: whatever could end up in a log, an error report or a crash dump of values. */
import { inspect } from 'node:util';

/** Bytes of a secret that are looked for at its start and at its end: 64 bits do not occur by chance. */
const windowBytes = 8;

/**
 * Renders `value` in every common way and looks for the first and the last 8 bytes of each secret, in hexadecimal,
 * base64, base64url, as decimal numbers and as a `Buffer` prints.
 * @param value a string is searched as it is; an error with its stack, cause and own fields
 * @param secrets by name; shorter ones than 8 bytes are not looked for
 * @returns `name in rendering`, for each secret that shows
 */
export function leaksIn(value: unknown, secrets: Readonly<Record<string, Uint8Array>>): string[] {
  const found: string[] = [];
  for (const [rendering, shown] of Object.entries(renderingsOf(value))) {
    // Arrays of numbers come in columns, Buffers in pairs of digits.
    const text = shown.replaceAll(/\s/g, '');
    for (const [name, secret] of Object.entries(secrets)) {
      if (secret.length < windowBytes) continue;
      if (formsOf(secret).some((form) => text.includes(form))) found.push(`${name} in ${rendering}`);
    }
  }
  return found;
}

function renderingsOf(value: unknown): Record<string, string> {
  if (typeof value === 'string') return { text: value };
  const everything = { depth: Infinity, maxArrayLength: null, maxStringLength: null, breakLength: Infinity };
  return {
    inspect: inspect(value, everything),
    'inspect with hidden fields and getters': inspect(value, {
      ...everything,
      showHidden: true,
      showProxy: true,
      getters: true,
    }),
    JSON: attempt(() => JSON.stringify(value) ?? ''),
    String: attempt(() => String(value)),
    clone: attempt(() => inspect(structuredClone(value), everything)),
    'own fields': attempt(() => JSON.stringify(Object.entries(value as object))),
    stack: Error.isError(value) ? String((value as Error).stack) : '',
  };
}

/** Not every value can be cloned or serialized: then nothing is shown either. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch {
    return '';
  }
}

function formsOf(secret: Uint8Array): string[] {
  const start = secret.slice(0, windowBytes);
  const end = secret.slice(-windowBytes);
  const forms = [start, end].flatMap((part) => [part.toHex(), part.toHex().toUpperCase(), part.join(',')]);
  // The last base64 digit of a cut depends on what follows it.
  for (const alphabet of ['base64', 'base64url'] as const)
    forms.push(start.toBase64({ alphabet }).slice(0, 10));
  // JSON of a typed array: {"0":1,"1":2,…}.
  forms.push(Array.from(start, (byte, at) => `"${at}":${byte}`).join(','));
  return forms;
}
