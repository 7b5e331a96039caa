/** Each format as others read it: libraries of other people verify what we issue. */
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { verifyJWT } from 'did-jwt';
import { verifyCredential as verifyVcJwt } from 'did-jwt-vc';
import { describe, expect, it, vi } from 'vitest';
import {
  createIssuer,
  createLocalSigner,
  credentialFormats,
  ed25519Jwk,
  encodeEnvelope,
  parseCredential,
  parseGeneralJws,
  parseSdJwt,
  parseVc11Claims,
  parseVc20Claims,
  presentSdJwt,
  signTimeoutMs,
  type CredentialClaims,
  type CredentialFormat,
  type IssuedCredential,
} from '../src/index.ts';
import { authority, holder, holderKey, nowMs, provider, request, resolver } from './people.ts';

const nowSec = nowMs / 1_000;
const holderJwk = { ...ed25519Jwk(holder.ed25519) };
const status = { statusListCredential: 'https://id.example/status/1', statusListIndex: 94567 };
const issuer = createIssuer({
  provider,
  signer: createLocalSigner({ provider, ed25519: authority.ed25519, mlDsa87: authority.mlDsa87 }),
  statusOrigin: 'https://id.example',
});
const issue = (format: CredentialFormat): Promise<IssuedCredential> =>
  issuer.issueCredential(format, { ...request, holderJwk, status });
const textOf = async (format: CredentialFormat): Promise<string> => String((await issue(format)).credential);
const partsOf = (jwt: string): [Record<string, unknown>, Record<string, unknown>] =>
  jwt
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>) as never;

describe('one set of claims', () => {
  it('reads the same out of every format', async () => {
    const readers: Record<CredentialFormat, (of: IssuedCredential) => CredentialClaims> = {
      wotid_hybrid: ({ bytes }) => parseCredential(bytes).claims,
      jwt_vc_json: ({ bytes }) => parseVc11Claims(payloadOf(bytes)),
      'vc+jwt': ({ bytes }) => parseVc20Claims(payloadOf(bytes)),
      'dc+sd-jwt': ({ bytes }) => parseSdJwt(provider, Buffer.from(bytes).toString()).claims,
    };
    for (const format of credentialFormats) {
      const issued = await issue(format);
      expect(readers[format](issued)).toEqual({
        issuer: issuer.did,
        subject: holder.did,
        credentialId: issued.credentialId,
        issuedAtSec: nowSec,
        notBeforeSec: nowSec,
        expiresAtSec: nowSec + 90 * 86_400,
        idFp: Uint8Array.from(holder.idFp),
        holderJwk,
        types: ['VerifiableCredential', 'VerifiedHumanCredential'],
        evidence: request.evidence,
        status,
      });
    }
  });

  it('goes out as text, or as the JSON form of a JWS that becomes the wire form again', async () => {
    const hybrid = await issue('wotid_hybrid');
    const json = JSON.parse(JSON.stringify(hybrid.credential)) as never;
    expect(encodeEnvelope(parseGeneralJws(json))).toEqual(hybrid.bytes);
    for (const broken of [
      {},
      { ...(hybrid.credential as object), signatures: [] },
      { ...(hybrid.credential as object), payload: '=' },
    ]) {
      expect(() => parseGeneralJws(broken as never)).toThrow(/unusable credential/);
    }
    const jwt = await issue('jwt_vc_json');
    expect(Buffer.from(jwt.bytes).toString()).toBe(jwt.credential);
  });

  it('needs a fingerprint in the hybrid form, and a key or a fingerprint in all others', async () => {
    const { idFp: _, ...without } = request;
    await expect(issuer.issueCredential('wotid_hybrid', { ...without, holderJwk })).rejects.toMatchObject({
      code: 'BAD_ISSUE_REQUEST',
    });
    for (const format of credentialFormats) {
      await expect(issuer.issueCredential(format, without)).rejects.toMatchObject({
        code: 'BAD_ISSUE_REQUEST',
      });
    }
    await expect(
      issuer.issueCredential('jwt_vc_json', { ...without, holderJwk: { ...holderJwk, d: 'AAAA' } }),
    ).rejects.toMatchObject({
      code: 'BAD_ISSUE_REQUEST',
      message: expect.stringMatching(/private key/) as string,
    });
  });

  it('is not issued without the keys that the format needs', async () => {
    const { did, keys, sign } = createLocalSigner({ provider, ...authority });
    const classical = createIssuer({ provider, signer: { did, sign, keys: keys.slice(0, 1) } });
    await expect(classical.issueCredential('wotid_hybrid', request)).rejects.toMatchObject({
      code: 'NO_SIGNING_KEY',
    });
    await expect(classical.issueCredential('vc+jwt', request)).resolves.toMatchObject({ format: 'vc+jwt' });
    const silent = createIssuer({
      provider,
      signer: { did, keys, sign: () => Promise.withResolvers<Uint8Array>().promise },
    });
    vi.useFakeTimers();
    try {
      const late = silent.issueCredential('wotid_hybrid', request).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(signTimeoutMs - 1);
      expect(await Promise.race([late, 'waiting'])).toBe('waiting');
      await vi.advanceTimersByTimeAsync(1);
      expect(await late).toMatchObject({
        code: 'SIGNER_FAILED',
        cause: { message: `no answer within ${signTimeoutMs} ms` },
      });
    } finally {
      vi.useRealTimers();
    }
    const broken = createIssuer({ provider, signer: { did, keys, sign: async () => new Uint8Array(63) } });
    for (const format of credentialFormats) {
      await expect(broken.issueCredential(format, request)).rejects.toMatchObject({ code: 'NO_SIGNING_KEY' });
    }
  });
});

describe('jwt_vc_json', () => {
  it('is a VC 1.1 to did-jwt-vc', async () => {
    const jwt = await textOf('jwt_vc_json');
    const { verified, verifiableCredential } = await verifyVcJwt(jwt, resolver, {
      policies: { now: nowSec },
    });
    expect(verified).toBe(true);
    expect(verifiableCredential).toMatchObject({
      '@context': ['https://www.w3.org/2018/credentials/v1', 'https://wot.id/credentials/verified-human/v1'],
      credentialStatus: { type: 'BitstringStatusListEntry', statusListIndex: '94567' },
      credentialSchema: { type: 'JsonSchema' },
      cnf: { jwk: holderJwk },
    });
    await expect(verifyVcJwt(`${jwt.slice(0, -4)}AAAA`, resolver)).rejects.toThrow(/signature/i);
  });
});

describe('vc+jwt', () => {
  it('is a VC 2.0 whose signature did-jwt verifies', async () => {
    const jwt = await textOf('vc+jwt');
    const { verified, payload } = await verifyJWT(jwt, {
      resolver,
      proofPurpose: 'assertionMethod',
      policies: { now: nowSec },
    });
    expect(verified).toBe(true);
    const [header, claims] = partsOf(jwt);
    expect(header).toEqual({ alg: 'EdDSA', kid: `${issuer.did}#0`, typ: 'vc+jwt', cty: 'vc' });
    expect(payload).toEqual(claims);
    expect(claims).toMatchObject({
      '@context': ['https://www.w3.org/ns/credentials/v2', 'https://wot.id/credentials/verified-human/v1'],
      issuer: issuer.did,
      validFrom: '2026-03-01T12:00:00Z',
      validUntil: '2026-05-30T12:00:00Z',
    });
    expect(claims).not.toHaveProperty('vc');
  });
});

describe('dc+sd-jwt', () => {
  const library = new SDJwtVcInstance({
    hasher: (data, alg) => {
      expect(alg).toBe('sha-256');
      return provider.sha256(typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data));
    },
    verifier: async (data, signature) => {
      const { ed25519 } = authority.pinned;
      const key = provider.importVerifyingKey('ed25519', ed25519);
      return provider.verify(key, Buffer.from(data), Buffer.from(signature, 'base64url'));
    },
    kbVerifier: async (data, signature, payload) => {
      expect(payload.cnf?.jwk).toEqual(holderJwk);
      const key = provider.importVerifyingKey('ed25519', holder.ed25519);
      return provider.verify(key, Buffer.from(data), Buffer.from(signature, 'base64url'));
    },
    statusListFetcher: () => Promise.reject(new Error('the list is not asked for here')),
  });
  const keyBinding = {
    audience: 'https://verifier.example',
    nonce: 'n-0S6_WzA2Mj',
    nowMs,
    sign: async (bytes: Uint8Array) => provider.sign(holderKey, bytes),
  };
  const withoutStatus = async (): Promise<string> => {
    const issued = await issuer.issueCredential('dc+sd-jwt', { ...request, holderJwk });
    return String(issued.credential);
  };

  it('is an SD-JWT VC to its library, with nothing hidden that must be seen', async () => {
    const sdJwt = await withoutStatus();
    const [header, signed] = partsOf(sdJwt);
    expect(header).toEqual({ alg: 'EdDSA', kid: `${issuer.did}#0`, typ: 'dc+sd-jwt' });
    expect(Object.keys(signed).sort()).toEqual(
      ['_sd', '_sd_alg', 'cnf', 'evidence', 'exp', 'iat', 'iss', 'jti', 'nbf', 'vct'].sort(),
    );
    expect(JSON.stringify(signed)).not.toContain(holder.did);
    expect(JSON.stringify(signed)).not.toContain('in-person');
    const { payload } = await library.verify(sdJwt, { currentDate: nowSec });
    expect(payload).toMatchObject({ sub: holder.did, evidence: [{ method: 'in-person' }] });
  });

  it('names its status list as the Token Status List draft wants it', async () => {
    const [, signed] = partsOf(await textOf('dc+sd-jwt'));
    expect(signed['status']).toEqual({ status_list: { idx: 94567, uri: 'https://id.example/status/1' } });
  });

  it('shows what its holder wants to show, with a proof of the key that the library accepts', async () => {
    const sdJwt = await withoutStatus();
    const shown = await presentSdJwt(provider, sdJwt, { subject: true, evidence: 'methods' }, keyBinding);
    const { payload, kb } = await library.verify(shown, {
      currentDate: nowSec,
      keyBindingNonce: keyBinding.nonce,
    });
    expect(payload).toMatchObject({ sub: holder.did, evidence: [{ method: 'in-person' }] });
    expect(JSON.stringify(payload)).not.toContain('issuer.example/policy');
    expect(kb?.payload).toMatchObject({
      aud: 'https://verifier.example',
      nonce: keyBinding.nonce,
      iat: nowSec,
    });
    await expect(library.verify(shown, { currentDate: nowSec, keyBindingNonce: 'another' })).rejects.toThrow(
      /nonce/i,
    );
    const least = await presentSdJwt(provider, sdJwt, { subject: true, evidence: 'none' });
    expect(parseSdJwt(provider, least).claims).toMatchObject({ subject: holder.did, evidence: [] });
    const anonymous = await presentSdJwt(provider, sdJwt, { subject: false, evidence: 'all' });
    expect(() => parseSdJwt(provider, anonymous)).toThrow(/subject is not disclosed/);
    const { payload: faceless } = await library.verify(anonymous, { currentDate: nowSec });
    expect(faceless).not.toHaveProperty('sub');
  });
});

function payloadOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString().split('.')[1] ?? '', 'base64url');
}
