import type { Command } from 'commander';
import { readInput } from '../files.ts';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts, asRows } from '../operations.ts';
import type { Facts } from '../output.ts';
import { ask } from '../passphrase.ts';
import { UsageError } from '../usage-error.ts';

/** A trusted-issuer file is 5 KB: a DID, two public keys and an origin. */
const maxIssuerFileBytes = 65_536;

interface AddOptions extends HomeOptions {
  readonly fingerprint?: string;
}

export function addTrustCommands(program: Command): void {
  const trust = program.command('trust').description('whose Verified Human credentials this agent accepts');

  addHomeOptions(trust.command('add').description('trust an issuer'))
    .argument('<file or url>', 'the issuer’s public file, or the address of its service')
    .option('--fingerprint <hex>', 'with an address: the fingerprint that the issuer has told you')
    .action(async (reference: string, options: AddOptions) => {
      const issuer = /^https?:/i.test(reference)
        ? await confirmed(reference, options)
        : readInput(reference, maxIssuerFileBytes);
      outputOf(options).result(asFacts(await onAgent(options, 'trust.add', { issuer })));
    });

  addHomeOptions(trust.command('list').description('show the trusted issuers')).action(
    async (options: HomeOptions) =>
      outputOf(options).table(
        asRows(await onAgent(options, 'trust.list')),
        'No issuer is trusted: wotid trust add FILE.',
      ),
  );

  addHomeOptions(trust.command('update').description('ask an issuer now whether its keys have changed'))
    .argument('<did>', 'the issuer’s DID')
    .action(async (did: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'trust.update', { did }))),
    );

  addHomeOptions(trust.command('remove').description('trust an issuer no longer'))
    .argument('<did>', 'the issuer’s DID')
    .action(async (did: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'trust.remove', { did }))),
    );
}

/** What comes over the network is pinned only when a person has compared its fingerprint. */
async function confirmed(url: string, options: AddOptions): Promise<string> {
  const found: Facts = asFacts(await onAgent(options, 'trust.fetch', { url }));
  const fingerprint = String(found['fingerprint']);
  const document = String(found['document']);
  if (options.fingerprint !== undefined) {
    if (plain(options.fingerprint) === fingerprint) return document;
    throw new UsageError(`the issuer at ${url} has another fingerprint: ${grouped(fingerprint)}`);
  }
  if (!process.stdin.isTTY) {
    throw new UsageError(
      `compare the fingerprint with the one the issuer has told you, and give it with --fingerprint: ${fingerprint}`,
    );
  }
  process.stderr.write(`${String(found['did'])}\nFingerprint: ${grouped(fingerprint)}\n`);
  const answer = await ask('Is this what the issuer has told you by another way? Type yes: ');
  if (answer.trim() === 'yes') return document;
  throw new UsageError('not trusted');
}

const plain = (fingerprint: string): string => fingerprint.replace(/[\s:]/g, '').toLowerCase();
const grouped = (fingerprint: string): string => fingerprint.replace(/.{8}(?=.)/g, '$& ');
