/** Credentials of every format before our verifier: what the policy takes, and what somebody could try. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createIssuer,
  createLocalSigner,
  credentialFormats,
  ed25519Jwk,
  policyOfLevel,
  presentSdJwt,
  verifyCredential,
  type CredentialFailureCode,
  type CredentialFormat,
  type VerifyCredentialInit,
} from '../src/index.ts';
import {
  authority,
  dayMs,
  expectations,
  holder,
  holderKey,
  nowMs,
  provider,
  request,
  stranger,
} from './people.ts';

const classical = { policy: policyOfLevel[2] };
const { did } = authority.issuer;
const singles = credentialFormats.filter((format) => format !== 'wotid_hybrid');
const content = { ...request, holderJwk: { ...ed25519Jwk(holder.ed25519) } };
const issued = new Map<CredentialFormat, Uint8Array>();
for (const format of credentialFormats) {
  issued.set(format, (await authority.issuer.issueCredential(format, content)).bytes);
}
const bytesOf = (format: CredentialFormat): Uint8Array => issued.get(format) ?? new Uint8Array();
const textOf = (format: CredentialFormat): string => Buffer.from(bytesOf(format)).toString();

async function codeOf(
  bytes: Uint8Array | string,
  change: Partial<VerifyCredentialInit> = classical,
): Promise<string> {
  const verdict = await verifyCredential(Buffer.from(bytes), { ...expectations, ...change });
  return verdict.ok ? 'accepted' : verdict.code;
}

async function expectRefused(
  text: string,
  code: CredentialFailureCode,
  reason: RegExp,
  change: Partial<VerifyCredentialInit> = classical,
): Promise<void> {
  const verdict = await verifyCredential(Buffer.from(text), { ...expectations, ...change });
  expect(verdict).toMatchObject({ ok: false, code, reason: expect.stringMatching(reason) as string });
}

/** A compact JWS with chosen header and payload, signed by the issuer's real Ed25519 key. */
function sign(header: unknown, payload: unknown, by = authority): string {
  const input = [header, payload]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${Buffer.from(provider.sign(by.ed25519, Buffer.from(input))).toString('base64url')}`;
}

type Members = Record<string, unknown>;
const part = (jwt: string, at: number): Members =>
  JSON.parse(Buffer.from(jwt.split('.')[at] ?? '', 'base64url').toString()) as Members;

describe('the policy', () => {
  it('of level 3 takes the two-leg form alone, that of levels 1 and 2 any', async () => {
    for (const format of credentialFormats) {
      expect(await codeOf(bytesOf(format), {})).toBe(format === 'wotid_hybrid' ? 'accepted' : 'MALFORMED');
      expect(await codeOf(bytesOf(format), { policy: policyOfLevel[3] })).toBe(
        await codeOf(bytesOf(format), {}),
      );
      for (const level of [1, 2] as const) {
        const verdict = await verifyCredential(bytesOf(format), {
          ...expectations,
          policy: policyOfLevel[level],
        });
        expect(verdict).toMatchObject({ ok: true, format, claims: { subject: holder.did } });
        expect(verdict.passed.includes('postQuantumSignature')).toBe(format === 'wotid_hybrid');
      }
    }
  });

  it('decides by what is presented: the EdDSA leg of a hybrid is a VC 1.1 and no more', async () => {
    const leg = textOf('jwt_vc_json');
    expect(
      await codeOf(leg, { policy: { formats: new Set(['wotid_hybrid']), algorithms: new Set(['EdDSA']) } }),
    ).toBe('MALFORMED');
    expect(await codeOf(leg, { policy: { formats: new Set(['jwt_vc_json']), algorithms: new Set() } })).toBe(
      'MALFORMED',
    );
  });

  it('lets nobody be believed at level 3 whose post-quantum key is not pinned', async () => {
    const trustedIssuers = [{ ...authority.issuer.trustedIssuer, mlDsa87: null }];
    expect(await codeOf(bytesOf('wotid_hybrid'), { trustedIssuers })).toBe('SIG');
    for (const format of singles) {
      expect(await codeOf(bytesOf(format), { ...classical, trustedIssuers })).toBe('accepted');
    }
    const keyless = [{ ...authority.issuer.trustedIssuer, ed25519: null }];
    for (const format of credentialFormats) {
      expect(await codeOf(bytesOf(format), { ...classical, trustedIssuers: keyless })).toBe('SIG');
    }
  });
});

describe.each(singles)('%s', (format) => {
  const text = textOf(format);
  const jwt = text.split('~')[0] ?? '';
  const rest = text.slice(jwt.length);
  const header = part(jwt, 0);
  const payload = part(jwt, 1);

  it('is bound to its holder, its issuer, its dates and its type as any other', async () => {
    expect(await codeOf(text, { ...classical, expectedSubject: did })).toBe('SUBJECT');
    expect(await codeOf(text, { ...classical, idFp: new Uint8Array(32) })).toBe('DID_KEY_MISMATCH');
    expect(await codeOf(text, { ...classical, trustedIssuers: [stranger.pinned] })).toBe('ISSUER');
    for (const [offsetMs, code] of [
      [-300_000, 'accepted'],
      [-301_000, 'EXPIRED'],
      [90 * dayMs + 299_000, 'accepted'],
      [90 * dayMs + 301_000, 'EXPIRED'],
    ] as const) {
      expect(await codeOf(text, { ...classical, nowMs: nowMs + offsetMs })).toBe(code);
    }
    const { idFp: _, ...unbound } = content;
    const { bytes } = await authority.issuer.issueCredential(format, unbound);
    expect(await codeOf(bytes)).toBe('DID_KEY_MISMATCH');
    const otherType =
      format === 'dc+sd-jwt'
        ? { ...payload, vct: 'https://wot.id/other' }
        : format === 'vc+jwt'
          ? { ...payload, type: ['VerifiableCredential'] }
          : { ...payload, vc: { ...(payload['vc'] as Members), type: ['VerifiableCredential'] } };
    expect(await codeOf(sign(header, otherType) + rest)).toBe('TYPE');
  });

  it.each<[string, RegExp, Members | string]>([
    ['algorithm none', /algorithm/, { alg: 'none' }],
    ['algorithm none in other case', /algorithm/, { alg: 'NONE' }],
    ['a shared secret’s algorithm', /algorithm/, { alg: 'HS256' }],
    ['another curve', /algorithm/, { alg: 'ES256' }],
    ['the post-quantum algorithm', /algorithm/, { alg: 'ML-DSA-87' }],
    ['the composite algorithm', /wrong length/, { alg: 'id-MLDSA65-Ed25519' }],
    ['no kid', /kid/, { kid: undefined }],
    ['the kid of a DID that starts like the issuer', /kid/, { kid: `${did}x#0` }],
    ['the kid behind a path', /kid/, { kid: `${did}/x#0` }],
    ['the kid behind a query', /kid/, { kid: `${did}?x#0` }],
    ['a key in the header', /jwk|nested/, { jwk: {} }],
    ['a certificate by URL', /x5u/, { x5u: 'https://evil.example' }],
    ['a critical extension', /crit|nested/, { crit: ['b64'], b64: false }],
    ['a nested token', /nested/, { cty: 'JWT' }],
    ['the type of a key binding', /typ/, { typ: 'kb+jwt' }],
  ])('is refused with %s', async (_name, reason, change) => {
    await expectRefused(sign({ ...header, ...(change as Members) }, payload) + rest, 'MALFORMED', reason);
  });

  it('is refused with a kid that its issuer’s document does not name', async () => {
    await expectRefused(sign({ ...header, kid: `${did}#1` }, payload) + rest, 'SIG', /kid is not a key/);
  });

  it('is refused when somebody else signed it, or a member stands in it twice', async () => {
    await expectRefused(sign(header, payload, stranger) + rest, 'SIG', /pinned key/);
    const twice = JSON.stringify(payload).replace('{', '{"iss":"did:web:a",');
    await expectRefused(sign(header, twice) + rest, 'MALFORMED', /twice/);
    await expectRefused(`${jwt.split('.').slice(0, 2).join('.')}.${rest}`, 'MALFORMED', /no signature/);
    await expectRefused(sign(header, { ...payload, aud: 'x' }) + rest, 'MALFORMED', /aud/);
  });

  it('is refused with any byte changed or missing, and over its size, without throwing', async () => {
    const bytes = bytesOf(format);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ mask;
        expect(await codeOf(changed)).not.toBe('accepted');
        const cut = Buffer.from(bytes.subarray(0, at)).toString();
        // Cut at a tilde an SD-JWT is whole: it then shows less.
        if (!cut.endsWith('~')) expect(await codeOf(cut)).not.toBe('accepted');
      }),
      { numRuns: 150 },
    );
    await expectRefused(`${text}${'A'.repeat(25_000)}`, 'MALFORMED', /limit/);
  });
});

describe('a VC 2.0', () => {
  const text = textOf('vc+jwt');
  const [header, payload] = [part(text, 0), part(text, 1)];
  it.each<[string, RegExp, Members]>([
    ['a vc claim', /no vc/, { vc: {} }],
    ['the context of version 1', /context/, { '@context': ['https://www.w3.org/2018/credentials/v1'] }],
    [
      'its context not first',
      /context/,
      { '@context': ['https://a.example', 'https://www.w3.org/ns/credentials/v2'] },
    ],
    ['another issuer outside', /iss contradicts/, { iss: stranger.issuer.did }],
    ['another subject outside', /sub contradicts/, { sub: stranger.issuer.did }],
    ['another id outside', /jti contradicts/, { jti: 'urn:uuid:0' }],
    ['no end', /validUntil/, { validUntil: undefined }],
    ['a date without a time zone', /validFrom/, { validFrom: '2026-03-01T12:00:00' }],
    ['two subjects', /not an object/, { credentialSubject: [{ id: holder.did }, { id: did }] }],
  ])('is refused with %s', async (_name, reason, change) => {
    await expectRefused(sign(header, { ...payload, ...change }), 'MALFORMED', reason);
  });

  it('ends with its signature or with what it says, whichever is first', async () => {
    const later = { ...classical, nowMs: nowMs + 10 * dayMs };
    expect(await codeOf(sign(header, payload), later)).toBe('accepted');
    expect(await codeOf(sign(header, { ...payload, exp: nowMs / 1_000 + 86_400 }), later)).toBe('EXPIRED');
    expect(await codeOf(sign(header, { ...payload, exp: nowMs / 1_000 + 10 ** 9 }), later)).toBe('accepted');
  });
});

describe('an SD-JWT VC', () => {
  const text = textOf('dc+sd-jwt');
  const [jwt = '', ...disclosures] = text.split('~').slice(0, -1);
  const [header, payload] = [part(jwt, 0), part(jwt, 1)];
  const disclosure = (...parts: unknown[]): string =>
    Buffer.from(JSON.stringify(parts)).toString('base64url');
  const digest = (of: string): string => createHash('sha256').update(of).digest('base64url');
  const withHidden = (hidden: string[], change: Members = {}): string =>
    [sign(header, { ...payload, ...change, _sd: [...(payload['_sd'] as string[]), ...hidden.map(digest)] })]
      .concat(disclosures, hidden, '')
      .join('~');
  const binding = {
    audience: 'https://verifier.example',
    nonce: 'a-nonce',
    nowMs,
    sign: async (bytes: Uint8Array) => provider.sign(holderKey, bytes),
  };
  const bound: Partial<VerifyCredentialInit> = {
    ...classical,
    idFp: null,
    keyBinding: { audience: binding.audience, nonce: binding.nonce },
  };

  it.each<[string, RegExp, string]>([
    [
      'a disclosure that the issuer did not sign',
      /did not sign/,
      `${text}${disclosure('salt', 'admin', true)}~`,
    ],
    ['a disclosure twice', /did not sign/, `${text}${disclosures[0]}~`],
    ['a hidden claim over a visible one', /visible/, withHidden([disclosure('salt', 'evidence', [])])],
    ['a hidden expiry', /visible/, withHidden([disclosure('salt', 'exp', 9_999_999_999)])],
    ['a hidden digest list', /visible/, withHidden([disclosure('salt', '_sd', [])])],
    ['a hidden prototype', /visible|JSON/, withHidden([disclosure('salt', '__proto__', { x: 1 })])],
    ['an array element in an object’s place', /array element/, withHidden([disclosure('salt', 'x')])],
    [
      'a disclosure that is no array',
      /not an array/,
      withHidden([Buffer.from('{"a":1}').toString('base64url')]),
    ],
    ['a disclosure that is no JSON', /not JSON/, withHidden([Buffer.from('[1').toString('base64url')])],
    [
      'a disclosure that closes the array',
      /not JSON/,
      withHidden([Buffer.from('["s","a",1]},{"b":[2').toString('base64url')]),
    ],
    ['a disclosure without salt', /salt/, withHidden([disclosure(1, 'x', 2)])],
    ['a huge disclosure', /too long/, withHidden([disclosure('salt', 'x', 'y'.repeat(4_000))])],
    [
      'too many disclosures',
      /more than 32/,
      withHidden(Array.from({ length: 33 }, (_, at) => disclosure('s', `x${at}`, at))),
    ],
    [
      'a digest twice',
      /twice/,
      [sign(header, { ...payload, again: { _sd: payload['_sd'] } }), ...disclosures, ''].join('~'),
    ],
    ['digests that are no texts', /not a text/, [sign(header, { ...payload, _sd: [1] }), ''].join('~')],
    [
      'another hash',
      /sha-256/,
      [sign(header, { ...payload, _sd_alg: 'sha-512' }), ...disclosures, ''].join('~'),
    ],
    [
      'a digest among members',
      /like a digest/,
      [sign(header, { ...payload, x: { '...': 'y' } }), ...disclosures, ''].join('~'),
    ],
  ])('is refused with %s', async (_name, reason, changed) => {
    await expectRefused(changed, 'MALFORMED', reason);
  });

  it('takes claims of its issuer’s own and digests that hide nothing', async () => {
    expect(await codeOf(withHidden([disclosure('salt', 'nickname', 'A')]))).toBe('accepted');
    const decoy = { ...payload, _sd: [...(payload['_sd'] as string[]), digest('nothing')] };
    expect(await codeOf([sign(header, decoy), ...disclosures, ''].join('~'))).toBe('accepted');
  });

  it('can be shown in part, and proven to one verifier once', async () => {
    const shown = await presentSdJwt(provider, text, { subject: true, evidence: 'none' }, binding);
    const verdict = await verifyCredential(Buffer.from(shown), { ...expectations, ...bound });
    expect(verdict).toMatchObject({ ok: true, claims: { subject: holder.did, evidence: [] } });
    const wrong = (keyBinding: object): Partial<VerifyCredentialInit> => ({
      ...bound,
      keyBinding: { audience: binding.audience, nonce: binding.nonce, ...keyBinding },
    });
    await expectRefused(
      shown,
      'DID_KEY_MISMATCH',
      /another audience/,
      wrong({ audience: 'https://verifier.example.org' }),
    );
    await expectRefused(shown, 'DID_KEY_MISMATCH', /another nonce/, wrong({ nonce: 'b' }));
    for (const [offsetMs, code] of [
      [300_000, 'accepted'],
      [-300_000, 'accepted'],
      [301_000, 'DID_KEY_MISMATCH'],
      [-301_000, 'EXPIRED,DID_KEY_MISMATCH'],
    ] as const) {
      expect(code).toContain(await codeOf(shown, { ...bound, nowMs: nowMs + offsetMs }));
    }
    await expectRefused(text, 'DID_KEY_MISMATCH', /did not prove/, bound);
    // The proof is over exactly what is shown.
    const kb = shown.slice(shown.lastIndexOf('~') + 1);
    await expectRefused(`${text}${kb}`, 'DID_KEY_MISMATCH', /another presentation/, bound);
    const stolen = await presentSdJwt(
      provider,
      text,
      { subject: true, evidence: 'none' },
      {
        ...binding,
        sign: async (bytes) => provider.sign(stranger.ed25519, bytes),
      },
    );
    await expectRefused(stolen, 'DID_KEY_MISMATCH', /not signed by the holder/, bound);
    await expectRefused(`${text}garbage`, 'DID_KEY_MISMATCH', /cannot be used/, bound);
    await expectRefused(
      `${text}${sign({ alg: 'EdDSA', typ: 'JWT' }, {})}`,
      'DID_KEY_MISMATCH',
      /kb\+jwt/,
      bound,
    );
  });

  it('needs one way or the other to know its holder', async () => {
    await expect(
      verifyCredential(Buffer.from(text), { ...expectations, ...classical, idFp: null }),
    ).rejects.toThrow(/neither/);
  });
});

describe('an issuer of another DID method', () => {
  it('signs every format with the key ids of its document', async () => {
    const web = 'did:web:issuer.example';
    const signer = createLocalSigner({
      provider,
      ...authority,
      did: web,
      ed25519KeyId: `${web}#key-1`,
      mlDsa87KeyId: `${web}#key-2`,
    });
    const issuer = createIssuer({ provider, signer });
    const answer = await expectations.resolver.resolve(did);
    const document: unknown = JSON.parse(
      JSON.stringify(answer.didDocument).replaceAll(`${did}#0`, `${web}#key-1`).replaceAll(did, web),
    );
    const resolver = { resolve: () => Promise.resolve({ ...answer, didDocument: document } as never) };
    for (const format of credentialFormats) {
      const { bytes } = await issuer.issueCredential(format, content);
      const trustedIssuers = [issuer.trustedIssuer];
      expect(await codeOf(bytes, { ...classical, resolver, trustedIssuers })).toBe('accepted');
    }
  });
});
