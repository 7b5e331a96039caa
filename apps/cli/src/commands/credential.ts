import { existsSync } from 'node:fs';
import { WotError } from '@wotid/core';
import type { Command } from 'commander';
import { readInput, writeOutput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';
import { askSecretly } from '../passphrase.ts';
import { UsageError } from '../usage-error.ts';
import { addPresentationCommands } from './presentation.ts';

/** A credential is at most 24 KiB, a third more as text. */
export const maxCredentialFileBytes = 65_536;
/** An offer is a link or a small JSON object. */
const maxOfferBytes = 16_384;
const maxTxCodeBytes = 256;

interface RequestOptions extends HomeOptions {
  readonly out?: string;
  readonly txCodeFile?: string;
}

export function addCredentialCommands(program: Command): void {
  const credential = program.command('credential').description('your Verified Human credential');

  addPresentationCommands(credential);

  addHomeOptions(
    credential
      .command('request')
      .description(
        'collect the credential that an issuer offers, or write a request for one without a service',
      ),
  )
    .argument(
      '[offer]',
      'the offer: its openid-credential-offer link, or a file with it; - reads standard input',
    )
    .option('--tx-code-file <file>', 'read the transaction code of the offer from this file')
    .option('--out <file>', 'without an offer: write a request that an issuer can answer to this file')
    .action(async (offer: string | undefined, options: RequestOptions) => {
      if (offer !== undefined) return collect(offer, options);
      if (options.out === undefined) throw new UsageError('give an offer, or --out FILE for a request');
      const facts = asFacts(await onAgent(options, 'credential.request'));
      writeOutput(options.out, String(facts['request']));
      outputOf(options).result({ written: options.out });
    });

  addHomeOptions(credential.command('import').description('check and keep a credential issued to you'))
    .argument('<file>', 'the credential; - reads standard input')
    .action(async (file: string, options: HomeOptions) => {
      const params = { credential: readInput(file, maxCredentialFileBytes) };
      outputOf(options).result(asFacts(await onAgent(options, 'credential.import', params)));
    });

  addHomeOptions(
    credential.command('export').description('write it to a file: for a backup, or for another verifier'),
  )
    .requiredOption('--out <file>', 'write it to this file')
    .action(async (options: HomeOptions & { readonly out: string }) => {
      const facts = asFacts(await onAgent(options, 'credential.export'));
      writeOutput(options.out, String(facts['credential']), 0o600);
      outputOf(options).result({ written: options.out });
    });

  addHomeOptions(credential.command('show').description('show what it says')).action(
    async (options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'credential.show'))),
  );

  addHomeOptions(
    credential
      .command('verify')
      .description('check it now, its revocation included; or a credential of any format in a file'),
  )
    .argument('[file]', 'another credential: in armor, a JWT or an SD-JWT; - reads standard input')
    .action(async (file: string | undefined, options: HomeOptions) => {
      const params = file === undefined ? {} : { credential: readInput(file, maxCredentialFileBytes) };
      const report = asFacts(await onAgent(options, 'credential.verify', params));
      outputOf(options).result(report);
      if (report['ok'] === true) return;
      throw new WotError('NOT_VERIFIED', `the credential does not pass: ${String(report['reason'])}`, {
        hint: 'Ask its issuer for another.',
      });
    });
}

async function collect(reference: string, options: RequestOptions): Promise<void> {
  const offer = offerText(reference);
  const facts = asFacts(await onAgent(options, 'credential.offer', { offer }));
  const wanted = facts['txCode'] as { readonly length: number | null; readonly description: string } | null;
  const txCode = wanted === null ? null : await readTxCode(options, wanted);
  outputOf(options).result(asFacts(await onAgent(options, 'credential.collect', { offer, txCode })));
}

/** A link that only refers to the offer may stand on the command line; one with the code inside may not. */
function offerText(reference: string): string {
  if (reference === '-' || existsSync(reference)) return readInput(reference, maxOfferBytes);
  if (/[?&]credential_offer=/.test(reference) || reference.trimStart().startsWith('{')) {
    throw new UsageError(
      'this offer contains its code, which others can see on a command line: put it in a file',
    );
  }
  return reference;
}

async function readTxCode(
  options: RequestOptions,
  wanted: { readonly length: number | null; readonly description: string },
): Promise<string> {
  if (options.txCodeFile !== undefined) return readInput(options.txCodeFile, maxTxCodeBytes).trim();
  if (!process.stdin.isTTY) {
    throw new UsageError(
      'this offer needs its transaction code: give --tx-code-file FILE, or run on a terminal',
    );
  }
  const length = wanted.length === null ? '' : ` (${wanted.length} characters)`;
  return askSecretly(`Transaction code${length}: `);
}
