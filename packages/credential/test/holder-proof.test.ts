import { generateKeyPairSync } from 'node:crypto';
import { createJWT, EdDSASigner, ES256Signer } from 'did-jwt';
import { describe, expect, it } from 'vitest';
import { IdentityKeys, identityFingerprint, type IdentityBlock } from '@wotid/crypto';
import { parseStrictJson } from '../src/strict-json.ts';
import {
  createHolderProof,
  didJwkOf,
  didJwkOfKey,
  ed25519Jwk,
  holderProofType,
  maxHolderProofBytes,
  mlDsa87Jwk,
  verifyHolderProof,
  type VerifyHolderProofInit,
} from '../src/index.ts';
import { nowMs, provider, resolver } from './people.ts';

const audience = 'https://issuer.example';
const nonce = 'wKI4LT17ac15ES9bw8ac4';
const keys = IdentityKeys.generate(provider);
const blockOf = (of: IdentityKeys, did = didJwkOf(of.ed25519.publicKey)): IdentityBlock => ({
  did,
  ik: of.ik.publicKey,
  ed25519: of.ed25519.publicKey,
  mlDsa87: of.mlDsa87.publicKey,
  falcon1024: null,
});
const block = blockOf(keys);
const kid = `${block.did}#0`;
const init = { provider, resolver, audience, nowMs };
const make = (change: Partial<Parameters<typeof createHolderProof>[0]> = {}): string =>
  createHolderProof({ provider, keys, block, kid, audience, nonce, nowMs, ...change });

const part = (text: string, at: number): Record<string, unknown> =>
  parseStrictJson(Buffer.from(text.split('.')[at] ?? '', 'base64url'), { maxBytes: 20_000, maxDepth: 4 });

/** A proof with chosen header and payload, signed by the holder's real Ed25519 key. */
function forge(header: object | string, payload: object, by: IdentityKeys = keys): string {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const input = [text, JSON.stringify(payload)]
    .map((one) => Buffer.from(one).toString('base64url'))
    .join('.');
  return `${input}.${Buffer.from(provider.sign(by.ed25519, Buffer.from(input))).toString('base64url')}`;
}
const header = { alg: 'EdDSA', kid, typ: holderProofType };
const payload = { aud: audience, iat: nowMs / 1_000, nonce };

async function expectRefused(
  proof: string,
  reason: RegExp,
  change: Partial<VerifyHolderProofInit> = {},
): Promise<void> {
  await expect(verifyHolderProof(proof, { ...init, ...change })).rejects.toMatchObject({
    code: 'BAD_PROOF',
    message: expect.stringMatching(reason) as string,
  });
}

describe('a holder’s proof of possession', () => {
  it('shows the DID, the key and the identity block that all answered the nonce', async () => {
    expect(make().length).toBeLessThan(maxHolderProofBytes);
    expect(await verifyHolderProof(make(), init)).toEqual({
      did: block.did,
      holderJwk: ed25519Jwk(block.ed25519),
      nonce,
      identity: {
        block: {
          ...block,
          ...Object.fromEntries(
            Object.entries(block).map(([name, value]) => [
              name,
              value instanceof Uint8Array ? Uint8Array.from(value) : value,
            ]),
          ),
        },
        idFp: identityFingerprint(provider, block),
      },
    });
  });

  it('with a Falcon key in the block still fits', async () => {
    const withFalcon = IdentityKeys.generate(provider, { falcon: true });
    const falcon1024 = withFalcon.falcon1024?.publicKey ?? null;
    const long = { ...blockOf(withFalcon), falcon1024 };
    const proof = make({ keys: withFalcon, block: long, kid: `${long.did}#0` });
    expect(proof.length).toBeLessThan(maxHolderProofBytes);
    expect((await verifyHolderProof(proof, init)).identity?.idFp).toEqual(
      identityFingerprint(provider, long),
    );
  });

  it('of a wallet that is not of wot.id has a DID and a key: Ed25519 or P-256, by kid or jwk', async () => {
    const ed = generateKeyPairSync('ed25519');
    const seed = Buffer.from(String(ed.privateKey.export({ format: 'jwk' }).d), 'base64url');
    const { x } = ed.publicKey.export({ format: 'jwk' });
    const edDid = didJwkOf(Buffer.from(String(x), 'base64url'));
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ecJwk = ec.publicKey.export({ format: 'jwk' });
    const ecDid = didJwkOfKey({ crv: 'P-256', kty: 'EC', x: String(ecJwk.x), y: String(ecJwk.y) });
    const ecSeed = Buffer.from(String(ec.privateKey.export({ format: 'jwk' }).d), 'base64url');
    const wallets = [
      [edDid, 'EdDSA', EdDSASigner(seed), { crv: 'Ed25519', kty: 'OKP', x }],
      [ecDid, 'ES256', ES256Signer(ecSeed), { crv: 'P-256', kty: 'EC', x: ecJwk.x, y: ecJwk.y }],
    ] as const;
    for (const [did, alg, signer, jwk] of wallets) {
      for (const by of [{ kid: `${did}#0` }, { jwk }]) {
        const proof = await createJWT(payload, { issuer: did, signer, alg }, {
          typ: holderProofType,
          ...by,
        } as never);
        expect(await verifyHolderProof(proof, init)).toEqual({ did, nonce, identity: null, holderJwk: jwk });
      }
    }
  });

  it('is good for 300 s on both sides of its time, and not one more', async () => {
    for (const offsetMs of [-300_000, 300_000]) {
      await expect(verifyHolderProof(make(), { ...init, nowMs: nowMs + offsetMs })).resolves.toBeDefined();
    }
    for (const offsetMs of [-301_000, 301_000, 300_001]) {
      await expectRefused(make(), /too far from our clock/, { nowMs: nowMs + offsetMs });
    }
  });

  it.each<[string, RegExp, object | string, object]>([
    ['no signature algorithm', /its alg is none/, { ...header, alg: 'none' }, payload],
    ['an algorithm in other case', /its alg is none/, { ...header, alg: 'eddsa' }, payload],
    ['a shared secret’s algorithm', /its alg is none/, { ...header, alg: 'HS256' }, payload],
    ['the algorithm of another key', /does not fit/, { ...header, alg: 'ES256' }, payload],
    ['a post-quantum algorithm', /its alg is none/, { ...header, alg: 'ML-DSA-87' }, payload],
    ['another type', /its typ/, { ...header, typ: 'JWT' }, payload],
    ['no type', /its typ/, { alg: 'EdDSA', kid }, payload],
    ['no key', /exactly one of kid and jwk/, { alg: 'EdDSA', typ: holderProofType }, payload],
    ['two keys', /exactly one of kid and jwk/, { ...header, jwk: ed25519Jwk(block.ed25519) }, payload],
    ['a kid that is a DID', /DID URL/, { ...header, kid: block.did }, payload],
    ['a kid behind a path', /DID URL/, { ...header, kid: `${block.did}/a#0` }, payload],
    ['a kid behind a query', /DID URL/, { ...header, kid: `${block.did}?a#0` }, payload],
    [
      'a kid of a longer DID',
      /did of the holder|DID of the holder/,
      { ...header, kid: `${block.did}x#0` },
      payload,
    ],
    [
      'a kid of another key of the DID',
      /no authentication key/,
      { ...header, kid: `${block.did}#00` },
      payload,
    ],
    [
      'a private key',
      /private key/,
      { alg: 'EdDSA', typ: holderProofType, jwk: { ...ed25519Jwk(block.ed25519), d: 'AAAA' } },
      payload,
    ],
    [
      'an AKP key',
      /does not fit/,
      { alg: 'EdDSA', typ: holderProofType, jwk: { kty: 'AKP', pub: 'AAAA' } },
      payload,
    ],
    [
      'a member twice',
      /twice/,
      `{"alg":"none","alg":"EdDSA","kid":"${kid}","typ":"${holderProofType}"}`,
      payload,
    ],
    ['a critical extension', /crit|nested/, { ...header, crit: ['exp'] }, payload],
    ['a certificate', /x5c|nested/, { ...header, x5c: ['AAAA'] }, payload],
    ['another audience', /audience/, header, { ...payload, aud: 'https://issuer.example.org' }],
    ['two audiences', /audience/, header, { ...payload, aud: [audience, 'https://other.example'] }],
    ['no audience', /audience/, header, { iat: payload.iat, nonce }],
    ['no nonce', /nonce/, header, { ...payload, nonce: undefined }],
    ['a nonce that is no text', /nonce/, header, { ...payload, nonce: 7 }],
    ['no time', /iat/, header, { ...payload, iat: undefined }],
    ['a time in milliseconds', /too far/, header, { ...payload, iat: nowMs }],
    ['half of an identity', /not base64url/, header, { ...payload, 'wot.id/block': 'AAAA' }],
    [
      'garbage as identity',
      /cannot be used/,
      header,
      { ...payload, 'wot.id/block': 'AAAA', 'wot.id/proof': 'AAAA' },
    ],
  ])('is refused with %s', async (_name, reason, changedHeader, changedPayload) => {
    await expectRefused(forge(changedHeader, changedPayload), reason);
  });

  it('is refused when somebody else signed, or when anything was changed afterwards', async () => {
    await expectRefused(forge(header, payload, IdentityKeys.generate(provider)), /does not verify/);
    const [head = '', , signature = ''] = make().split('.');
    const other = Buffer.from(JSON.stringify({ ...part(make(), 1), nonce: 'other' })).toString('base64url');
    await expectRefused(`${head}.${other}.${signature}`, /does not verify/);
    await expectRefused(make().slice(0, -1), /base64url|verify/);
    await expectRefused('x'.repeat(maxHolderProofBytes + 1), /longer/);
    await expectRefused('..', /no signature/);
  });

  it('does not let one person’s identity block be claimed by another', async () => {
    const mallory = IdentityKeys.generate(provider);
    const real = part(make(), 1);
    const theirs = { ...header, kid: `${didJwkOf(mallory.ed25519.publicKey)}#0` };
    await expectRefused(forge(theirs, real, mallory), /another DID/);
    // Her DID in a block with somebody else's Diffie-Hellman key, signed by her own keys, is her own affair; somebody
    // else's signature under it is not.
    const mixed = {
      ...real,
      'wot.id/block': part(make({ keys: mallory, block: blockOf(mallory), kid: theirs.kid }), 1)[
        'wot.id/block'
      ],
    };
    await expectRefused(forge(theirs, mixed, mallory), /did not sign/);
    // A block under her DID that names the victim's signing key.
    const stolen = blockOf(keys, blockOf(mallory).did);
    await expectRefused(forge(theirs, part(make({ block: stolen }), 1), mallory), /another Ed25519 key/);
  });

  it('binds the identity’s signature to audience, nonce and time', async () => {
    for (const change of [{ nonce: 'an older nonce' }, { nowMs: nowMs - 60_000 }]) {
      const old = part(make(change), 1);
      await expectRefused(
        forge(header, {
          ...payload,
          'wot.id/block': old['wot.id/block'],
          'wot.id/proof': old['wot.id/proof'],
        }),
        /did not sign/,
      );
    }
    const elsewhere = part(make({ audience: 'https://other.example' }), 1);
    await expectRefused(forge(header, { ...elsewhere, aud: audience }), /did not sign/);
  });

  it('takes no post-quantum key without its algorithm from a DID document', async () => {
    const answer = await resolver.resolve(block.did);
    const { alg: _, ...akp } = mlDsa87Jwk(block.mlDsa87);
    const method = { ...answer.didDocument?.verificationMethod?.[0], publicKeyJwk: akp };
    const document = { ...answer.didDocument, verificationMethod: [method] };
    const akpResolver = { resolve: () => Promise.resolve({ ...answer, didDocument: document } as never) };
    await expectRefused(forge(header, payload), /does not fit/, { resolver: akpResolver });
  });
});
