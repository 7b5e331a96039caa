/** Speed of the identity service as its clients meet it: over HTTP, from another process. */
import {
  createStatusChecker,
  encodeEnvelope,
  parseGeneralJws,
  parsePresented,
  parseTrustedIssuer,
  type Json,
} from '@wotid/credential';
import { alone, type Benchmark } from '@wotid/testkit';
import { randomContent, World } from '../../../packages/did-iota/test/network.ts';
import { claims, claimsOfTwoInstances } from './claims.ts';
import { call, collect, freshOptions, inLanes, invite, provider, startService } from './service.ts';

const ISSUES_PER_ROUND = 120;
const WALLETS = 16;
const RESOLUTIONS_PER_ROUND = 100;
const REVOCATIONS_PER_ROUND = 8;
/** Of the status lists in `revoke_to_refusal_ms`; the target is this and one second. */
const TTL_SEC = 2;
const POLL_MS = 20;

const hybrid = 'verified_human_hybrid';

/** The n-th of 100 parts of sorted numbers. */
function percentile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * part) / 100))] ?? Number.NaN;
}

/** From both codes to the hybrid credential, the wallet's own signatures included. */
const issue = alone('identity.issue_per_s', 'credentials/s', async () => {
  const service = await startService();
  return {
    n: ISSUES_PER_ROUND,
    async round() {
      const invited = await Promise.all(Array.from({ length: ISSUES_PER_ROUND }, () => invite(service)));
      const startedAt = performance.now();
      await inLanes(invited, WALLETS, async (one) => void (await collect(service.url, one, hybrid)));
      return (ISSUES_PER_ROUND * 1_000) / (performance.now() - startedAt);
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
});

/** Median of one resolution of a did:iota, one after the other, each read from a node. */
const resolve = alone('identity.resolve_ms', 'ms', async () => {
  const world = await World.start();
  const { controller } = await world.person();
  const { did } = await controller.create(randomContent());
  const { chainId, packageId } = world.network;
  const { rpcUrl } = world.net;
  const service = await startService(
    freshOptions({ network: { rpcUrl, chainId, identityPackage: packageId } }),
  );
  return {
    n: RESOLUTIONS_PER_ROUND,
    async round() {
      const times: number[] = [];
      for (let index = 0; index < RESOLUTIONS_PER_ROUND; index++) {
        const startedAt = performance.now();
        await call(`${service.url}/1.0/identifiers/${did}`);
        times.push(performance.now() - startedAt);
      }
      return percentile(times, 50);
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await world.net.stop();
    },
  };
});

/** 95th percentile from an operator's word to the first refusal by a verifier that keeps lists for their ttl. */
const revoke = alone('identity.revoke_to_refusal_ms', 'ms', async () => {
  const service = await startService(freshOptions({ statusTtlMs: TTL_SEC * 1_000 }));
  const issuer = parseTrustedIssuer(JSON.stringify(await call(`${service.url}/.well-known/wotid-issuer`)));
  const checker = createStatusChecker({ provider, allowLoopbackHttp: true });
  return {
    n: REVOCATIONS_PER_ROUND,
    async round() {
      const times = await Promise.all(
        Array.from({ length: REVOCATIONS_PER_ROUND }, async (_, index) => {
          const credential = (await collect(service.url, await invite(service), hybrid)) as Json;
          const { claims } = parsePresented(provider, encodeEnvelope(parseGeneralJws(credential)));
          const { status, credentialId } = claims;
          if (status === null) throw new Error('the credential has no status');
          const isRevoked = (): Promise<boolean> => checker.isRevoked(status, issuer, { nowMs: Date.now() });
          if (await isRevoked()) throw new Error('it was revoked from the start');
          // Spread over the life of a list.
          await new Promise((done) => setTimeout(done, (index * TTL_SEC * 1_000) / REVOCATIONS_PER_ROUND));
          const startedAt = performance.now();
          const path = `/admin/credentials/${encodeURIComponent(credentialId)}/revoke`;
          await call(`${service.url}${path}`, { token: service.token, json: { reason: 'benchmark' } });
          while (!(await isRevoked())) await new Promise((done) => setTimeout(done, POLL_MS));
          return performance.now() - startedAt;
        }),
      );
      return percentile(times, 95);
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
});

export const benchmarks: readonly Benchmark[] = [
  issue,
  resolve,
  revoke,
  claims,
  ...(claimsOfTwoInstances === null ? [] : [claimsOfTwoInstances]),
];
