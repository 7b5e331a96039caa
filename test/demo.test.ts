/** The main job, end to end: what `npm run demo` shows is what this test asserts. */
import { expect, it } from 'vitest';
import { wotid, type Line } from './wotid.ts';

const steps = [
  ['network', { chainId: expect.stringMatching(/^[0-9a-f]{8}$/) }],
  [
    'publish',
    {
      packageId: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      identityPackage: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      digest: expect.any(String),
    },
  ],
  [
    'issuer',
    {
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      did: expect.stringMatching(/^did:jwk:/),
      keys: ['Ed25519', 'ML-DSA-87'],
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ],
  [
    'people',
    {
      alice: expect.objectContaining({ did: expect.stringMatching(/^did:iota:[0-9a-f]{8}:0x[0-9a-f]{64}$/) }),
      bob: expect.objectContaining({ did: expect.stringMatching(/^did:iota:/) }),
    },
  ],
  [
    'refused',
    { 'bob sent': { M2: 4, Terminate: 4 }, 'of bob found in them': expect.stringMatching(/^nothing/) },
  ],
  ['gate', { level: 3, suite: 1, session: expect.stringMatching(/^[0-9a-f]{32}$/) }],
  ['online', { 'alice → bob': expect.anything(), 'bob → alice': expect.anything() }],
  ['away', { deliveries: expect.anything() }],
  [
    'stranger',
    { 'bob’s prekeys in the directory': 'as on chain', route: 'mailbox', digest: expect.any(String) },
  ],
  ['back', { opened: 4, 'texts match': true, 'one-time pairs left': 63 }],
  ['replay', { 'submitted again': { copies: 2, shown: 1 }, 'both routes': { copies: 2, shown: 1 } }],
  ['resume', { 'same as before the crash': true }],
  [
    'revoked',
    {
      'bob cut her off for': 'REVOKED',
      'her next gate': 'wire code 32 · bob logged 36 VC_REVOKED',
      'her message by mailbox': 'not shown: REVOKED',
    },
  ],
] as const;

it('the demo: every step with its evidence, exit 0', { timeout: 300_000 }, async () => {
  const { code, lines, stderr } = await wotid(['demo', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(lines.map(({ step, ok }) => [step, ok])).toEqual(steps.map(([name]) => [name, true]));
  for (const [index, [, evidence]] of steps.entries()) expect(lines[index]).toMatchObject(evidence);

  const step = (name: string): Line => lines.find((line) => line['step'] === name) ?? {};
  expect(step('refused')['tries']).toMatchObject([
    { 'wire code': 32, 'bob logged': '32 VC_MALFORMED' },
    { 'wire code': 32, 'bob logged': '34 VC_ISSUER' },
    { 'wire code': 32, 'bob logged': '35 VC_EXPIRED' },
    { 'wire code': 32, 'bob logged': '38 VC_SUBJECT' },
  ]);
  for (const way of ['alice → bob', 'bob → alice'])
    expect(step('online')[way]).toMatchObject({ messages: 20 });
  const deliveries = step('away')['deliveries'] as readonly Line[];
  expect(deliveries.map(({ route }) => route)).toEqual(['mailbox', 'mailbox', 'mailbox']);
  expect(Math.max(...deliveries.map((delivery) => Number(delivery['payload bytes'])))).toBeGreaterThan(
    16_384,
  );
  expect(new Set(deliveries.map(({ object }) => object)).size).toBe(3);
  expect(Number.parseInt(String(step('back')['bob gained a message']), 10)).toBeGreaterThan(0);
  expect((step('back')['claims'] as readonly Line[]).length).toBeLessThanOrEqual(2);
  expect(step('resume')['session']).toBe(step('gate')['session']);
  for (const { ms } of lines) expect(ms).toEqual(expect.any(Number));
});
