import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readInput, writeOutput } from '../files.ts';
import { addOutputOptions, outputOf, type HomeOptions } from '../home-command.ts';
import { readPassphrase } from '../passphrase.ts';

/** A request is an identity block and a signature: 10 KB as text. */
const maxRequestBytes = 32_768;
const dayMs = 86_400_000;

interface IssueOptions extends HomeOptions {
  readonly out: string;
  readonly days: number;
  readonly from?: Date;
  readonly evidence: string;
  readonly method: string;
}

export function addIssueCommands(program: Command): void {
  const issue = program.command('issue').description('issue Verified Human credentials');

  addIssuerOptions(issue.command('setup').description('create an issuer: a DID and Ed25519 + ML-DSA-87 keys'))
    .requiredOption('--out <file>', 'write the public file that others trust (wotid trust add)')
    .action(async (options: HomeOptions & { readonly out: string }) => {
      const { encodeTrustedIssuer } = await import('@wotid/credential');
      const { createIssuerHome } = await import('../issuer-home.ts');
      const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: true });
      const { issuer } = await createIssuerHome(resolve(options.home), passphrase);
      writeOutput(options.out, encodeTrustedIssuer(issuer.trustedIssuer));
      outputOf(options).result({ did: issuer.did, keys: ['Ed25519', 'ML-DSA-87'], trustFile: options.out });
    });

  addIssuerOptions(issue.command('credential').description('issue a credential to the holder of a request'))
    .argument('<request>', 'the holder’s request (wotid credential request)')
    .requiredOption(
      '--evidence <text>',
      'how you verified that this is a human, such as "met in person, passport seen"',
    )
    .requiredOption('--out <file>', 'write the credential to this file')
    .option('--method <name>', 'the kind of verification', 'operator-attestation')
    .option('--days <n>', 'how long it is valid', parseDays, 365)
    .option('--from <date>', 'the first day of validity (default: now)', parseDate)
    .action(async (requestFile: string, options: IssueOptions) => {
      const request = readInput(requestFile, maxRequestBytes);
      const { armor, armorLabels, parseCredentialRequest } = await import('@wotid/agent');
      const { identityFingerprint, NodeProvider } = await import('@wotid/crypto');
      const { openIssuerHome, registerIssued } = await import('../issuer-home.ts');
      const passphrase = await readPassphrase({ file: options.passphraseFile, confirm: false });
      const home = await openIssuerHome(resolve(options.home), passphrase);
      const provider = new NodeProvider();
      const holder = parseCredentialRequest(provider, request, Date.now());
      const { bytes: credential } = await home.issuer.issueCredential('wotid_hybrid', {
        subjectDid: holder.did,
        idFp: identityFingerprint(provider, holder),
        nowMs: options.from?.getTime() ?? Date.now(),
        validForMs: options.days * dayMs,
        evidence: [{ method: options.method, policy: options.evidence }],
      });
      writeOutput(options.out, armor(armorLabels.credential, credential));
      registerIssued(home, credential);
      outputOf(options).result({
        subject: holder.did,
        issuer: home.issuer.did,
        bytes: credential.length,
        written: options.out,
      });
    });
}

function addIssuerOptions(command: Command): Command {
  return addOutputOptions(command)
    .addOption(
      new Option('--home <dir>', 'the issuer’s folder')
        .default(join(homedir(), '.wotid-issuer'))
        .env('WOTID_ISSUER_HOME'),
    )
    .option(
      '--passphrase-file <file>',
      'read the passphrase from this file (or WOTID_PASSPHRASE_FILE names it)',
    );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,4}$/.test(text) || days < 1) throw new InvalidArgumentError('A number of days from 1 to 9999.');
  return days;
}

function parseDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('A date such as 2026-01-31.');
  return date;
}
