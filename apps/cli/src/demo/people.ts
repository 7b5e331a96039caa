/** The steps before anybody talks: contracts, people, their agents and cards. */
import type { Facts } from '../output.ts';
import { expectThat } from './evidence.ts';
import { inviteAndCollect, trustService } from './issuing.ts';
import type { Line } from './process.ts';
import type { Person, Stage } from './stage.ts';

/** Compiles and publishes the mailbox contract, and the identity package where IOTA has none. */
export async function publishContract(stage: Stage): Promise<Facts> {
  const home = stage.path('operator');
  await stage.run(['init', '--home', home, ...networkArgs(stage)]);
  await stage.run(['wallet', 'faucet', '--home', home, '--account', 'owner']);
  const deployed = await stage.ask(['deploy', '--home', home]);
  stage.packageId = String(deployed['packageId']);
  const identityPackageId = deployed['identityPackageId'];
  if (typeof identityPackageId === 'string') stage.identityPackageId = identityPackageId;
  return {
    packageId: deployed['packageId'],
    digest: deployed['digest'],
    gas: deployed['gas'],
    identityPackage: identityPackageId ?? 'IOTA’s own',
    identityGas: deployed['identityGas'],
  };
}

/**
 * Keys and network of a person; no money, no credential.
 * @param didMethod `jwk`: the DID is the key; `iota`: there is none before it is published
 */
export async function createPerson(
  stage: Stage,
  name: string,
  didMethod: 'iota' | 'jwk' = 'jwk',
): Promise<Person> {
  const home = stage.path(name);
  const created = await stage.ask([
    'init',
    '--home',
    home,
    '--did',
    didMethod,
    '--package',
    stage.packageId,
    ...(stage.identityPackageId === null ? [] : ['--identity-package', stage.identityPackageId]),
    // The service of the demo is on this machine, whatever network it plays on.
    '--loopback-issuers',
    ...networkArgs(stage),
  ]);
  return {
    name,
    home,
    did: String(created['did'] ?? ''),
    cardFile: stage.path(`${name}.card`),
    credentialFile: stage.path(`${name}.credential`),
  };
}

/**
 * A person with everything: a running agent, money, a DID on chain, mailbox, prekeys on chain, trust in the service's
 * issuer, a credential from it, and a place in its directory.
 * @param agentOptions of the person's agent, beside where it listens
 */
export async function createMember(
  stage: Stage,
  name: string,
  agentOptions: readonly string[] = [],
): Promise<{ person: Person; facts: Facts }> {
  const nobody = await createPerson(stage, name, 'iota');
  // With the agent running, the commands that follow ask it instead of opening the home each time.
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'];
  await stage.startAgent(nobody, [...listen, ...agentOptions]);
  await stage.run(['wallet', 'faucet', '--home', nobody.home]);
  const identity = await stage.ask(['did', 'create', '--home', nobody.home]);
  const person: Person = { ...nobody, did: String(identity['did']) };
  const { lines: mailbox } = await stage.run(['mailbox', 'create', '--home', person.home]);
  await trustService(stage, person);
  const credential = await inviteAndCollect(stage, person);
  const directory = await stage.ask(['directory', 'set', stage.service.url, '--home', person.home]);
  expectThat(directory['state'] === 'published', `${name} in the directory`, directory);
  const [mailboxLine, prekeysLine] = mailbox;
  expectThat(mailboxLine !== undefined && prekeysLine !== undefined, 'a mailbox and prekeys');
  return {
    person,
    facts: {
      did: person.did,
      didGas: (identity['created'] as Line | null)?.['gas'],
      mailbox: mailboxLine?.['mailboxId'],
      cap: mailboxLine?.['capId'],
      mailboxGas: mailboxLine?.['gas'],
      prekeysBytes: prekeysLine?.['bytes'],
      prekeysGas: prekeysLine?.['gas'],
      credential: credential['credentialId'],
      credentialBytes: credential['bytes'],
      directoryPairs: directory['pairsLeft'],
    },
  };
}

/** Writes a person's card and adds it to the contacts of others. */
export async function shareCard(stage: Stage, person: Person, others: readonly Person[]): Promise<void> {
  await stage.run(['card', 'export', '--home', person.home, '--out', person.cardFile]);
  for (const other of others) {
    await stage.run(['card', 'add', person.cardFile, '--as', person.name, '--home', other.home]);
  }
}

function networkArgs(stage: Stage): string[] {
  return ['--network', stage.network.rpcUrl, '--faucet', stage.network.faucetUrl];
}
