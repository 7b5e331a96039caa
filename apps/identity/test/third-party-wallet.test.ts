/**
 * A wallet that nobody here wrote, `@openid4vc/openid4vci`, collects each format from a running service over HTTP, and
 * other people's libraries verify what they can of it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { clientAuthenticationAnonymous, setGlobalConfig, type SignJwtCallback } from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { verifyJWT } from 'did-jwt';
import { verifyCredential as verifyVcJwt } from 'did-jwt-vc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ed25519Jwk,
  encodeEnvelope,
  parseGeneralJws,
  parsePresented,
  type JsonObject,
} from '@wotid/credential';
import { systemClock } from '@wotid/core';
import { createIdentityService, type IdentityService } from '../src/index.ts';
import { Admin } from '../src/admin/admin.ts';
import { createEmbedded, type TestDatabase } from './databases.ts';
import { invite, nonceOf, provider, resolver, secret, signer, Wallet } from './world.ts';

let place: TestDatabase;
let service: IdentityService;
let operatorToken: string;

beforeAll(async () => {
  // The service under test listens on loopback without TLS; the library wants https otherwise.
  setGlobalConfig({ allowInsecureUrls: true });
  place = await createEmbedded();
  const database = await place.open();
  service = createIdentityService({ database, port: 0, issuer: { signer, secret } });
  await service.start();
  operatorToken = await new Admin(database, systemClock).createOperator('ada', 'test');
});
afterAll(async () => {
  await service.close();
  await place[Symbol.asyncDispose]();
});

/** The library signs through callbacks; the key is ours. */
function clientOf(wallet: Wallet): Openid4vciClient {
  const signJwt: SignJwtCallback = (_signer, { header, payload }) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part(header)}.${part(payload)}`;
    const signature = Buffer.from(provider.sign(wallet.keys.ed25519, Buffer.from(input))).toString(
      'base64url',
    );
    return { jwt: `${input}.${signature}`, signerJwk: { ...ed25519Jwk(wallet.keys.ed25519.publicKey) } };
  };
  return new Openid4vciClient({
    callbacks: {
      fetch,
      signJwt,
      hash: (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest(),
      generateRandom: (length) => randomBytes(length),
      clientAuthentication: clientAuthenticationAnonymous(),
    },
  });
}

/** Metadata, offer, token, nonce, proof, credential: each step as the library takes it. */
async function collectWith(
  wallet: Wallet,
  human: string,
  configurationId: string,
  agentProof = false,
): Promise<unknown> {
  const client = clientOf(wallet);
  const { offer, txCode } = await invite({ service, operatorToken }, human);
  const credentialOffer = await client.resolveCredentialOffer(offer);
  expect(credentialOffer.credential_configuration_ids).toContain(configurationId);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer,
    issuerMetadata,
    txCode,
  });
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const { jwt } = agentProof
    ? { jwt: wallet.proof(await nonceOf(service), Date.now(), service.publicUrl) }
    : await client.createCredentialRequestJwtProof({
        issuerMetadata,
        credentialConfigurationId: configurationId,
        nonce,
        signer: { method: 'did', didUrl: `${wallet.did}#0`, alg: 'EdDSA' },
      });
  const { credentialResponse } = await client.retrieveCredentials({
    issuerMetadata,
    accessToken: accessTokenResponse.access_token,
    credentialConfigurationId: configurationId,
    proofs: { jwt: [jwt] },
  });
  return (credentialResponse.credentials as readonly { credential: unknown }[])[0]?.credential;
}

it('collects a VC 1.1 JWT, which did-jwt-vc verifies', async () => {
  const wallet = new Wallet();
  const credential = await collectWith(wallet, 'one', 'verified_human_jwt');
  const { verifiableCredential, issuer } = await verifyVcJwt(credential as string, resolver);
  expect(issuer).toBe(signer.did);
  expect(verifiableCredential.credentialSubject['id']).toBe(wallet.did);
  expect(verifiableCredential.type).toContain('VerifiedHumanCredential');
});

it('collects a VC 2.0 JWT, which did-jwt verifies', async () => {
  const wallet = new Wallet();
  const credential = (await collectWith(wallet, 'two', 'verified_human_vc2_jwt')) as string;
  const { payload } = await verifyJWT(credential, { resolver, policies: { aud: false } });
  expect(payload).toMatchObject({ issuer: signer.did, credentialSubject: { id: wallet.did } });
  expect(JSON.parse(Buffer.from(credential.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
    typ: 'vc+jwt',
  });
});

it('collects an SD-JWT VC, which an SD-JWT library verifies', async () => {
  const wallet = new Wallet();
  const credential = (await collectWith(wallet, 'three', 'verified_human_sd_jwt')) as string;
  const issuerKey = signer.keys.find(({ alg }) => alg === 'EdDSA')?.publicKey as Uint8Array;
  const library = new SDJwtVcInstance({
    hasher: (data) => provider.sha256(typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data)),
    verifier: async (data, signature) =>
      provider.verify(
        provider.importVerifyingKey('ed25519', issuerKey),
        Buffer.from(data),
        Buffer.from(signature, 'base64url'),
      ),
    statusListFetcher: async (uri) => {
      const answer = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } });
      expect(answer.headers.get('content-type')).toBe('application/statuslist+jwt');
      return answer.text();
    },
    statusVerifier: async (data, signature) =>
      provider.verify(
        provider.importVerifyingKey('ed25519', issuerKey),
        Buffer.from(data),
        Buffer.from(signature, 'base64url'),
      ),
  });
  const { payload } = await library.verify(credential);
  expect(payload).toMatchObject({ cnf: { jwk: { x: ed25519Jwk(wallet.keys.ed25519.publicKey).x } } });
});

it('collects our hybrid form through the same library, with the proof of a whole identity', async () => {
  const wallet = new Wallet();
  const credential = await collectWith(wallet, 'four', 'verified_human_hybrid', true);
  const { claims } = parsePresented(provider, encodeEnvelope(parseGeneralJws(credential as JsonObject)));
  expect(claims.subject).toBe(wallet.did);
});
