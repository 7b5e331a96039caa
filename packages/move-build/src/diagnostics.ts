import { MoveBuildError } from './errors.ts';

/** One message of the Move compiler. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning' | 'note' | 'bug';
  /** The compiler's own code, for example `E04007`; empty when it gives none. */
  readonly code: string;
  readonly message: string;
  /** What it says of the place, under the line of source; empty when nothing. */
  readonly label: string;
  /** Path inside the package with `/` between folders; empty when the message has no place. */
  readonly file: string;
  /** Line, counted from 1; 0 when the message has no place. */
  readonly line: number;
  /** Column, counted from 1; 0 when the message has no place. */
  readonly column: number;
}

/** More messages than these say nothing more; the whole text is kept beside them. */
const maxDiagnostics = 200;

const headPattern = /^(error|warning|note|bug)(?:\[([^\]]*)\])?: (.*)$/;
const placePattern = /^\s*┌─ (.+?):(\d+):(\d+)\s*$/;
const labelPattern = /^\s*│[^^]*\^+ (.+)$/;
// Labels of several lines stand under their mark, with a line between the two.
const markPattern = /^\s*│\s*\^+\s*$/;
const labelLinePattern = /^\s*│\s+([^\s│].*)$/;
/** The compiler's name for something in `0x1` or `0x2` that it did not find. */
const frameworkMissPattern = /\bunbound\b.*\((?:iota|sui|std)=0x[12]\)::/i;
// ESC [ … letter: the sequences by which the compiler colours its text (ECMA-48, section 5.4).
const ansiPattern = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

/** Removes the colour sequences of a terminal. */
export function plainText(text: string): string {
  return text.replace(ansiPattern, '');
}

/**
 * Reads the compiler's text into messages; the place of each is that of its first source frame. At most 200.
 */
export function parseDiagnostics(output: string): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  let open: { -readonly [Key in keyof Diagnostic]: Diagnostic[Key] } | undefined;
  let isLabelBelow = false;
  for (const line of plainText(output).split('\n')) {
    const head = headPattern.exec(line);
    if (head !== null) {
      if (diagnostics.length === maxDiagnostics) break;
      open = {
        severity: head[1] as Diagnostic['severity'],
        code: head[2] ?? '',
        message: head[3] ?? '',
        label: '',
        file: '',
        line: 0,
        column: 0,
      };
      diagnostics.push(open);
      isLabelBelow = false;
      continue;
    }
    const place = placePattern.exec(line);
    if (place !== null && open !== undefined && open.line === 0) {
      open.file = place[1] ?? '';
      open.line = Number(place[2]);
      open.column = Number(place[3]);
    }
    const label: RegExpExecArray | null = (isLabelBelow ? labelLinePattern : labelPattern).exec(line);
    isLabelBelow = label === null && (isLabelBelow || markPattern.test(line));
    if (label !== null && open !== undefined && open.label === '') open.label = (label[1] ?? '').trim();
  }
  return diagnostics;
}

/** Makes the error of a compilation that failed. */
export function compileError(packageName: string, output: string): MoveBuildError {
  const text = plainText(output).trim();
  const diagnostics = parseDiagnostics(text);
  const first = diagnostics.find((one) => one.severity === 'error') ?? diagnostics[0];
  const place =
    first === undefined || first.line === 0 ? '' : ` at ${first.file}:${first.line}:${first.column}`;
  const said = first === undefined ? (text.split('\n')[0] ?? '') : first.message;
  const label = first === undefined || first.label === '' ? '' : `: ${first.label}`;
  return new MoveBuildError('COMPILE_FAILED', `${packageName} does not compile${place}: ${said}${label}`, {
    hint: frameworkMissPattern.test(first?.label ?? '')
      ? "The framework that packages are compiled against has the modules that its README lists. For others of IOTA's, compile with the IOTA CLI, and run them on a network, or on the embedded one with --framework."
      : 'Correct the Move source at the place shown and build again.',
    data: {
      package: packageName,
      diagnostics,
      output: text,
      ...(first === undefined ? {} : { file: first.file, line: first.line, column: first.column }),
    },
  });
}
