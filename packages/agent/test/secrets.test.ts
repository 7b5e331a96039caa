/** What an agent logs, prints and throws, from its keys to its messages, tells no secret. */
import { inspect } from 'node:util';
import { utf8 } from '@wotid/core';
import { leaksIn } from '@wotid/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home } from '../src/index.ts';
import { WitnessProvider } from '../../session/test/witness.ts';
import { meet, Network, passphrase, text, type Person } from './people.ts';

const words = 'the words that nobody else may read';
let network: Network;
let alice: Person;
let bob: Person;
const witness = new WitnessProvider();

beforeAll(async () => {
  network = await Network.start();
  [alice, bob] = [await network.person({ provider: witness }), await network.person({ provider: witness })];
  await meet(alice, bob);
}, 60_000);
afterAll(() => network.stop());

/** Secrets of both homes and sessions, and what is private without being a key. */
function secretsOf(...people: Person[]): Record<string, Uint8Array> {
  const secrets: Record<string, Uint8Array> = { ...witness.secrets, passphrase: utf8(passphrase) };
  for (const [at, { home }] of people.entries()) {
    for (const name of home.vault.names()) {
      const secret = home.vault.get(name) ?? new Uint8Array();
      // The identity is a version byte and several secrets.
      const parts =
        name === 'identity' ? [1, 33, 65].map((from) => secret.subarray(from, from + 32)) : [secret];
      for (const [part, bytes] of parts.entries()) secrets[`${name} ${at}.${part}`] = bytes.slice();
    }
    secrets[`master key ${at}`] = home.vault.exportMasterKey();
    secrets[`credential ${at}`] = (home.settings.getBytes('credential') ?? new Uint8Array()).slice(8);
  }
  return secrets;
}

it('logs of a gate, messages both ways, a mailbox message, refused input, and a wrong passphrase', async () => {
  await alice.agent.send(bob.did, text(words));
  await bob.until(({ message }) => message.length > 0);
  await bob.agent.send(alice.did, text(words));
  await alice.until(({ message }) => message.length > 0);
  await bob.leave();
  await alice.agent.send(bob.did, text(words));
  await bob.back();
  expect(bob.texts.filter((one) => one === words)).toHaveLength(2);

  const secrets = secretsOf(alice, bob);
  expect(Object.keys(secrets).length).toBeGreaterThan(50);

  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  await alice.agent.credential.import('no credential').catch(note);
  await alice.agent.addContact(bob.card.replace(/[A-Z]/, 'x')).catch(note);
  await alice.agent.send('did:jwk:nobody', text(words)).catch(note);
  alice.home.close();
  await Home.open({ dir: alice.home.dir, passphrase: `${passphrase}!` }).catch(note);
  await alice.agent.close();
  alice.home = await Home.open({ dir: alice.home.dir, passphrase });
  await alice.start({ provider: witness });
  const logged = [...alice.logs, ...bob.logs].join('\n');
  expect(logged).not.toBe('');
  expect(leaksIn(logged, secrets)).toEqual([]);
  for (const hidden of [words, passphrase]) expect(logged).not.toContain(hidden);
  expect(errors).toHaveLength(4);
  for (const error of errors) {
    expect(leaksIn(error, secrets)).toEqual([]);
    expect(inspect(error)).not.toContain(words);
    expect(inspect(error)).not.toContain(passphrase);
  }
});

it('printing an agent, its home and its parts', () => {
  const { agent, home } = alice;
  const shown = {
    agent,
    home,
    wallet: agent.wallet,
    trust: agent.trust,
    mailbox: agent.mailbox,
    vault: home.vault,
  };
  const secrets = secretsOf(alice, bob);
  expect(leaksIn(shown, secrets)).toEqual([]);
  for (const rendered of [
    inspect(shown, { depth: 30, showHidden: true, getters: true }),
    JSON.stringify(home),
  ]) {
    expect(rendered).not.toContain(passphrase);
    expect(rendered).not.toContain(words);
  }
  expect(JSON.stringify(home.vault)).toBe('"Vault"');
});
