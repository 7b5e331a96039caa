/**
 * What a command prints. With `--json` each result is one JSON object a line on stdout; otherwise aligned text.
 * Progress and log lines go to stderr, so that stdout can be piped.
 */
import { errorText, isWotError } from '@wotid/core';

/** A flat record of what a command found or did; `bigint` prints as a decimal string. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Output {
  readonly json: boolean;
  /** Prints a result. */
  result(facts: Facts): void;
  /** Prints rows under one heading; with `--json` one object a row. */
  table(rows: readonly Facts[], emptyText: string): void;
  /** Prints a line for people about work under way; nothing with `--json`. */
  progress(text: string): void;
  /** Prints `text` as it is (a contact card, a public key), also with `--json`. */
  raw(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (facts) => console.log(json ? toJson(facts) : formatFacts(facts)),
    table: (rows, emptyText) => {
      if (json) for (const row of rows) console.log(toJson(row));
      else console.log(rows.length === 0 ? emptyText : formatTable(rows));
    },
    progress: (text) => {
      if (!json) console.error(printableLines(text));
    },
    raw: (text) => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
  };
}

/** A time in milliseconds since the Unix epoch for people, to the second; a time that no date can hold as its number. */
export function formatTime(timeMs: unknown): string {
  const date = new Date(Number(timeMs));
  return Number.isNaN(date.getTime()) ? `${String(timeMs)} ms` : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** One line of JSON; `bigint` as decimal string, bytes as base64. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Uint8Array) return item.toBase64();
    return item;
  });
}

function formatFacts(facts: Facts): string {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${formatValue(value)}`).join('\n');
}

/** Columns aligned to their widest cell; the columns are those that any row has, in the order of their appearance. */
export function formatTable(rows: readonly Facts[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => formatValue(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] ?? '').length)));
  return cells
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(formatValue).join(', ');
  if (value instanceof Uint8Array) return value.toBase64();
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, item]) => `${name} ${formatValue(item)}`)
      .join(' · ');
  }
  return printable(String(value as string | number | boolean | bigint));
}

/** Control, format, line and paragraph separators, lone surrogates; not the joiners that emoji and scripts need. */
const unprintablePattern = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/**
 * Text from a peer must not move the cursor, recolour or reorder a terminal, or pass for another row: whatever does not
 * stand for itself prints as an escape, line ends included.
 */
export function printable(text: string): string {
  return text.replace(
    unprintablePattern,
    (character) => shortEscapes.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Text of several lines, such as a stack: its lines stay, everything else is {@link printable}. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** The one line that says what failed and what to do. */
export function formatError(error: unknown, verbose: boolean, json: boolean): string {
  if (json) {
    const facts = isWotError(error)
      ? { error: error.message, code: error.code, hint: error.hint, data: error.data }
      : { error: errorText(error), code: 'UNEXPECTED' };
    return toJson(facts);
  }
  const hint = isWotError(error) && error.hint !== '' ? ` ${printable(error.hint)}` : '';
  const line = `wotid: ${printable(errorText(error)).replace(/\.$/, '')}.${hint}`;
  return verbose && Error.isError(error) ? `${line}\n${printableLines(error.stack ?? '')}` : line;
}
