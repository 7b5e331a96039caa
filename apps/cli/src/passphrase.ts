/**
 * Where a passphrase comes from: a file, the file that `WOTID_PASSPHRASE_FILE` names, or a prompt on the terminal.
 * Never a command-line argument or the environment itself: both are visible to other processes.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { readInput } from './files.ts';
import { UsageError } from './usage-error.ts';

/** Longest passphrase in bytes: far above any that a person types, and a bound for a wrong file. */
const maxPassphraseBytes = 1_024;

export interface PassphraseInit {
  /** Path given with `--passphrase-file`. */
  readonly file?: string | undefined;
  /** Asks twice and compares: for new homes. */
  readonly confirm: boolean;
}

/** True when a passphrase can be had without failing: a file is named, or somebody can be asked. */
export function hasPassphraseSource(file: string | undefined): boolean {
  return (file ?? process.env['WOTID_PASSPHRASE_FILE']) !== undefined || process.stdin.isTTY;
}

/** @throws UsageError when there is no source, the file cannot be read, or it is empty or too long. */
export async function readPassphrase(init: PassphraseInit): Promise<string> {
  const file = init.file ?? process.env['WOTID_PASSPHRASE_FILE'];
  if (file !== undefined) return fromFile(file);
  if (!process.stdin.isTTY) {
    throw new UsageError(
      'no passphrase: give --passphrase-file FILE, or run on a terminal to be asked for it',
    );
  }
  const passphrase = await askSecretly('Passphrase: ');
  if (init.confirm && passphrase !== (await askSecretly('Again: ')))
    throw new UsageError('the two passphrases differ');
  return checked(passphrase, 'the passphrase');
}

function fromFile(file: string): string {
  // With its line end.
  const text = readInput(file, maxPassphraseBytes + 2);
  return checked(text.replace(/\r?\n$/, ''), `the passphrase in ${file}`);
}

function checked(passphrase: string, what: string): string {
  const length = Buffer.byteLength(passphrase);
  if (length === 0) throw new UsageError(`${what} is empty`);
  if (length > maxPassphraseBytes) throw new UsageError(`${what} is longer than ${maxPassphraseBytes} bytes`);
  return passphrase;
}

/** Asks on the terminal and shows nothing of the answer. @throws UsageError when there is none */
export function askSecretly(question: string): Promise<string> {
  process.stderr.write(question);
  return answerOf(process.stdin, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

/** Asks on the terminal. @throws UsageError when there is no answer */
export function ask(question: string): Promise<string> {
  process.stderr.write(question);
  return answerOf(process.stdin, process.stderr);
}

/** The next line of a terminal. @throws UsageError when it is interrupted or ends */
export function answerOf(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input, output, terminal: true });
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
      process.stderr.write('\n');
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => reject(new UsageError('interrupted')));
  });
}
