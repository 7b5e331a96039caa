/** Both ways with `@iota/identity-wasm`, unmodified: it verifies what we issue, we verify what it issues. */
import {
  CoreDocument,
  Credential,
  CredentialV2,
  Duration,
  EdDSAJwsVerifier,
  EnvelopedVc,
  FailFast,
  IotaDocument,
  JwkMemStore,
  JwkPqMemStore,
  JwsSignatureOptions,
  Jwt,
  JwtCredentialValidationOptions,
  JwtCredentialValidator,
  JwtVcV2,
  KeyIdMemStore,
  MethodScope,
  Storage,
  Timestamp,
  type ICredential,
} from '@iota/identity-wasm/node/index.js';
import { describe, expect, it } from 'vitest';
import {
  compositeAlgorithm,
  ed25519Jwk,
  encodeTrustedIssuer,
  parseCompositeJwk,
  parseEd25519Jwk,
  parseTrustedIssuer,
  policyOfLevel,
  verifyCredential,
  type TrustedIssuer,
  type VerifyCredentialInit,
} from '../src/index.ts';
import { authority, dayMs, holder, nowMs, provider, request, resolver } from './people.ts';

const holderJwk = { ...ed25519Jwk(holder.ed25519) };
const cnf = { 'wot.id/idFp': Buffer.from(holder.idFp).toString('base64url') };
const verifiedHuman = {
  context: 'https://wot.id/credentials/verified-human/v1',
  type: ['VerifiedHumanCredential'],
  evidence: [{ id: 'urn:x:1', type: ['HumanVerification'], method: 'in-person', policy: 'passport seen' }],
};

/** The library's post-quantum store hands memory of the WASM module to noble, which may grow it meanwhile. */
class CopyingStore extends JwkPqMemStore {
  override signPQ(...[keyId, data, ...rest]: Parameters<JwkPqMemStore['signPQ']>): Promise<Uint8Array> {
    const [publicKey, ctx] = rest;
    return super.signPQ(
      keyId,
      Uint8Array.from(data),
      publicKey,
      ctx === undefined ? ctx : Uint8Array.from(ctx),
    );
  }
}

describe('identity-wasm verifies', async () => {
  const { didDocument } = await resolver.resolve(authority.issuer.did);
  const document = CoreDocument.fromJSON(didDocument);
  const options = new JwtCredentialValidationOptions({
    earliestExpiryDate: Timestamp.parse('2026-03-02T00:00:00Z'),
    latestIssuanceDate: Timestamp.parse('2026-03-01T12:00:00Z'),
  });
  const validator = new JwtCredentialValidator(new EdDSAJwsVerifier());

  it('our VC 1.1, and refuses it when changed', async () => {
    const { credential } = await authority.issuer.issueCredential('jwt_vc_json', { ...request, holderJwk });
    const decoded = validator.validate(new Jwt(String(credential)), document, options, FailFast.FirstError);
    const read = decoded.intoCredential();
    expect(read.issuer()).toBe(authority.issuer.did);
    expect(read.type()).toContain('VerifiedHumanCredential');
    const { didDocument: other } = await resolver.resolve(holder.did);
    const stranger = CoreDocument.fromJSON({ ...other, id: authority.issuer.did } as never);
    expect(() =>
      validator.validate(new Jwt(String(credential)), stranger, options, FailFast.FirstError),
    ).toThrow();
  });

  it('our VC 2.0', async () => {
    const { credential } = await authority.issuer.issueCredential('vc+jwt', { ...request, holderJwk });
    const jwt = JwtVcV2.fromEnvelopedVc(new EnvelopedVc(`data:application/vc+jwt,${String(credential)}`));
    const decoded = validator.validateV2(jwt, document, options, FailFast.FirstError);
    expect(JSON.stringify(decoded.intoCredential().toJSON())).toContain(holder.did);
  });
});

describe('we verify', async () => {
  const storage = new Storage(new CopyingStore(), new KeyIdMemStore());
  const plainStorage = new Storage(new JwkMemStore(), new KeyIdMemStore());
  const iota = new IotaDocument('iota');
  const did = iota.id().toString();
  const scope = (): MethodScope => MethodScope.AssertionMethod();
  const hybridKey = await iota.generateMethodHybrid(storage, compositeAlgorithm as never, '#hybrid', scope());
  const plainKey = await iota.generateMethod(plainStorage, 'Ed25519', 'EdDSA' as never, '#plain', scope());
  const { doc } = iota.toJSON() as { doc: { assertionMethod: Record<string, unknown>[] } };
  const methodOf = (fragment: string): Record<string, unknown> =>
    doc.assertionMethod.find(({ id }) => id === `${did}#${fragment}`) ?? {};
  const pinned: TrustedIssuer = {
    did,
    ed25519: parseEd25519Jwk(methodOf('plain')['publicKeyJwk'] as never),
    mlDsa87: null,
    composite: parseCompositeJwk(methodOf('hybrid')['compositeJwk'] as never),
    formerKeys: [],
    succession: 1,
    statusOrigin: null,
  };
  const documentResolver = {
    resolve: () =>
      Promise.resolve({ didResolutionMetadata: {}, didDocument: doc, didDocumentMetadata: {} } as never),
  };
  const base: VerifyCredentialInit = {
    provider,
    resolver: documentResolver,
    trustedIssuers: [pinned],
    expectedSubject: holder.did,
    idFp: holder.idFp,
    nowMs,
  };
  const both = {
    formats: policyOfLevel[2].formats,
    algorithms: new Set(['EdDSA', compositeAlgorithm] as const),
  };
  const times = {
    issuanceDate: Timestamp.parse('2026-03-01T12:00:00Z'),
    expirationDate: Timestamp.parse('2026-03-01T12:00:00Z').checkedAdd(Duration.days(30)),
  };
  const credential = new Credential({
    ...verifiedHuman,
    ...times,
    id: 'urn:uuid:1b0a8a4c-0000-4000-8000-000000000001',
    issuer: did,
    credentialSubject: { id: holder.did },
  } as unknown as ICredential);
  const options = (): JwsSignatureOptions => new JwsSignatureOptions();
  const hybrid = (
    await iota.createCredentialJwtHybrid(storage, hybridKey, credential, options(), { cnf })
  ).toString();
  const codeOf = async (jwt: string, change: Partial<VerifyCredentialInit>): Promise<string> => {
    const verdict = await verifyCredential(Buffer.from(jwt), { ...base, ...change });
    return verdict.ok ? verdict.format : `${verdict.code}: ${verdict.reason}`;
  };

  it('its classical VC 1.1', async () => {
    const jwt = await iota.createCredentialJwt(plainStorage, plainKey, credential, options(), { cnf });
    expect(await codeOf(jwt.toString(), { policy: policyOfLevel[2] })).toBe('jwt_vc_json');
    expect(await codeOf(jwt.toString(), { policy: policyOfLevel[3] })).toMatch(/MALFORMED.*not taken/);
    const later = nowMs + 31 * dayMs;
    expect(await codeOf(jwt.toString(), { policy: policyOfLevel[2], nowMs: later })).toMatch(/EXPIRED/);
  });

  it('its classical VC 2.0', async () => {
    const version2 = new CredentialV2({
      ...verifiedHuman,
      validFrom: times.issuanceDate,
      validUntil: times.expirationDate,
      id: 'urn:uuid:1b0a8a4c-0000-4000-8000-000000000002',
      issuer: did,
      credentialSubject: { id: holder.did, identityFingerprint: cnf['wot.id/idFp'] },
    } as never);
    const jwt = await iota.createCredentialV2Jwt(plainStorage, plainKey, version2, options());
    expect(await codeOf(jwt.toString(), { policy: policyOfLevel[1] })).toBe('vc+jwt');
  });

  it('its hybrid one, under a policy that names the algorithm, and by the keys that are pinned', async () => {
    expect(await codeOf(hybrid, { policy: both })).toBe('jwt_vc_json');
    for (const level of [1, 2, 3] as const) {
      expect(await codeOf(hybrid, { policy: policyOfLevel[level] })).toMatch(/MALFORMED.*not taken/);
    }
    const fromFile = parseTrustedIssuer(encodeTrustedIssuer(pinned));
    expect(fromFile).toEqual(pinned);
    expect(await codeOf(hybrid, { policy: both, trustedIssuers: [fromFile] })).toBe('jwt_vc_json');
    const { composite } = pinned;
    for (const change of [
      null,
      { ...composite!, mlDsa65: new Uint8Array(1_952) },
      { ...composite!, ed25519: authority.pinned.ed25519 },
    ]) {
      const trustedIssuers = [{ ...pinned, composite: change }];
      expect(await codeOf(hybrid, { policy: both, trustedIssuers })).toMatch(/SIG.*pinned/);
    }
  });

  it('both halves of its signature', async () => {
    const [head = '', payload = '', signature = ''] = hybrid.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    for (const at of [0, 63, 64, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      const jwt = `${head}.${payload}.${changed.toString('base64url')}`;
      expect(await codeOf(jwt, { policy: both })).toMatch(/SIG.*pinned/);
    }
    for (const cut of [bytes.subarray(0, 64), bytes.subarray(64)]) {
      const jwt = `${head}.${payload}.${cut.toString('base64url')}`;
      expect(await codeOf(jwt, { policy: both })).toMatch(/MALFORMED.*length/);
    }
  });

  it('that its document still names the key, with the algorithm of its post-quantum half', async () => {
    const withMethod = (change: object): Partial<VerifyCredentialInit> => {
      const assertionMethod = [{ ...methodOf('hybrid'), ...change }];
      const didDocument = { ...doc, assertionMethod };
      return {
        policy: both,
        resolver: {
          resolve: () =>
            Promise.resolve({ didResolutionMetadata: {}, didDocument, didDocumentMetadata: {} } as never),
        },
      };
    };
    const jwk = methodOf('hybrid')['compositeJwk'] as Record<string, Record<string, unknown>>;
    expect(await codeOf(hybrid, withMethod({}))).toBe('jwt_vc_json');
    expect(await codeOf(hybrid, withMethod({ id: `${did}#other` }))).toMatch(/SIG.*kid is not/);
    const { alg: _, ...withoutAlg } = jwk['pqPublicKey'] ?? {};
    expect(await codeOf(hybrid, withMethod({ compositeJwk: { ...jwk, pqPublicKey: withoutAlg } }))).toMatch(
      /SIG.*AKP/,
    );
    const other = { ...jwk['traditionalPublicKey'], x: ed25519Jwk(authority.pinned.ed25519).x };
    expect(
      await codeOf(hybrid, withMethod({ compositeJwk: { ...jwk, traditionalPublicKey: other } })),
    ).toMatch(/SIG.*another key/);
  });
});
