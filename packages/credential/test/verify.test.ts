import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { verifyCredential as verifyVcJwt } from 'did-jwt-vc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  credentialChecks,
  credentialHash,
  createIssuer,
  createLocalSigner,
  encodeGeneralJws,
  encodeVcJwt,
  maxCredentialBytes,
  parseCredential,
  verifyCredential,
  type CredentialFailureCode,
  type VerifyCredentialInit,
} from '../src/index.ts';
import { encodeEnvelope } from '../src/wire.ts';
import {
  authority,
  dayMs,
  expectations,
  forge,
  good,
  holder,
  issueHybrid,
  makeIssuer,
  nowMs,
  provider,
  request,
  resolver,
  splice,
  stranger,
} from './people.ts';

async function codeOf(bytes: Uint8Array, change: Partial<VerifyCredentialInit> = {}): Promise<string> {
  const verdict = await verifyCredential(bytes, { ...expectations, ...change });
  return verdict.ok ? 'accepted' : verdict.code;
}

async function expectRefused(bytes: Uint8Array, code: CredentialFailureCode, reason?: RegExp): Promise<void> {
  const verdict = await verifyCredential(bytes, expectations);
  expect(verdict).toMatchObject({ ok: false, code });
  if (reason !== undefined) expect((verdict as { reason: string }).reason).toMatch(reason);
}

describe('a credential', () => {
  it('is issued, presented and accepted, with every check run', async () => {
    const verdict = await verifyCredential(good, expectations);
    expect(verdict).toMatchObject({
      ok: true,
      passed: credentialChecks,
      issuer: authority.issuer.trustedIssuer,
      claims: { subject: holder.did, issuer: authority.issuer.did, evidence: request.evidence, status: null },
    });
    expect(good.length).toBeLessThan(7_000);
    expect(good.length).toBeLessThan(maxCredentialBytes);
    expect(encodeEnvelope(parseCredential(good).envelope)).toEqual(good);
    expect(credentialHash(provider, good).length).toBe(32);
  });

  it('is an ordinary VC-JWT to did-jwt-vc', async () => {
    const verified = await verifyVcJwt(encodeVcJwt(parseCredential(good).envelope), resolver, {
      policies: { now: nowMs / 1_000 },
    });
    expect(verified.verified).toBe(true);
    expect(verified.signer.id).toBe(`${authority.issuer.did}#0`);
    expect(verified.verifiableCredential).toMatchObject({
      type: ['VerifiableCredential', 'VerifiedHumanCredential'],
      issuer: { id: authority.issuer.did },
      credentialSubject: { id: holder.did },
      issuanceDate: '2026-03-01T12:00:00.000Z',
      expirationDate: '2026-05-30T12:00:00.000Z',
      evidence: [{ type: ['HumanVerification'], method: 'in-person' }],
    });
  });

  it('is a general JSON JWS whose two signatures another implementation verifies', () => {
    const jws = JSON.parse(encodeGeneralJws(parseCredential(good).envelope)) as {
      payload: string;
      signatures: { protected: string; signature: string }[];
    };
    expect(jws.signatures).toHaveLength(2);
    const [classical, postQuantum] = jws.signatures.map((leg) => ({
      header: JSON.parse(Buffer.from(leg.protected, 'base64url').toString()) as unknown,
      input: Buffer.from(`${leg.protected}.${jws.payload}`),
      signature: Uint8Array.from(Buffer.from(leg.signature, 'base64url')),
    })) as unknown as [Leg, Leg];
    type Leg = { header: unknown; input: Uint8Array; signature: Uint8Array };
    const trustedIssuer = authority.pinned;
    expect(classical.header).toEqual({ alg: 'EdDSA', kid: `${trustedIssuer.did}#0`, typ: 'JWT' });
    expect(postQuantum.header).toEqual({
      alg: 'ML-DSA-87',
      kid: `${trustedIssuer.did}#ml-dsa-87`,
      typ: 'JWT',
    });
    expect(
      ed25519.verify(classical.signature, classical.input, trustedIssuer.ed25519, { zip215: false }),
    ).toBe(true);
    // RFC 9964: the context string is empty.
    expect(ml_dsa87.verify(postQuantum.signature, postQuantum.input, trustedIssuer.mlDsa87)).toBe(true);
  });

  it('signed by another ML-DSA-87 implementation is accepted', async () => {
    const { secretKey } = ml_dsa87.keygen(authority.mlDsaSeed);
    const bytes = splice((envelope) => {
      const { protectedHeader } = envelope.mlDsa87;
      const text = [protectedHeader, envelope.payload]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
      return { mlDsa87: { ...envelope.mlDsa87, signature: ml_dsa87.sign(Buffer.from(text), secretKey) } };
    });
    expect(await codeOf(bytes)).toBe('accepted');
  });
});

describe('attacks on the signatures', () => {
  const { did } = authority.issuer;

  it.each([
    ['algorithm none', { eddsaHeader: { alg: 'none', kid: `${did}#0` } }, /another algorithm/],
    [
      'a classical algorithm in the post-quantum place',
      { mlDsa87Header: { alg: 'EdDSA', kid: `${did}#1` } },
      /another algorithm/,
    ],
    [
      'a smaller parameter set',
      { mlDsa87Header: { alg: 'ML-DSA-44', kid: `${did}#1` } },
      /another algorithm/,
    ],
    ['an algorithm in other case', { eddsaHeader: { alg: 'eddsa', kid: `${did}#0` } }, /another algorithm/],
    ['no kid', { eddsaHeader: { alg: 'EdDSA' } }, /no kid/],
    [
      'the kid of another DID',
      { eddsaHeader: { alg: 'EdDSA', kid: `${stranger.issuer.did}#0` } },
      /no key of its issuer/,
    ],
    [
      'the kid of a DID that starts like the issuer',
      { mlDsa87Header: { alg: 'ML-DSA-87', kid: `${did}x#1` } },
      /no key of its issuer/,
    ],
    [
      'the kid behind a path',
      { mlDsa87Header: { alg: 'ML-DSA-87', kid: `${did}/x#1` } },
      /no key of its issuer/,
    ],
    [
      'the kid behind a query',
      { mlDsa87Header: { alg: 'ML-DSA-87', kid: `${did}?x#1` } },
      /no key of its issuer/,
    ],
    [
      'a kid without fragment',
      { mlDsa87Header: { alg: 'ML-DSA-87', kid: `${did}#` } },
      /no key of its issuer/,
    ],
    ['one key for both', { mlDsa87Header: { alg: 'ML-DSA-87', kid: `${did}#0` } }, /same key/],
    ['a key in the header', { eddsaHeader: { alg: 'EdDSA', kid: `${did}#0`, jwk: {} } }, /nested/],
    [
      'a critical extension',
      { eddsaHeader: { alg: 'EdDSA', kid: `${did}#0`, crit: ['b64'], b64: false } },
      /nested|not allowed/,
    ],
    ['a nested JWT', { eddsaHeader: { alg: 'EdDSA', kid: `${did}#0`, cty: 'JWT' } }, /not allowed/],
    ['another typ', { eddsaHeader: { alg: 'EdDSA', kid: `${did}#0`, typ: 'kb+jwt' } }, /typ/],
    ['a member twice', { eddsaHeader: `{"alg":"none","alg":"EdDSA","kid":"${did}#0"}` }, /twice/],
    [
      'a member twice, once escaped',
      { eddsaHeader: `{"\\u0061lg":"none","alg":"EdDSA","kid":"${did}#0"}` },
      /twice/,
    ],
    ['no JSON in the header', { mlDsa87Header: 'null' }, /JSON object/],
  ] as const)('refuses %s', async (_name, change, reason) => {
    await expectRefused(forge(change), 'MALFORMED', reason);
  });

  it('refuses a kid that is another key than the one that verifies', async () => {
    await expectRefused(forge({ eddsaHeader: { alg: 'EdDSA', kid: `${did}#other` } }), 'SIG', /kid is not/);
  });

  it('refuses swapped, duplicated and missing legs', async () => {
    await expectRefused(
      splice(({ eddsa, mlDsa87 }) => ({ eddsa: mlDsa87, mlDsa87: eddsa })),
      'MALFORMED',
    );
    await expectRefused(
      splice(({ eddsa }) => ({ mlDsa87: eddsa })),
      'MALFORMED',
    );
    await expectRefused(
      splice(({ mlDsa87 }) => ({ eddsa: mlDsa87 })),
      'MALFORMED',
    );
    await expectRefused(
      splice(({ mlDsa87 }) => ({ mlDsa87: { ...mlDsa87, signature: new Uint8Array() } })),
      'MALFORMED',
    );
  });

  it('refuses a third leg and any trailing byte', async () => {
    await expectRefused(Buffer.concat([good, Uint8Array.of(0)]), 'MALFORMED', /canonical/);
    await expectRefused(Buffer.concat([good, good]), 'MALFORMED');
  });

  it('refuses when only one of the two issuer keys signed', async () => {
    const other = forge(
      { payload: (claims) => ({ ...claims, iss: did }) },
      {
        ...stranger,
        issuer: authority.issuer,
      },
    );
    await expectRefused(other, 'SIG', /EdDSA/);
    const halfForged = forge({}, { ...authority, mlDsa87: stranger.mlDsa87 });
    await expectRefused(halfForged, 'SIG', /ML-DSA-87/);
    const otherHalf = forge({}, { ...authority, ed25519: stranger.ed25519 });
    await expectRefused(otherHalf, 'SIG', /EdDSA/);
  });

  it('takes the post-quantum key from the pinned issuer alone', async () => {
    const pinned = { ...authority.issuer.trustedIssuer, mlDsa87: stranger.issuer.trustedIssuer.mlDsa87 };
    expect(await codeOf(good, { trustedIssuers: [pinned] })).toBe('SIG');
    const unusable = { ...authority.issuer.trustedIssuer, ed25519: new Uint8Array(32).fill(0xff) };
    expect(await codeOf(good, { trustedIssuers: [unusable] })).toBe('SIG');
  });

  it('refuses a payload taken from another credential', async () => {
    const other = parseCredential(await issueHybrid(authority.issuer, { validForMs: dayMs }));
    await expectRefused(
      splice(() => ({ payload: other.envelope.payload })),
      'SIG',
    );
  });

  it('refuses every sampled flip of a byte, and every truncation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Uint8Array.from(good);
        changed[at] = (changed[at] as number) ^ mask;
        expect(await codeOf(changed)).not.toBe('accepted');
        expect(await codeOf(good.subarray(0, at))).toBe('MALFORMED');
      }),
      { numRuns: 300 },
    );
  });
});

describe('attacks on the payload', () => {
  const edit = (change: Record<string, unknown>) => (claims: Record<string, unknown>) => ({
    ...claims,
    ...change,
  });
  const editVc = (change: Record<string, unknown>) => (claims: Record<string, unknown>) => ({
    ...claims,
    vc: { ...(claims['vc'] as object), ...change },
  });

  it.each<[string, CredentialFailureCode, (claims: Record<string, unknown>) => unknown]>([
    ['an audience', 'MALFORMED', edit({ aud: 'did:web:elsewhere' })],
    ['no issuer', 'MALFORMED', edit({ iss: undefined })],
    ['an issuer that is no DID', 'MALFORMED', edit({ iss: 'https://issuer.example' })],
    ['an issuer with a fragment', 'MALFORMED', edit({ iss: `${authority.issuer.did}#0` })],
    ['a DID of 256 bytes', 'MALFORMED', edit({ sub: `did:web:${'a'.repeat(248)}` })],
    ['no id', 'MALFORMED', edit({ jti: '' })],
    ['a date in milliseconds', 'MALFORMED', edit({ exp: nowMs * 2 })],
    ['a fractional date', 'MALFORMED', edit({ nbf: 1.5 })],
    ['a date as text', 'MALFORMED', edit({ exp: '9999999999' })],
    ['no expiry', 'MALFORMED', edit({ exp: undefined })],
    ['an expiry before its start', 'MALFORMED', edit({ exp: 1_000 })],
    ['no confirmation', 'MALFORMED', edit({ cnf: undefined })],
    [
      'a fingerprint with padding',
      'MALFORMED',
      edit({ cnf: { 'wot.id/idFp': `${Buffer.from(holder.idFp).toString('base64url')}=` } }),
    ],
    ['a short fingerprint', 'MALFORMED', edit({ cnf: { 'wot.id/idFp': 'AAAA' } })],
    ['two subjects', 'MALFORMED', editVc({ credentialSubject: { id: stranger.issuer.did } })],
    ['no context', 'MALFORMED', editVc({ '@context': ['https://www.w3.org/ns/credentials/v2'] })],
    ['no evidence', 'MALFORMED', editVc({ evidence: [] })],
    [
      'a status of another kind',
      'MALFORMED',
      editVc({ credentialStatus: { type: 'StatusList2021Entry', statusListIndex: '0' } }),
    ],
    ['another type', 'TYPE', editVc({ type: ['VerifiableCredential', 'UniversityDegreeCredential'] })],
    ['no base type', 'TYPE', editVc({ type: ['VerifiedHumanCredential'] })],
    [
      'another subject',
      'SUBJECT',
      (claims) =>
        editVc({ credentialSubject: { id: stranger.issuer.did } })(
          edit({ sub: stranger.issuer.did })(claims),
        ),
    ],
    ['another fingerprint', 'DID_KEY_MISMATCH', edit({ cnf: { 'wot.id/idFp': 'A'.repeat(43) } })],
  ])('refuses %s with %s', async (_name, code, change) => {
    await expectRefused(forge({ payload: change }), code);
  });

  it.each<[string, string, RegExp]>([
    ['no JSON', 'hello', /not JSON/],
    ['an array', '[]', /not a JSON object/],
    ['deep nesting', `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`, /deeper/],
    ['too many bytes', JSON.stringify({ a: 'x'.repeat(9_000) }), /limit/],
    ['a member twice', '{"iss":"did:web:a","iss":"did:web:b"}', /twice/],
    ['a prototype', '{"__proto__":{"iss":"did:web:a"}}', /__proto__/],
    ['a byte order mark', '\uFEFF{}', /not JSON/],
  ])('refuses %s', async (_name, text, reason) => {
    await expectRefused(forge({ rawPayload: Buffer.from(text) }), 'MALFORMED', reason);
  });

  it('refuses text that is not UTF-8 and anything over the size limit', async () => {
    await expectRefused(forge({ rawPayload: Uint8Array.of(0x7b, 0xff, 0x7d) }), 'MALFORMED', /UTF-8/);
    await expectRefused(new Uint8Array(maxCredentialBytes + 1), 'MALFORMED', /limit/);
    await expectRefused(new Uint8Array(), 'MALFORMED');
  });

  it('refuses random bytes without throwing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await codeOf(bytes)).toBe('MALFORMED');
      }),
    );
  });

  it('ignores members that it does not know', async () => {
    expect(await codeOf(forge({ payload: edit({ nonce: 'x', extra: { deep: [1] } }) }))).toBe('accepted');
  });
});

describe('dates', () => {
  const at = (offsetMs: number): Promise<string> => codeOf(good, { nowMs: nowMs + offsetMs });
  const validForMs = 90 * dayMs;

  it('has a tolerance of 300 s on both ends, and not one second more', async () => {
    expect(await at(-300_000)).toBe('accepted');
    expect(await at(-300_001)).toBe('EXPIRED');
    expect(await at(-301_000)).toBe('EXPIRED');
    expect(await at(validForMs + 299_999)).toBe('accepted');
    expect(await at(validForMs + 300_000)).toBe('EXPIRED');
    expect(await at(validForMs + 301_000)).toBe('EXPIRED');
  });

  it('follows the given tolerance, and agrees with did-jwt-vc about what it accepts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -3_000, max: 3_000 }),
        fc.nat(2_000),
        async (offsetMs, clockSkewMs) => {
          const start = await codeOf(good, { nowMs: nowMs + offsetMs, clockSkewMs });
          expect(start).toBe(offsetMs + clockSkewMs >= 0 ? 'accepted' : 'EXPIRED');
          const end = await codeOf(good, { nowMs: nowMs + validForMs + offsetMs, clockSkewMs });
          expect(end).toBe(offsetMs - clockSkewMs < 0 ? 'accepted' : 'EXPIRED');
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses one issued in the future', async () => {
    const later = forge({ payload: (claims) => ({ ...claims, iat: nowMs / 1_000 + 301 }) });
    await expectRefused(later, 'EXPIRED', /not valid yet/);
  });
});

describe('the issuer', () => {
  it('has to be trusted, and trust in one is not trust in another', async () => {
    const foreign = await issueHybrid(stranger.issuer);
    expect(await codeOf(foreign)).toBe('ISSUER');
    expect(await codeOf(good, { trustedIssuers: [] })).toBe('ISSUER');
    const trustedIssuers = [stranger.issuer.trustedIssuer, authority.issuer.trustedIssuer];
    expect(await codeOf(foreign, { trustedIssuers })).toBe('accepted');
  });

  it('is asked for only after everything that needs no network has passed', async () => {
    const asked: string[] = [];
    const counting = { resolve: (did: string) => (asked.push(did), resolver.resolve(did)) };
    await codeOf(await issueHybrid(stranger.issuer), { resolver: counting });
    await codeOf(good, { resolver: counting, nowMs: 0 });
    await codeOf(
      splice(({ eddsa }) => ({ eddsa: { ...eddsa, signature: new Uint8Array(64) } })),
      { resolver: counting },
    );
    expect(asked).toEqual([]);
    await codeOf(good, { resolver: counting });
    expect(asked).toEqual([authority.issuer.did]);
  });

  it('whose DID does not resolve, is another, or is deactivated counts as unresolved', async () => {
    const result = await resolver.resolve(authority.issuer.did);
    const answers = {
      missing: { ...result, didDocument: null },
      error: { ...result, didResolutionMetadata: { error: 'notFound' } },
      other: await resolver.resolve(stranger.issuer.did),
      deactivated: { ...result, didDocumentMetadata: { deactivated: true } },
    };
    for (const answer of Object.values(answers)) {
      expect(await codeOf(good, { resolver: { resolve: () => Promise.resolve(answer) } })).toBe(
        'DID_UNRESOLVED',
      );
    }
    expect(await codeOf(good, { resolver: { resolve: () => Promise.reject(new Error('offline')) } })).toBe(
      'DID_UNRESOLVED',
    );
    const hanging = { resolve: () => new Promise<never>(() => {}) };
    expect(await codeOf(good, { resolver: hanging, signal: AbortSignal.abort() })).toBe('DID_UNRESOLVED');
  });

  it('that has withdrawn or replaced its key is refused', async () => {
    const { didDocument, ...rest } = await resolver.resolve(authority.issuer.did);
    const other = await resolver.resolve(stranger.issuer.did);
    const withKeys = (change: object): Partial<VerifyCredentialInit> => ({
      resolver: { resolve: () => Promise.resolve({ ...rest, didDocument: { ...didDocument!, ...change } }) },
    });
    expect(await codeOf(good, withKeys({}))).toBe('accepted');
    expect(await codeOf(good, withKeys({ assertionMethod: [] }))).toBe('SIG');
    expect(await codeOf(good, withKeys({ verificationMethod: other.didDocument!.verificationMethod }))).toBe(
      'SIG',
    );
    const replaced = {
      ...didDocument!.verificationMethod![0]!,
      publicKeyJwk: other.didDocument!.verificationMethod![0]!.publicKeyJwk!,
    };
    expect(await codeOf(good, withKeys({ verificationMethod: [replaced] }))).toBe('SIG');
    const relative = { ...didDocument!.verificationMethod![0]!, id: '#0' };
    expect(await codeOf(good, withKeys({ verificationMethod: [relative], assertionMethod: ['#0'] }))).toBe(
      'accepted',
    );
  });

  it('may live under another DID method than did:jwk', async () => {
    const keys = makeIssuer('web');
    const signer = createLocalSigner({
      provider,
      ed25519: keys.ed25519,
      mlDsa87: keys.mlDsa87,
      did: 'did:web:issuer.example',
      ed25519KeyId: 'did:web:issuer.example#key-1',
      mlDsa87KeyId: 'did:web:issuer.example#key-2',
    });
    const issuer = createIssuer({ provider, signer });
    const { didDocument, ...rest } = await resolver.resolve(keys.issuer.did);
    const text = JSON.stringify(didDocument)
      .replaceAll(`${keys.issuer.did}#0`, 'did:web:issuer.example#key-1')
      .replaceAll(keys.issuer.did, 'did:web:issuer.example');
    const answer = { ...rest, didDocument: JSON.parse(text) as typeof didDocument };
    const web = { resolve: () => Promise.resolve(answer) };
    const bytes = await issueHybrid(issuer);
    expect(await codeOf(bytes, { resolver: web, trustedIssuers: [issuer.trustedIssuer] })).toBe('accepted');
    expect(() =>
      createLocalSigner({ ...keys, provider, did: 'did:web:a', ed25519KeyId: 'did:web:ab#1' }),
    ).toThrow(/key ids/);
  });
});

describe('status', async () => {
  const { ed25519: edKey, mlDsa87 } = authority;
  const signer = createLocalSigner({ provider, ed25519: edKey, mlDsa87 });
  const issuer = createIssuer({ provider, signer, statusOrigin: 'https://id.example' });
  const status = { statusListCredential: 'https://id.example/status/1', statusListIndex: 7 };
  const listed = await issueHybrid(issuer, { status });
  const init = { trustedIssuers: [issuer.trustedIssuer] };

  it('is asked for with the entry, and fails closed', async () => {
    const seen: unknown[] = [];
    const answering = (answer: () => Promise<boolean>) => ({
      status: { isRevoked: (entry: unknown) => (seen.push(entry), answer()) },
    });
    expect(await codeOf(listed, { ...init, ...answering(() => Promise.resolve(false)) })).toBe('accepted');
    expect(seen).toEqual([status]);
    expect(await codeOf(listed, { ...init, ...answering(() => Promise.resolve(true)) })).toBe('REVOKED');
    expect(await codeOf(listed, { ...init, ...answering(() => Promise.reject(new Error('503'))) })).toBe(
      'STATUS_UNKNOWN',
    );
    expect(await codeOf(listed, init)).toBe('STATUS_UNKNOWN');
  });

  it('is never asked for outside of the pinned origin', async () => {
    const never = { status: { isRevoked: () => Promise.reject(new Error('must not be asked')) } };
    for (const statusOrigin of [null, 'https://id.example:8443', 'http://id.example']) {
      const pinned = { ...issuer.trustedIssuer, statusOrigin };
      const verdict = await verifyCredential(listed, { ...expectations, ...never, trustedIssuers: [pinned] });
      expect(verdict).toMatchObject({
        code: 'STATUS_UNKNOWN',
        wireCode: 36,
        reason: expect.stringMatching(/pinned origin/),
      });
    }
  });
});
