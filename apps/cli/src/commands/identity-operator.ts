/** Commands of an identity service's operators: they ask the running service through its administration API. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readInput, writeOutput } from '../files.ts';
import { addOutputOptions, outputOf } from '../home-command.ts';
import { formatTime, type Facts, type Output } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { addServiceHomeOption } from './identity.ts';

interface OperatorOptions {
  readonly home: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

interface DecisionOptions extends OperatorOptions {
  readonly human: string;
  readonly method: string;
  readonly evidence: string;
  readonly days?: string;
  readonly txCodeOut?: string;
}

/** What identifies a human: a line of text. */
const maxHumanBytes = 2_000;
const maxTokenBytes = 200;

export function addOperatorCommands(identity: Command): void {
  const evidenceOptions = (command: Command): Command =>
    command
      .requiredOption(
        '--human <file>',
        'file (- for standard input) with what identifies the human, always in the same way; kept as a keyed hash',
      )
      .requiredOption(
        '--evidence <text>',
        'how you verified that this is a human, such as "met in person, passport seen"',
      )
      .option('--method <name>', 'the kind of verification', 'in-person')
      .option('--days <n>', 'how long the credential is valid (default: 365)')
      .option('--tx-code-out <file>', 'write the transaction code to this file instead of showing it');

  evidenceOptions(
    operatorCommand(identity, 'invite', 'approve a credential for a human whom you have verified'),
  ).action(async (options: DecisionOptions) => {
    await showOffer(options, await ask(options, 'POST', '/admin/invitations', decisionOf(options)));
  });

  operatorCommand(identity, 'applications', 'show who has applied for a credential').action(
    async (options: OperatorOptions) => {
      const { applications } = await ask(options, 'GET', '/admin/applications');
      showRows(outputOf(options), applications, 'Nobody waits.');
    },
  );

  evidenceOptions(
    operatorCommand(identity, 'approve', 'approve an application of a human whom you have verified'),
  )
    .argument('<id>', 'the application')
    .action(async (id: string, options: DecisionOptions) => {
      const path = `/admin/applications/${encodeURIComponent(id)}/approve`;
      await showOffer(options, await ask(options, 'POST', path, decisionOf(options)));
    });

  operatorCommand(identity, 'reject', 'reject an application')
    .argument('<id>', 'the application')
    .action(async (id: string, options: OperatorOptions) => {
      await ask(options, 'POST', `/admin/applications/${encodeURIComponent(id)}/reject`);
      outputOf(options).result({ rejected: id });
    });

  operatorCommand(identity, 'credentials', 'show issued credentials, newest first')
    .option('--subject <did>', 'of this DID alone')
    .action(async (options: OperatorOptions & { readonly subject?: string }) => {
      const query = new URLSearchParams(options.subject === undefined ? {} : { subject: options.subject });
      for (let isFirst = true; ; isFirst = false) {
        const { credentials } = await ask(options, 'GET', `/admin/credentials?${query.toString()}`);
        const page = credentials as (Facts & { readonly id: string; readonly issuedAtMs: number })[];
        const last = page.at(-1);
        if (last === undefined && !isFirst) return;
        showRows(outputOf(options), page, 'Nothing was issued.');
        if (last === undefined) return;
        query.set('before', String(last.issuedAtMs));
        query.set('beforeId', last.id);
      }
    });

  operatorCommand(identity, 'revoke', 'revoke a credential in all its formats, for good')
    .argument('<id>', 'the credential (urn:uuid:…)')
    .requiredOption('--reason <text>', 'for the log; no personal data')
    .action(async (id: string, options: OperatorOptions & { readonly reason: string }) => {
      const path = `/admin/credentials/${encodeURIComponent(id)}/revoke`;
      const { revoked } = await ask(options, 'POST', path, { reason: options.reason });
      outputOf(options).result({ credential: id, revoked });
    });

  const keys = operatorCommand(identity, 'keys', 'show the issuer’s sets of keys, newest first');
  keys.action(async (options: OperatorOptions) => {
    const { sets } = await ask(options, 'GET', '/admin/keys');
    showRows(outputOf(options), sets, 'There are none.');
  });

  operatorCommand(keys, 'rotate', 'make new keys; what the old ones have signed stays good').action(
    async (options: OperatorOptions) => {
      const output = outputOf(options);
      output.result(await ask(options, 'POST', '/admin/keys/rotate'));
      output.progress('Who trusts you already follows by itself; tell others the new fingerprint.');
    },
  );

  operatorCommand(keys, 'retire', 'end a former set of keys: what it has signed is not believed any more')
    .argument('<number>', 'the set')
    .requiredOption('--reason <text>', 'for the log')
    .action(async (number: string, options: OperatorOptions & { readonly reason: string }) => {
      if (!/^[1-9]\d{0,6}$/.test(number)) {
        throw new UsageError('give the number of a set: wotid identity keys shows them');
      }
      const output = outputOf(options);
      output.result(await ask(options, 'POST', `/admin/keys/${number}/retire`, { reason: options.reason }));
      output.progress(
        'Issue anew to those who have a credential of this set; tell newcomers the new fingerprint.',
      );
    });

  operatorCommand(identity, 'audit', 'show what operators did').action(async (options: OperatorOptions) => {
    const output = outputOf(options);
    for (let after = 0; ;) {
      const { entries } = await ask(options, 'GET', `/admin/audit?after=${after}`);
      const page = entries as (Facts & { readonly number: number })[];
      if (page.length === 0) return;
      showRows(output, page, '');
      after = page.at(-1)?.number ?? after;
    }
  });

  operatorCommand(identity, 'operator', 'make one more operator')
    .argument('<name>', 'lower-case letters, digits, dots, dashes')
    .requiredOption('--out <file>', 'write the operator’s token to this file')
    .action(async (name: string, options: OperatorOptions & { readonly out: string }) => {
      const { token } = await ask(options, 'POST', '/admin/operators', { name });
      writeOutput(options.out, String(token), 0o600);
      outputOf(options).result({ operator: name, tokenFile: options.out });
    });
}

function operatorCommand(identity: Command, name: string, description: string): Command {
  return addServiceHomeOption(addOutputOptions(identity.command(name).description(description)))
    .option('--url <url>', 'the service (default: the one that runs in the folder)')
    .option('--token-file <file>', 'your operator’s token (default: that of the folder)');
}

function decisionOf(options: DecisionOptions): object {
  const days = options.days === undefined ? undefined : Number(options.days);
  if (days !== undefined && !Number.isInteger(days)) throw new UsageError('--days is a whole number');
  return {
    human: readInput(options.human, maxHumanBytes).trim(),
    evidence: [{ method: options.method, policy: options.evidence }],
    ...(days !== undefined && { validForDays: days }),
  };
}

async function showOffer(options: DecisionOptions, made: Facts): Promise<void> {
  const output = outputOf(options);
  const { txCode, ...offer } = made;
  if (options.txCodeOut !== undefined) writeOutput(options.txCodeOut, String(txCode), 0o600);
  output.result({
    ...(output.json ? offer : forPeople(offer)),
    ...(options.txCodeOut === undefined ? { txCode } : { txCodeFile: options.txCodeOut }),
  });
  if (output.json) return;
  const { renderUnicodeCompact } = await import('uqr');
  output.progress(renderUnicodeCompact(String(offer['offer'])));
  output.progress('Give the human the link or the QR code, and the transaction code by another way.');
}

function showRows(output: Output, rows: unknown, emptyText: string): void {
  output.table(output.json ? (rows as Facts[]) : (rows as Facts[]).map(forPeople), emptyText);
}

/** Times as dates; programs get them as the service says them. */
function forPeople(facts: Facts): Facts {
  const entries = Object.entries(facts).map(([name, value]): [string, unknown] => {
    if (!/^at|At/.test(name) || !name.endsWith('Ms')) return [name, value];
    return [name.slice(0, -2), value === null ? null : formatTime(value)];
  });
  return Object.fromEntries(entries);
}

async function isPrivate(url: string): Promise<boolean> {
  const { isLoopbackUrl } = await import('@wotid/credential');
  return URL.parse(url)?.protocol === 'https:' || isLoopbackUrl(url);
}

/** Calls the administration API. @throws UsageError when no service or token is known; WotError of the API's problem */
async function ask(options: OperatorOptions, method: string, path: string, body?: object): Promise<Facts> {
  const { openServiceHome } = await import('../identity-home.ts');
  const home = openServiceHome(resolve(options.home));
  const url = options.url ?? home.url();
  if (options.url !== undefined && !(await isPrivate(options.url))) {
    throw new UsageError(
      '--url is https, or http on this machine: your token and what you send would be read on the way',
    );
  }
  if (url === undefined) {
    throw new UsageError(
      'no service runs in this folder: start it with wotid identity, or name one with --url',
    );
  }
  const token = readInput(options.tokenFile ?? home.tokenFile, maxTokenBytes).trim();
  const { askService } = await import('../service-client.ts');
  return askService({ url, path, method, token, ...(body !== undefined && { body }) });
}
