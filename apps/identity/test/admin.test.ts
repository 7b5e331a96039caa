/** Operators and the two policies by which they decide, on both databases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuerHousekeeping } from '../src/issuer/housekeeping.ts';
import { maxPendingApplications } from '../src/issuer/limits.ts';
import { createApprovalQueue } from '../src/policy/approval-queue.ts';
import { describeDatabases } from './databases.ts';
import {
  ask,
  call,
  codeOf,
  createWorld,
  evidence,
  invite,
  nonceOf,
  tokenFor,
  Wallet,
  type Answer,
  type World,
} from './world.ts';

describeDatabases('administration', (create) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(create);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  const admin = (
    method: string,
    path: string,
    json?: unknown,
    token = world.operatorToken,
  ): Promise<Answer> => call(world.service, method, path, { token, ...(json !== undefined && { json }) });

  describe('operators', () => {
    it('alone may do anything', async () => {
      const { body } = await call(world.service, 'GET', '/openapi.json');
      const paths = (body as { paths: Record<string, Record<string, unknown>> }).paths;
      const guarded = Object.entries(paths).filter(([path]) => path.startsWith('/admin'));
      expect(guarded.length).toBeGreaterThan(8);
      for (const [path, methods] of guarded) {
        for (const method of Object.keys(methods)) {
          for (const token of [undefined, '', 'wotid_', `wotid_${'A'.repeat(43)}`, 'x'.repeat(500)]) {
            const answer = await call(
              world.service,
              method.toUpperCase(),
              path.replace('{id}', 'A'.repeat(22)).replace('{name}', 'ada'),
              {
                ...(token !== undefined && { token }),
                ...(method === 'post' && { json: {} }),
              },
            );
            expect([method, path, answer.status]).toEqual([method, path, 401]);
          }
        }
      }
    });

    it('are made with a token that is shown once, and end for good', async () => {
      const made = await admin('POST', '/admin/operators', { name: 'bob' });
      expect(made.status).toBe(201);
      const { token } = made.body as { token: string };
      expect((await admin('GET', '/admin/operators', undefined, token)).status).toBe(200);
      expect((await admin('POST', '/admin/operators', { name: 'bob' })).body).toMatchObject({
        code: 'OPERATOR_EXISTS',
      });
      expect((await admin('DELETE', '/admin/operators/bob')).status).toBe(204);
      expect((await admin('GET', '/admin/operators', undefined, token)).status).toBe(401);
      expect((await admin('DELETE', '/admin/operators/bob')).status).toBe(404);
      const { body } = await admin('GET', '/admin/operators');
      expect(body).toMatchObject({ operators: [{ name: 'ada', revokedAtMs: null }, { name: 'bob' }] });
      expect(JSON.stringify(body)).not.toContain(token);
    });

    it('leave a log without gaps, even when many act at once', async () => {
      const other = await world.again();
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          invite(
            { service: index % 2 === 0 ? world.service : other, operatorToken: world.operatorToken },
            `log ${index}`,
          ),
        ),
      );
      const { body } = await admin('GET', '/admin/audit');
      const { entries } = body as { entries: { number: number; operator: string; action: string }[] };
      expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => index + 1));
      expect(entries.filter(({ action }) => action === 'invitation.create').length).toBeGreaterThanOrEqual(
        10,
      );
      expect((await admin('GET', `/admin/audit?after=${entries.length}`)).body).toEqual({ entries: [] });
    });
  });

  describe('invitations', () => {
    it('can be withdrawn until a credential was issued', async () => {
      const offer = await invite(world, 'withdrawn');
      const code = await codeOf(world.service, offer.id);
      expect((await admin('DELETE', `/admin/invitations/${offer.id}`)).status).toBe(204);
      expect((await call(world.service, 'GET', `/offers/${offer.id}`)).status).toBe(404);
      expect((await call(world.service, 'GET', `/offers/${offer.id}/qr`)).status).toBe(404);
      const late = await call(world.service, 'POST', '/token', {
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:pre-authorized_code',
          'pre-authorized_code': code,
          tx_code: offer.txCode,
        },
      });
      expect(late.body).toMatchObject({ error: 'invalid_grant' });
      const used = await invite(world, 'used');
      const token = await tokenFor(world.service, used);
      expect((await admin('DELETE', `/admin/invitations/${used.id}`)).status).toBe(204);
      const proof = new Wallet().proof(await nonceOf(world.service), world.clock.nowMs());
      expect((await ask(world.service, token, proof)).status).toBe(401);
      const collected = await invite(world, 'collected');
      const wallet = new Wallet();
      const other = await tokenFor(world.service, collected);
      await ask(world.service, other, wallet.proof(await nonceOf(world.service), world.clock.nowMs()));
      expect((await admin('DELETE', `/admin/invitations/${collected.id}`)).status).toBe(404);
    });

    it('are not withdrawn while a credential is issued from them', async (context) => {
      context.skip(world.place.kind === 'embedded', 'one connection: nothing happens at the same time');
      const { id } = await invite(world, 'raced');
      const withdrawn = await world.database.transaction(async (sql) => {
        await sql.query("UPDATE offer SET state = 'redeemed' WHERE id = $1", [id]);
        const withdrawal = admin('DELETE', `/admin/invitations/${id}`);
        await expect
          .poll(() =>
            world.database.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"),
          )
          .toHaveLength(1);
        await sql.query('INSERT INTO status_list (entries) VALUES (131072)');
        await sql.query('INSERT INTO status_entry (list, index) SELECT max(id), 7 FROM status_list');
        await sql.query(
          `INSERT INTO credential (id, offer_id, format, human_hash, subject_did, status_list, status_index,
              issued_at_ms, expires_at_ms)
            SELECT 'urn:raced', $1, 'wotid_hybrid', human_hash, 'did:jwk:raced', (SELECT max(id) FROM status_list), 7, 1, 2
              FROM offer WHERE id = $1`,
          [id],
        );
        await sql.query("UPDATE offer SET subject_did = 'did:jwk:raced' WHERE id = $1", [id]);
        return { withdrawal };
      });
      expect((await withdrawn.withdrawal).status).toBe(404);
    });

    it('come as a link and a QR code that hold no secret of their own', async () => {
      const { id, offer, txCode } = await invite(world, 'QR human');
      expect(decodeURIComponent(offer)).toBe(
        `openid-credential-offer://?credential_offer_uri=https://id.example/offers/${id}`,
      );
      const qr = await world.service.app.request(`/offers/${id}/qr`);
      expect(qr.headers.get('content-type')).toBe('image/svg+xml');
      const image = await qr.text();
      expect(image).toMatch(/^<svg/);
      expect(image).not.toContain(txCode);
    });

    it('say what is wrong with them', async () => {
      for (const [json, detail] of [
        [{ evidence }, /human/],
        [{ human: 'x', evidence }, /human/],
        [{ human: 'someone', evidence: [] }, /evidence/],
        [{ human: 'someone', evidence, validForDays: 0 }, /validForDays/],
        [{ human: 'someone', evidence, validForDays: 4_000 }, /validForDays/],
        [{ human: 'someone', evidence: [{ method: 'm'.repeat(251), policy: 'p' }] }, /evidence\.0\.method/],
      ] as const) {
        const answer = await admin('POST', '/admin/invitations', json);
        expect([answer.status, answer.body]).toMatchObject([
          400,
          { code: 'BAD_REQUEST', detail: expect.stringMatching(detail) as string },
        ]);
      }
    });
  });

  describe('the approval queue', () => {
    const apply = (human: string): Promise<Answer> =>
      call(world.service, 'POST', '/applications', { json: { human, contact: 'call +31 20 1' } });
    const standing = (application: { id: string; token: string }): Promise<Answer> =>
      call(world.service, 'GET', `/applications/${application.id}`, { token: application.token });

    it('takes an application through approval to a credential', async () => {
      const application = (await apply('BE 7')).body as { id: string; token: string };
      expect((await standing(application)).body).toEqual({ state: 'pending' });
      expect((await standing({ ...application, token: 'A'.repeat(43) })).status).toBe(404);
      const { body: queue } = await admin('GET', '/admin/applications');
      expect(queue).toMatchObject({
        applications: [{ id: application.id, human: 'BE 7', contact: 'call +31 20 1' }],
      });
      const path = `/admin/applications/${application.id}/approve`;
      const decisions = await Promise.all([
        admin('POST', path, { human: 'BE 7', evidence }),
        admin('POST', path, { human: 'BE 7', evidence }),
      ]);
      expect(decisions.map(({ status }) => status).sort()).toEqual([200, 404]);
      const won = decisions.find(({ status }) => status === 200) as Answer;
      const { id, txCode, offer } = won.body as {
        id: string;
        txCode: string;
        offer: string;
      };
      expect((await standing(application)).body).toEqual({ state: 'approved', offer });
      const wallet = new Wallet();
      const token = await tokenFor(world.service, { id, txCode });
      const answer = await ask(
        world.service,
        token,
        wallet.proof(await nonceOf(world.service), world.clock.nowMs()),
      );
      expect(answer.status).toBe(200);
      expect((await admin('GET', '/admin/applications')).body).toEqual({ applications: [] });
      const [row] = await world.database.query('SELECT sealed FROM application WHERE id = $1', [
        application.id,
      ]);
      expect(row).toEqual({ sealed: null });
    });

    it('gives one human one credential, however the applicant spells them', async () => {
      world.clock.advance(3_600_000);
      const issued: string[] = [];
      for (const spelling of ['BE passport 9', 'passport BE, number 9']) {
        const application = (await apply(spelling)).body as { id: string; token: string };
        const path = `/admin/applications/${application.id}/approve`;
        expect((await admin('POST', path, { evidence })).status).toBe(400);
        const { id, txCode } = (await admin('POST', path, { human: 'BE passport 9', evidence })).body as {
          id: string;
          txCode: string;
        };
        const wallet = new Wallet();
        const token = await tokenFor(world.service, { id, txCode });
        const proof = wallet.proof(await nonceOf(world.service), world.clock.nowMs());
        expect((await ask(world.service, token, proof)).status).toBe(200);
        issued.push(wallet.did);
      }
      const standings = await Promise.all(
        issued.map(async (did) => {
          const { body } = await admin('GET', `/admin/credentials?subject=${encodeURIComponent(did)}`);
          const { credentials } = body as { credentials: { revokedAtMs: number | null }[] };
          return credentials.map(({ revokedAtMs }) => revokedAtMs !== null);
        }),
      );
      expect(standings).toEqual([[true], [false]]);
    });

    it('keeps nothing of who was rejected but a hash', async () => {
      world.clock.advance(3_600_000);
      const application = (await apply('BE 8')).body as { id: string; token: string };
      expect((await admin('POST', `/admin/applications/${application.id}/reject`)).status).toBe(204);
      expect((await standing(application)).body).toEqual({ state: 'rejected' });
      expect(
        (await admin('POST', `/admin/applications/${application.id}/approve`, { human: 'BE 8', evidence }))
          .status,
      ).toBe(404);
      const rows = await world.database.query('SELECT * FROM application WHERE sealed IS NOT NULL');
      expect(rows).toEqual([]);
    });

    it('decides once on an application, however many operators decide at the same time', async () => {
      world.clock.advance(86_400_000);
      const other = await world.again();
      for (let round = 0; round < 3; round++) {
        const application = (await apply(`DECIDE ${round}`)).body as { id: string; token: string };
        const decide = (service: World['service'], decision: string): Promise<Answer> =>
          call(service, 'POST', `/admin/applications/${application.id}/${decision}`, {
            token: world.operatorToken,
            ...(decision === 'approve' && { json: { human: `DECIDE ${round}`, evidence } }),
          });
        const answers = await Promise.all([
          decide(world.service, 'approve'),
          decide(other, 'reject'),
          decide(other, 'approve'),
          decide(world.service, 'reject'),
        ]);
        const won = answers.filter(({ status }) => status < 300);
        expect([won.length, answers.filter(({ status }) => status === 404).length]).toEqual([1, 3]);
        const { state, offer } = (await standing(application)).body as { state: string; offer?: string };
        expect([state, offer !== undefined]).toEqual(
          won[0]?.status === 200 ? ['approved', true] : ['rejected', false],
        );
        const noted = await world.database.query('SELECT action FROM audit WHERE subject = $1', [
          application.id,
        ]);
        expect(noted).toHaveLength(1);
        if (won[0]?.status !== 200) continue;
        // Withdrawn at two places at once, it is void, and that is noted once.
        const { id } = won[0].body as { id: string };
        const withdraw = (service: World['service']): Promise<Answer> =>
          call(service, 'DELETE', `/admin/invitations/${id}`, { token: world.operatorToken });
        const withdrawn = await Promise.all([withdraw(world.service), withdraw(other)]);
        expect(withdrawn.map(({ status }) => status).sort()).toEqual([204, 404]);
        expect((await call(other, 'GET', `/offers/${id}`)).status).toBe(404);
      }
    });

    it('notes who has read what applicants say of themselves', async () => {
      world.clock.advance(86_400_000);
      const read = async (): Promise<object[]> => {
        await admin('GET', '/admin/applications');
        const { body } = await admin('GET', '/admin/audit');
        const { entries } = body as { entries: { action: string }[] };
        return entries.filter(({ action }) => action === 'application.read');
      };
      for (const { run } of issuerHousekeeping(world.database, [createApprovalQueue()], {
        nowMs: () => world.clock.nowMs() + 31 * 86_400_000,
      })) {
        await run();
      }
      const before = await read();
      // Nobody waits, so nobody's data was read.
      expect(await read()).toEqual(before);
      const { id } = (await apply('XX 1')).body as { id: string };
      const after = await read();
      expect(after.slice(before.length)).toMatchObject([
        { operator: 'ada', subject: 'applications', facts: { applications: [id] } },
      ]);
      expect(JSON.stringify(after)).not.toContain('XX 1');
      const refused = await admin('GET', '/admin/applications', undefined, `wotid_${'A'.repeat(43)}`);
      expect([refused.status, (await read()).length]).toEqual([401, after.length + 1]);
    });

    it('lets one address apply five times, then after a while again', async () => {
      world.clock.advance(86_400_000);
      const statuses: number[] = [];
      for (let index = 0; index < 6; index++) statuses.push((await apply(`again ${index}`)).status);
      expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
      world.clock.advance(600_000);
      expect((await apply('again 6')).status).toBe(202);
    });

    it('is full at some point, and forgets in time', async () => {
      world.clock.advance(86_400_000);
      const nowMs = world.clock.nowMs();
      await world.database.query(
        `INSERT INTO application (id, token_hash, human_hash, sealed, created_at_ms, expires_at_ms)
          SELECT 'filler ' || n, ''::bytea, ''::bytea, ''::bytea, $1::bigint, $1::bigint + 1
          FROM generate_series(1, $2::int) AS n`,
        [nowMs, maxPendingApplications],
      );
      expect([(await apply('too many')).status]).toEqual([503]);
      world.clock.advance(1);
      for (const { run } of issuerHousekeeping(world.database, [createApprovalQueue()], world.clock))
        await run();
      expect((await apply('one more')).status).toBe(202);
    });
  });
});
