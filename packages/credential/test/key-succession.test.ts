/** An issuer that rotates its keys, and people who pinned it: who follows, who is not fooled. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SigningKey } from '@wotid/crypto';
import { SeededRandom } from '@wotid/testkit';
import {
  createIssuer,
  createLocalSigner,
  didWebOf,
  followKeySuccession,
  issuerDocument,
  issueKeySuccession,
  issueStatusList,
  statusListMediaTypes,
  StatusBits,
  verifyCredential,
  verifyStatusList,
  type CredentialSigner,
  type FormerKeySet,
  type KeySuccessionInit,
  type SignerKey,
  type TrustedIssuer,
} from '../src/index.ts';
import { signGeneral } from '../src/general-jws.ts';
import { expectations, issueHybrid, nowMs, provider } from './people.ts';

const origin = 'https://id.example';
const did = didWebOf(origin);

interface KeySet {
  readonly signer: CredentialSigner;
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;
  readonly publicKeys: FormerKeySet;
}

function makeKeySet(number: number, seed = 'issuer'): KeySet {
  const random = new SeededRandom(`${seed} ${number}`);
  const ed25519 = provider.signFromSecret('ed25519', random.bytes(32));
  const mlDsa87 = provider.signFromSecret('ml-dsa-87', random.bytes(32));
  const signer = createLocalSigner({
    provider,
    ed25519,
    mlDsa87,
    did,
    ed25519KeyId: `${did}#ed25519-${number}`,
    mlDsa87KeyId: `${did}#ml-dsa-87-${number}`,
  });
  return {
    signer,
    ed25519,
    mlDsa87,
    publicKeys: {
      ed25519: Uint8Array.from(ed25519.publicKey),
      mlDsa87: Uint8Array.from(mlDsa87.publicKey),
    },
  };
}

const sets = [1, 2, 3, 4].map((number) => makeKeySet(number));
const [first, second, third, fourth] = sets as [KeySet, KeySet, KeySet, KeySet];
const stranger = makeKeySet(1, 'stranger');
const pinned = createIssuer({ provider, signer: first.signer, statusOrigin: origin }).trustedIssuer;
/** Successions 2, 3 and 4, each by the keys before it. */
let chain: string[];

beforeAll(async () => {
  chain = await Promise.all(
    [second, third, fourth].map((next, at) =>
      issueKeySuccession((sets[at] as KeySet).signer, {
        number: at + 2,
        nowMs,
        next: next.publicKeys,
      }),
    ),
  );
});

const follow = (issuer: TrustedIssuer, ...texts: readonly string[]): TrustedIssuer =>
  texts.reduce((known, text) => followKeySuccession(provider, text, known), issuer);
const reasonOf = (text: string, issuer: TrustedIssuer = pinned): string => {
  try {
    followKeySuccession(provider, text, issuer);
    return 'followed';
  } catch (error) {
    expect(error).toMatchObject({
      code: 'KEY_SUCCESSION',
      hint: expect.stringContaining('wotid trust add') as string,
    });
    return (error as Error).message;
  }
};
/** A signer whose document names the given sets, the first of them present. */
const signerOf = (...all: readonly KeySet[]): CredentialSigner => ({
  ...(all[0] as KeySet).signer,
  history: {
    formerKeys: all.slice(1).map(({ signer }) => signer.keys),
    succession: all.length,
    statement: async () => null,
  },
});
const check = async (by: KeySet, issuer: TrustedIssuer, document: CredentialSigner): Promise<string> => {
  const resolver = {
    resolve: async () => ({
      didDocument: issuerDocument(document),
      didDocumentMetadata: {},
      didResolutionMetadata: {},
    }),
  };
  const credential = await issueHybrid(createIssuer({ provider, signer: by.signer }));
  const verdict = await verifyCredential(credential, { ...expectations, resolver, trustedIssuers: [issuer] });
  return verdict.ok ? 'ok' : `${verdict.failed} ${verdict.issuer?.did ?? ''}`;
};

describe('three rotations', () => {
  it('are followed by who pinned the first keys: all four sets count, the last is the present one', async () => {
    const now = follow(pinned, ...chain);
    expect(now).toEqual({
      ...pinned,
      ...fourth.publicKeys,
      formerKeys: [third, second, first].map(({ publicKeys }) => publicKeys),
      succession: 4,
    });
    const document = signerOf(fourth, third, second, first);
    for (const set of sets) expect(await check(set, now, document)).toBe('ok');
    expect(await check(stranger, now, document)).toBe(`classicalSignature ${did}`);
    // Who has not followed yet believes what the pinned keys signed, and nothing newer.
    expect(await check(first, pinned, document)).toBe('ok');
    expect(await check(second, pinned, document)).toBe(`classicalSignature ${did}`);
  });

  it('are what the issuer itself gives to be pinned', () => {
    const { trustedIssuer } = createIssuer({
      provider,
      signer: signerOf(fourth, third, second, first),
      statusOrigin: origin,
    });
    expect(trustedIssuer).toEqual(follow(pinned, ...chain));
  });

  it('leave nothing to a retired key', async () => {
    const now = follow(pinned, ...chain);
    const retirement = await issueKeySuccession(fourth.signer, {
      number: 5,
      nowMs,
      retired: [first.publicKeys.ed25519],
    });
    const after = follow(now, retirement);
    expect(after).toEqual({ ...now, formerKeys: now.formerKeys.slice(0, 2), succession: 5 });
    const document = signerOf(fourth, third, second, first);
    expect(await check(first, after, document)).toBe(`classicalSignature ${did}`);
    expect(await check(second, after, document)).toBe('ok');
    // And whoever has not heard of it looks into the document.
    expect(await check(first, now, signerOf(fourth, third, second))).toBe(`issuerKey ${did}`);
  });

  it('let status lists be signed with any set that counts, and by no halves of two', async () => {
    const now = follow(pinned, ...chain);
    const url = `${origin}/status/1`;
    const list = { url, bits: StatusBits.create(131_072), nowMs, ttlMs: 1_000, validForMs: 60_000 };
    for (const { signer } of sets) {
      const { hybrid = '' } = await issueStatusList(signer, list);
      expect((await verifyStatusList(provider, hybrid, url, now)).issuedAtMs).toBe(nowMs);
    }
    expect(statusListMediaTypes.hybrid).toBe('application/jose+json');
    const mixed = { ...third.signer, sign: mixing(third, first).sign };
    const { hybrid = '' } = await issueStatusList(mixed, list);
    await expect(verifyStatusList(provider, hybrid, url, now)).rejects.toMatchObject({
      code: 'STATUS_FORGED',
    });
    const half = { ...third, signer: mixed };
    expect(await check(half, now, signerOf(fourth, third, second, first))).toBe(
      `postQuantumSignature ${did}`,
    );
  });
});

/** A signer of one set's Ed25519 key and another's ML-DSA-87 key, under the key ids of the first. */
function mixing(classical: KeySet, postQuantum: KeySet): CredentialSigner {
  return {
    ...classical.signer,
    sign: (key: SignerKey, bytes) =>
      key.alg === 'EdDSA' ? classical.signer.sign(key, bytes) : postQuantum.signer.sign(key, bytes),
  };
}

describe('a key succession is not followed', () => {
  const base: KeySuccessionInit = { number: 2, nowMs, next: stranger.publicKeys };

  it('when only one half of it is by the keys before', async () => {
    const forged = (signer: CredentialSigner): Promise<string> => issueKeySuccession(signer, base);
    // Who has broken Ed25519, and who has broken ML-DSA-87.
    expect(reasonOf(await forged(mixing(first, stranger)))).toMatch(
      /its ML-DSA-87 signature is not by the key/,
    );
    expect(reasonOf(await forged(mixing(stranger, first)))).toMatch(/its EdDSA signature is not by the key/);
    expect(reasonOf(await forged(stranger.signer))).toMatch(/its EdDSA signature/);
    expect(reasonOf(await forged(first.signer))).toBe('followed');
  });

  it('when a link is missing, comes twice, or is by keys that have handed over', async () => {
    expect(reasonOf(chain[1] as string)).toMatch(/EdDSA signature is not by the key before/);
    const next = follow(pinned, chain[0] as string);
    expect(reasonOf(chain[0] as string, next)).toMatch(/EdDSA signature is not by the key before/);
    const late = await issueKeySuccession(first.signer, { ...base, number: 3 });
    expect(reasonOf(late, next)).toMatch(/EdDSA signature is not by the key before/);
    expect(reasonOf(late)).toMatch(/not number 2/);
  });

  it.each<[string, RegExp, Partial<KeySuccessionInit>]>([
    ['brings back the present key', /brings back/, { next: first.publicKeys }],
    [
      'brings back half of it',
      /brings back/,
      { next: { ...stranger.publicKeys, ed25519: first.publicKeys.ed25519 } },
    ],
    ['retires the present key', /no former key/, { retired: [first.publicKeys.ed25519] }],
    ['retires a key that never was', /no former key/, { retired: [stranger.publicKeys.ed25519] }],
  ])('that %s', async (_what, reason, change) => {
    expect(reasonOf(await issueKeySuccession(first.signer, { ...base, ...change }))).toMatch(reason);
  });

  it('that changes nothing, or leaves too many former sets', async () => {
    expect(reasonOf(await issueKeySuccession(first.signer, { number: 2, nowMs }))).toMatch(/changes nothing/);
    const crowd = Array.from({ length: 7 }, (_, at) => makeKeySet(at, 'crowd').publicKeys);
    const text = await issueKeySuccession(first.signer, { ...base, number: 9 });
    expect(reasonOf(text, { ...pinned, succession: 8, formerKeys: crowd })).toMatch(/more than 7/);
  });

  it('when it was signed for something else, or says what none says', async () => {
    const payload = { purpose: 'wot.id/v1/key-succession', iss: did, number: 2, retired: [], iat: 1 };
    const { keys } = JSON.parse(
      Buffer.from((JSON.parse(chain[0] as string) as { payload: string }).payload, 'base64url').toString(),
    ) as { keys: Record<string, object> };
    const sign = (typ: string, change: object): Promise<string> =>
      signGeneral(first.signer, typ, Buffer.from(JSON.stringify({ ...payload, keys, ...change })));
    const typ = 'wotid-key-succession+jws';
    expect(reasonOf(await sign(typ, {}))).toBe('followed');
    for (const [type, reason, change] of [
      ['vc+jwt', /its typ/, {}],
      ['JWT', /its typ/, {}],
      [typ, /about something else/, { purpose: 'wot.id/v1/status-list' }],
      [typ, /another issuer/, { iss: 'did:web:other.example' }],
      [typ, /not number 2/, { number: '2' }],
      [typ, /not number 2/, { number: 1 }],
      [typ, /retired is no list/, { retired: 'none' }],
      [typ, /its keys: .*kty OKP/, { keys: { ed25519: keys['mlDsa87'], mlDsa87: keys['mlDsa87'] } }],
      [typ, /its keys: .*private key/, { keys: { ...keys, ed25519: { ...keys['ed25519'], d: 'AAAA' } } }],
    ] as const) {
      expect(reasonOf(await sign(type, change))).toMatch(reason);
    }
  });

  it('by an issuer who is pinned without both keys', () => {
    for (const missing of [{ mlDsa87: null }, { ed25519: null }]) {
      expect(reasonOf(chain[0] as string, { ...pinned, ...missing })).toMatch(/cannot name new ones/);
    }
  });

  it('whatever else it is', () => {
    const text = chain[0] as string;
    for (const other of ['', '{}', '[]', text.slice(1), `${text} {}`, `${' '.repeat(30_000)}${text}`]) {
      expect(reasonOf(other)).not.toBe('followed');
    }
    const one = JSON.parse(text) as { payload: string; signatures: object[] };
    expect(reasonOf(JSON.stringify({ ...one, signatures: one.signatures.slice(1) }))).toMatch(
      /two signatures/,
    );
    expect(reasonOf(JSON.stringify({ ...one, signatures: one.signatures.toReversed() }))).toMatch(
      /another algorithm/,
    );
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        fc.pre(changed !== text);
        // What is not signed may change as long as the same keys come out of it: the JSON around it.
        if (reasonOf(changed) === 'followed') expect(follow(pinned, changed)).toEqual(follow(pinned, text));
      }),
      { numRuns: 300 },
    );
  });
});
