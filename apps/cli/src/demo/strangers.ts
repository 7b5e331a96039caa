/** The step `refused`: four strangers try bob's gate, and his side of the wire is watched before encryption. */
import { readFileSync } from 'node:fs';
import { armorLabels, unarmor } from '@wotid/agent';
import type { Facts } from '../output.ts';
import { expectThat } from './evidence.ts';
import { issueToFile, trustFile } from './issuing.ts';
import { createPerson } from './people.ts';
import type { Line } from './process.ts';
import type { Person, Stage } from './stage.ts';

interface Attempt {
  readonly name: string;
  /** Makes the credential file to show, or returns `none`. */
  readonly prepare: (stranger: Person) => Promise<string>;
  /** Name of the code that bob must log. */
  readonly expected: string;
}

/** Issuers who work with files: bob trusts the first beside the service, and nobody trusts the second. */
export const fileIssuers = ['office', 'other-office'] as const;

/** What bob's gate may send to somebody whose credential does not pass. */
const allowedMessages = ['M2', 'Terminate'];

export async function refuseStrangers(
  stage: Stage,
  bob: Person,
  alice: Person,
  tapFile: string,
): Promise<Facts> {
  const attempts: readonly Attempt[] = [
    {
      name: 'no-credential',
      prepare: () => Promise.resolve('none'),
      expected: 'VC_MALFORMED',
    },
    {
      name: 'untrusted-issuer',
      prepare: (stranger) => issueToFile(stage, 'other-office', stranger),
      expected: 'VC_ISSUER',
    },
    {
      name: 'expired',
      prepare: (stranger) => issueToFile(stage, 'office', stranger, ['--from', '2026-01-01', '--days', '1']),
      expected: 'VC_EXPIRED',
    },
    {
      name: 'stolen',
      prepare: () => Promise.resolve(alice.credentialFile),
      expected: 'VC_SUBJECT',
    },
  ];
  await stage.run(['trust', 'add', trustFile(stage, 'office'), '--home', bob.home]);
  await Promise.all(
    [alice, bob].map(({ home, credentialFile }) =>
      stage.run(['credential', 'export', '--out', credentialFile, '--home', home]),
    ),
  );
  const strangers = await Promise.all(attempts.map((attempt) => prepare(stage, attempt, bob)));
  const tries: Facts[] = [];
  // One after the other, so that each line of bob's log belongs to one attempt.
  for (const [index, attempt] of attempts.entries()) {
    const { stranger, presentation } = strangers[index] as Awaited<ReturnType<typeof prepare>>;
    tries.push(await attemptGate(stage, attempt, stranger, presentation, bob));
  }
  await Promise.all(strangers.map(({ stranger }) => stage.process(stranger.name).signal('SIGTERM')));
  return { tries, ...inspectTap(tapFile, bob) };
}

/** A stranger with an agent of their own, bob's card, and something to show. */
async function prepare(
  stage: Stage,
  attempt: Attempt,
  bob: Person,
): Promise<{ readonly stranger: Person; readonly presentation: string }> {
  const stranger = await createPerson(stage, `stranger-${attempt.name}`);
  await stage.startAgent(stranger, ['--listen', '/ip4/127.0.0.1/tcp/0']);
  const presentation = await attempt.prepare(stranger);
  await stage.run(['card', 'add', bob.cardFile, '--home', stranger.home]);
  return { stranger, presentation };
}

async function attemptGate(
  stage: Stage,
  attempt: Attempt,
  stranger: Person,
  presentation: string,
  bob: Person,
): Promise<Facts> {
  const mark = stage.process('bob').mark;
  const told = await stage.run(
    ['connect', bob.did, '--home', stranger.home, '--presentation', presentation],
    {
      mayFail: true,
    },
  );
  const logged = await stage
    .process('bob')
    .waitFor(`bob's refusal of ${attempt.name}`, (line) => line['event'] === 'refused', mark);
  const wireCode = (told.failure?.['data'] as Line | undefined)?.['wireCode'];
  expectThat(told.exitCode === 1, `${attempt.name} to be refused`, told.lines);
  expectThat(logged['name'] === attempt.expected, attempt.expected, logged);
  expectThat(wireCode === logged['wireCode'], `wire code ${String(logged['wireCode'])}`, told.failure);
  return {
    stranger: attempt.name,
    'wire code': wireCode,
    'bob logged': `${String(logged['code'])} ${String(logged['name'])}`,
  };
}

/** Reads what bob sent, before encryption, and looks for anything of his. */
function inspectTap(tapFile: string, bob: Person): Facts {
  const sent = readFileSync(tapFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Line)
    .filter((line) => line['direction'] === 'sent');
  const names = sent.map((line) => String(line['name']));
  expectThat(
    names.length > 0 && names.every((name) => allowedMessages.includes(name)),
    `only ${allowedMessages.join(' and ')}`,
    names,
  );
  const wire = sent.map((line) => String(line['plaintext'])).join('');
  const credential = unarmor(armorLabels.credential, readFileSync(bob.credentialFile, 'utf8'));
  const secrets = secretsOf(bob, credential);
  for (const [what, hex] of secrets) expectThat(!wire.includes(hex), `no byte of bob's ${what} on the wire`);
  return {
    'bob sent': names.reduce<Record<string, number>>((counts, name) => {
      return { ...counts, [name]: (counts[name] ?? 0) + 1 };
    }, {}),
    'bytes sent': sent.reduce((sum, line) => sum + Number(line['bytes']), 0),
    'of bob found in them': `nothing (DID, ${secrets.length - 1} pieces of keys and credential searched)`,
  };
}

/** Pieces of 16 bytes from everything that identifies bob: his DID, and his card's block and credential. */
function secretsOf(bob: Person, credential: Uint8Array): [string, string][] {
  const card = unarmor(armorLabels.card, readFileSync(bob.cardFile, 'utf8'));
  const pieces = (what: string, bytes: Uint8Array): [string, string][] => {
    const count = Math.floor(bytes.length / 16);
    return Array.from({ length: count }, (_, index) => [
      what,
      bytes.subarray(16 * index, 16 * index + 16).toHex(),
    ]);
  };
  return [
    ['DID', Buffer.from(bob.did, 'utf8').toString('hex')],
    // Pieces of zeros say nothing about anybody.
    ...pieces('card', card).filter(([, hex]) => !/^0+$/.test(hex)),
    ...pieces('credential', credential),
  ];
}
