/** An issuer, a holder and what a verifier knows about them, for tests. */
import { createHash } from 'node:crypto';
import { NodeProvider, type SigningKey } from '@wotid/crypto';
import { SeededRandom } from '@wotid/testkit';
import {
  createIssuer,
  createLocalSigner,
  didJwkMethod,
  didJwkOf,
  parseCredential,
  Resolver,
  type Issuer,
  type IssueCredentialInit,
  type TrustedIssuer,
  type VerifyCredentialInit,
} from '../src/index.ts';
import { encodeEnvelope, signingInput, type CredentialEnvelope, type CredentialLeg } from '../src/wire.ts';

export const provider: NodeProvider = new NodeProvider();
export const resolver: Resolver = new Resolver({ ...didJwkMethod });
/** 2026-03-01T12:00:00Z */
export const nowMs: number = Date.UTC(2026, 2, 1, 12);
export const dayMs = 86_400_000;

/** A pinned issuer of the usual kind: with both keys. */
export type PinnedIssuer = TrustedIssuer & { readonly ed25519: Uint8Array; readonly mlDsa87: Uint8Array };

export interface TestIssuer {
  readonly pinned: PinnedIssuer;
  readonly issuer: Issuer;
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;
  readonly mlDsaSeed: Uint8Array;
}

export function makeIssuer(seed: string): TestIssuer {
  const random = new SeededRandom(seed);
  const mlDsaSeed = random.bytes(32);
  const ed25519 = provider.signFromSecret('ed25519', random.bytes(32));
  const mlDsa87 = provider.signFromSecret('ml-dsa-87', mlDsaSeed);
  const issuer = createIssuer({ provider, signer: createLocalSigner({ provider, ed25519, mlDsa87 }) });
  return {
    issuer,
    pinned: { ...issuer.trustedIssuer, ed25519: ed25519.publicKey, mlDsa87: mlDsa87.publicKey },
    ed25519,
    mlDsa87,
    mlDsaSeed,
  };
}

export const authority: TestIssuer = makeIssuer('authority');
export const stranger: TestIssuer = makeIssuer('stranger');
export const holderKey: SigningKey = provider.signFromSecret('ed25519', new SeededRandom('holder').bytes(32));
export const holder: { readonly did: string; readonly idFp: Uint8Array; readonly ed25519: Uint8Array } = {
  did: didJwkOf(holderKey.publicKey),
  idFp: createHash('sha256').update('block of the holder').digest(),
  ed25519: holderKey.publicKey,
};

export const request: IssueCredentialInit = {
  subjectDid: holder.did,
  idFp: holder.idFp,
  nowMs,
  validForMs: 90 * dayMs,
  evidence: [{ method: 'in-person', policy: 'https://issuer.example/policy/1' }],
};

export const expectations: VerifyCredentialInit = {
  provider,
  resolver,
  trustedIssuers: [authority.issuer.trustedIssuer],
  expectedSubject: holder.did,
  idFp: holder.idFp,
  nowMs,
};

/** The bytes of a two-leg credential. */
export async function issueHybrid(
  issuer: Issuer,
  change: Partial<IssueCredentialInit> = {},
): Promise<Uint8Array> {
  return (await issuer.issueCredential('wotid_hybrid', { ...request, ...change })).bytes;
}

export const good: Uint8Array = await issueHybrid(authority.issuer);
const goodOf = new Map([
  [authority, good],
  [stranger, await issueHybrid(stranger.issuer)],
]);

/** A credential with chosen payload and headers, correctly signed by `by`: what a malicious issuer could make. */
export function forge(
  change: {
    readonly payload?: (claims: Record<string, unknown>) => unknown;
    readonly rawPayload?: Uint8Array;
    readonly eddsaHeader?: unknown;
    readonly mlDsa87Header?: unknown;
  },
  by: TestIssuer = authority,
): Uint8Array {
  const { envelope } = parseCredential(goodOf.get(by) ?? good);
  const claims = JSON.parse(Buffer.from(envelope.payload).toString()) as Record<string, unknown>;
  const payload =
    change.rawPayload ?? Buffer.from(JSON.stringify(change.payload ? change.payload(claims) : claims));
  const leg = (old: CredentialLeg, header: unknown, key: SigningKey): CredentialLeg => {
    const protectedHeader =
      header === undefined
        ? old.protectedHeader
        : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    return {
      ...old,
      protectedHeader,
      signature: provider.sign(key, signingInput(protectedHeader, payload)),
    };
  };
  return encodeEnvelope({
    payload,
    eddsa: leg(envelope.eddsa, change.eddsaHeader, by.ed25519),
    mlDsa87: leg(envelope.mlDsa87, change.mlDsa87Header, by.mlDsa87),
  });
}

/** The good credential with parts of its envelope replaced. */
export function splice(change: (envelope: CredentialEnvelope) => Partial<CredentialEnvelope>): Uint8Array {
  const { envelope } = parseCredential(good);
  return encodeEnvelope({ ...envelope, ...change(envelope) });
}
