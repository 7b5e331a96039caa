/** Who says that somebody is human: an identity service and its operator, and issuers who work with files. */
import { writeFileSync } from 'node:fs';
import type { Facts } from '../output.ts';
import { expectThat } from './evidence.ts';
import type { Line } from './process.ts';
import type { Person, Stage } from './stage.ts';

/** Seconds that others may rely on the service's status list: short for a reader who waits for a revocation. */
export const statusTtlSec = 2;

const evidence = ['--method', 'in-person', '--evidence', 'met in person for the demo'] as const;

/** Starts an identity service: issuer, status lists, resolution of did:iota, with an embedded database. */
export async function startService(stage: Stage): Promise<Facts> {
  const identityPackage =
    stage.identityPackageId === null ? [] : ['--identity-package', stage.identityPackageId];
  const where = ['--home', serviceHome(stage), '--port', '0'];
  const chain = ['--network', stage.network.rpcUrl, '--mailbox-package', stage.packageId, ...identityPackage];
  const lists = ['--status-ttl', String(statusTtlSec)];
  const service = stage.start('identity', ['identity', ...where, ...chain, ...lists]);
  const ready = await service.waitFor('the identity service', (line) => 'operatorTokenFile' in line);
  stage.service = { url: String(ready['url']), fingerprint: String(ready['fingerprint']) };
  return {
    url: ready['url'],
    did: ready['issuer'],
    keys: ['Ed25519', 'ML-DSA-87'],
    fingerprint: ready['fingerprint'],
    'status list ttl s': statusTtlSec,
    pid: service.pid,
  };
}

/** Has a person trust the service's issuer, whose fingerprint the operator tells them. */
export async function trustService(stage: Stage, person: Person): Promise<void> {
  const { url, fingerprint } = stage.service;
  await stage.run(['trust', 'add', url, '--fingerprint', fingerprint, '--home', person.home]);
}

/**
 * The operator, who has met `person`, invites them; their wallet collects the credential with link and transaction code.
 * @returns what the credential says
 */
export async function inviteAndCollect(stage: Stage, person: Person): Promise<Line> {
  const human = stage.path(`${person.name}.human`);
  const txCode = stage.path(`${person.name}.tx-code`);
  writeFileSync(human, `${person.name} of the demo, passport ${person.name}-1\n`, { mode: 0o600 });
  const invitation = await operator(stage, 'invite', '--human', human, '--tx-code-out', txCode, ...evidence);
  const offer = String(invitation['offer']);
  const wallet = ['--tx-code-file', txCode, '--home', person.home];
  const credential = await stage.ask(['credential', 'request', offer, ...wallet]);
  const { url } = stage.service;
  expectThat(
    String(credential['statusList']).startsWith(`${url}/status/`),
    'a status list of the service',
    credential,
  );
  return credential;
}

/** Asks the running service as its first operator. */
export function operator(stage: Stage, command: string, ...args: readonly string[]): Promise<Line> {
  return stage.ask(['identity', command, ...args, '--home', serviceHome(stage)]);
}

/** Creates an issuer who works with files; `name` also names its trust file. */
export async function createFileIssuer(stage: Stage, name: string): Promise<void> {
  await stage.run(['issue', 'setup', '--home', stage.path(name), '--out', trustFile(stage, name)]);
}

export function trustFile(stage: Stage, issuer: string): string {
  return stage.path(`${issuer}.trust.json`);
}

/**
 * Has an issuer who works with files give a credential for `person`.
 * @returns the file it is in
 */
export async function issueToFile(
  stage: Stage,
  issuer: string,
  person: Person,
  extra: readonly string[] = [],
): Promise<string> {
  const request = stage.path(`${person.name}.request`);
  await stage.run(['credential', 'request', '--home', person.home, '--out', request]);
  const files = [request, '--home', stage.path(issuer), '--out', person.credentialFile];
  await stage.run(['issue', 'credential', ...files, ...evidence, ...extra]);
  return person.credentialFile;
}

function serviceHome(stage: Stage): string {
  return stage.path('service');
}
