/** The step `revoked`: whose credential is taken back is cut off, not let in again, and not heard by mailbox. */
import { performance } from 'node:perf_hooks';
import type { Facts } from '../output.ts';
import type { Story } from './conversation.ts';
import { expectThat } from './evidence.ts';
import { operator, statusTtlSec } from './issuing.ts';
import type { Line } from './process.ts';
import type { Person, Stage } from './stage.ts';

export async function cutRevoked(stage: Stage, story: Story, bob: Person): Promise<Facts> {
  if (story.carol === null) throw new Error('carol has not appeared yet');
  const { person: carol, credentialId } = story.carol;
  const met = await stage.ask(['connect', bob.did, '--home', carol.home]);
  const greeting = await stage.ask(['send', bob.did, 'now we meet', '--home', carol.home]);
  expectThat(greeting['route'] === 'p2p', 'carol to be heard online', greeting);

  const agent = stage.process('bob');
  const mark = agent.mark;
  const revoked = await operator(stage, 'revoke', credentialId, '--reason', 'end of the demo');
  const revokedAt = performance.now();
  const cut = await agent.waitFor('bob to cut carol off', (line) => line['event'] === 'distrusted', mark);
  const cutMs = Math.round(performance.now() - revokedAt);
  expectThat(cut['did'] === carol.did && cut['name'] === 'REVOKED', 'carol cut off as revoked', cut);

  const told = await stage.run(['connect', bob.did, '--home', carol.home], { mayFail: true });
  const logged = await agent.waitFor('bob’s refusal of carol', (line) => line['event'] === 'refused', mark);
  const wireCode = (told.failure?.['data'] as Line | undefined)?.['wireCode'];
  expectThat(told.exitCode === 1 && logged['name'] === 'VC_REVOKED', 'carol refused as revoked', logged);

  const letter = await stage.ask(['send', bob.did, 'do you still hear me?', '--home', carol.home]);
  expectThat(letter['route'] === 'mailbox', 'the mailbox route', letter);
  const claimed = await stage.ask(['mailbox', 'claim', '--home', bob.home]);
  expectThat(claimed['opened'] === 0 && claimed['refused'] === 1, 'her message not shown', claimed);
  return {
    credential: credentialId,
    session: met['sessionId'],
    revoked: revoked['revoked'],
    'status list ttl s': statusTtlSec,
    'revoked → cut off ms': cutMs,
    'bob cut her off for': cut['name'],
    'her next gate': `wire code ${String(wireCode)} · bob logged ${String(logged['code'])} ${String(logged['name'])}`,
    'her message by mailbox': `not shown: ${String((claimed['refusals'] as readonly Line[])[0]?.['name'])}`,
  };
}
