import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { readInput, readInputBytes, writeOutput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';
import { formatTime, type Facts } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { maxCredentialFileBytes } from './credential.ts';

/** The session layer's limit for one message; larger files need chunks. */
const maxFileBytes = 65_536;
const toArgument = 'a contact: your name for them, their DID, or a part of it that fits nobody else';

interface SendOptions extends HomeOptions {
  readonly file?: string;
  readonly lines?: boolean;
  readonly toUnverified?: boolean;
  readonly sign?: boolean;
  readonly replyTo?: string;
}

export function addMessageCommands(program: Command): void {
  addHomeOptions(
    program.command('connect').description('pass the gate of a contact’s agent and open a session'),
  )
    .argument('<to>', toArgument)
    .option(
      '--presentation <file>',
      'show this credential instead of your own, or "none": to see what the other gate makes of it',
    )
    .action(async (to: string, options: HomeOptions & { readonly presentation?: string }) => {
      const presentation =
        options.presentation === undefined ? undefined : await readPresentation(options.presentation);
      outputOf(options).result(asFacts(await onAgent(options, 'connect', { to, presentation })));
    });

  addHomeOptions(
    program.command('send').description('send a message: directly, or into the mailbox of who is away'),
  )
    .argument('<to>', toArgument)
    .argument('[text]', 'the text')
    .option('--file <file>', 'send the bytes of this file')
    .option('--lines', 'send each line of standard input as a message of its own')
    .option('--sign', 'add a signature that the receiver can show to others')
    .option('--no-sign', 'without one, whatever wotid session signing says')
    .option('--reply-to <id>', 'the message that this one answers, 32 hex digits')
    .option('--to-unverified', 'also to a contact whose credential you have not seen')
    .action(async (to: string, text: string | undefined, options: SendOptions) => {
      const sources = [text !== undefined, options.file !== undefined, options.lines === true].filter(
        Boolean,
      ).length;
      if (sources !== 1) throw new UsageError('give either a text, or --file FILE, or --lines');
      const output = outputOf(options);
      const { toUnverified, sign, replyTo } = options;
      const common = { to, toUnverified, sign, replyTo };
      if (options.lines === true) {
        for await (const line of createInterface({ input: process.stdin })) {
          output.result(asFacts(await onAgent(options, 'send', { ...common, text: line })));
        }
      } else if (options.file !== undefined) {
        const bytes = readInputBytes(options.file, maxFileBytes).toBase64();
        output.result(asFacts(await onAgent(options, 'send', { ...common, bytes })));
      } else {
        output.result(asFacts(await onAgent(options, 'send', { ...common, text })));
      }
    });

  addHomeOptions(
    program.command('proof').description('write what proves to others that a contact has sent a message'),
  )
    .argument('<message>', 'id of a signed message, 32 hex digits')
    .requiredOption('--out <file>', 'write it to this file')
    .action(async (messageId: string, options: HomeOptions & { readonly out: string }) => {
      writeOutput(
        options.out,
        `${JSON.stringify(await onAgent(options, 'proof', { messageId }), null, 2)}\n`,
      );
      outputOf(options).result({ written: options.out });
    });

  addHomeOptions(program.command('inbox').description('show received messages, oldest first'))
    .option('--after <position>', 'only later ones', Number, 0)
    .option('--limit <n>', 'at most this many', Number, 100)
    .action(async (options: HomeOptions & { readonly after: number; readonly limit: number }) => {
      const output = outputOf(options);
      const rows = asRows(await onAgent(options, 'inbox', { after: options.after, limit: options.limit }));
      output.table(output.json ? rows : rows.map(forPeople), 'No message.');
    });
}

/** A message as a row that a person reads; `--json` has the rest. */
function forPeople(message: Facts): Facts {
  return {
    position: message['position'],
    sent: formatTime(message['sentAtMs']),
    from: message['alias'] === '' ? message['from'] : message['alias'],
    by: message['route'],
    text: message['text'] ?? summary(message),
  };
}

function summary(message: Facts): string {
  const { type, reason, issuer, bytes } = message;
  if (type === 'presentationRequest')
    return `(asks for your credential${reason === '' ? '' : `: ${String(reason)}`})`;
  if (type === 'presentationOffer') return `(could show a credential of ${String(issuer)})`;
  return `(${String(bytes)} bytes of type ${String(type)})`;
}

/** Base64 of the credential in `file`; empty for `none`. */
async function readPresentation(file: string): Promise<string> {
  if (file === 'none') return '';
  const { armorLabels, unarmor } = await import('@wotid/agent');
  return unarmor(armorLabels.credential, readInput(file, maxCredentialFileBytes)).toBase64();
}
