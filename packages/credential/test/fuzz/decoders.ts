/** What this package reads of strangers' bytes: credentials in every form, DIDs and keys, proofs, lists, trust files. */
import { IdentityKeys, type IdentityBlock } from '@wotid/crypto';
import { decoder, type Decoder } from '@wotid/testkit';
import {
  compositeJwk,
  createHolderProof,
  createIssuer,
  createLocalSigner,
  credentialFormats,
  decodeBase64Url,
  decodeBitstring,
  didJwkOf,
  didKeyOf,
  ed25519Jwk,
  encodeBase64Url,
  encodeBitstring,
  encodeEnvelope,
  encodeGeneralJws,
  encodeTrustedIssuer,
  fingerprintUri,
  holderProofType,
  issueStatusList,
  mlDsa87Jwk,
  parseCompositeJwk,
  parseCredential,
  parseDidJwk,
  parseDidKey,
  parseEd25519Jwk,
  parseFingerprintUri,
  parseGeneralJws,
  parseMlDsa87Jwk,
  parsePresented,
  parseStrictJson,
  parseTrustedIssuer,
  policyOfLevel,
  StatusBits,
  verifyCredential,
  verifyHolderProof,
  verifyStatusList,
  type Json,
} from '../../src/index.ts';
import { signingInput } from '../../src/wire.ts';
import {
  authority,
  expectations,
  forge,
  good,
  holder,
  nowMs,
  provider,
  request,
  resolver,
} from '../people.ts';

const utf8 = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const status = { statusListCredential: 'https://id.example/status/1', statusListIndex: 94_567 };
const signer = createLocalSigner({ provider, ed25519: authority.ed25519, mlDsa87: authority.mlDsa87 });
const issuer = createIssuer({ provider, signer, statusOrigin: 'https://id.example' });
const content = { ...request, holderJwk: { ...ed25519Jwk(holder.ed25519) }, status };
const issued = new Map(
  await Promise.all(
    credentialFormats.map(
      async (format) => [format, (await issuer.issueCredential(format, content)).bytes] as const,
    ),
  ),
);
const texts = credentialFormats.flatMap((format) =>
  format === 'wotid_hybrid' ? [] : [issued.get(format) as Uint8Array],
);
const decodeCodes = ['TOO_LARGE', 'MALFORMED', 'NON_CANONICAL'];
const everyPolicy = policyOfLevel[1];

const listUrl = status.statusListCredential;
const list = await issueStatusList(signer, {
  url: listUrl,
  bits: StatusBits.create(),
  nowMs,
  ttlMs: 60_000,
  validForMs: 600_000,
});
const pinned = { ...authority.pinned, statusOrigin: 'https://id.example' };

const keys = IdentityKeys.generate(provider);
const block: IdentityBlock = {
  did: didJwkOf(keys.ed25519.publicKey),
  ik: keys.ik.publicKey,
  ed25519: keys.ed25519.publicKey,
  mlDsa87: keys.mlDsa87.publicKey,
  falcon1024: null,
};
const audience = 'https://id.example';
const kid = `${block.did}#0`;
const proof = createHolderProof({ provider, keys, block, kid, audience, nonce: 'a-nonce', nowMs });
const proofInit = { provider, resolver, audience, nowMs };
const payloadOf = (jws: string): Uint8Array => decodeBase64Url(jws.split('.')[1] ?? '') ?? new Uint8Array();

/** A list of this payload under both signatures of the issuer. */
function signedList(payload: Uint8Array): Uint8Array {
  const signatures = signer.keys.map(({ alg, kid: keyId }) => {
    const header = json({ alg, kid: keyId, typ: 'vc+jwt' });
    const key = alg === 'EdDSA' ? authority.ed25519 : authority.mlDsa87;
    const signature = provider.sign(key, signingInput(header, payload));
    return { protected: encodeBase64Url(header), signature: encodeBase64Url(signature) };
  });
  return json({ payload: encodeBase64Url(payload), signatures });
}

/** What a status list says, in a form that can be compared. */
async function readStatusList(bytes: Uint8Array): Promise<object> {
  const { bits, ...facts } = await verifyStatusList(provider, textOf(bytes), listUrl, pinned);
  return { ...facts, bits: bits.toBytes() };
}

/** A proof of this payload, signed with the holder's key: what a bad wallet could make. */
function signedProof(payload: Uint8Array): Uint8Array {
  const header = encodeBase64Url(json({ alg: 'EdDSA', kid, typ: holderProofType }));
  const input = utf8(`${header}.${encodeBase64Url(payload)}`);
  return utf8(`${textOf(input)}.${encodeBase64Url(provider.sign(keys.ed25519, input))}`);
}

const jwk = <Value>(name: string, seed: object, parse: (value: Json) => Value): Decoder =>
  decoder({
    name: `credential/jwk ${name}`,
    form: 'json',
    seeds: [json(seed)],
    decode: (bytes) => parse(JSON.parse(textOf(bytes)) as Json),
    // What is no JSON at all does not get to the reader of keys.
    codes: ['BAD_JWK', 'SyntaxError'],
  });
const mlDsa65 = new Uint8Array(1_952).fill(5);

export const decoders: readonly Decoder[] = [
  decoder({
    name: 'credential/hybrid',
    seeds: [good, issued.get('wotid_hybrid') as Uint8Array],
    decode: parseCredential,
    encode: ({ envelope }) => encodeEnvelope(envelope),
    codes: [...decodeCodes, 'BAD_CREDENTIAL'],
  }),
  decoder({
    name: 'credential/presented text',
    form: 'jws',
    seeds: texts,
    decode: (bytes) => parsePresented(provider, bytes),
    codes: [...decodeCodes, 'BAD_CREDENTIAL'],
  }),
  decoder({
    name: 'credential/presented bytes',
    seeds: [good, ...texts],
    decode: (bytes) => parsePresented(provider, bytes),
    codes: [...decodeCodes, 'BAD_CREDENTIAL'],
  }),
  decoder({
    name: 'credential/verified, of a bad issuer',
    form: 'json',
    seeds: [parseCredential(good).envelope.payload],
    wrap: (rawPayload) => forge({ rawPayload }),
    // A refusal is a verdict, and reads the same twice.
    decode: (bytes) => verifyCredential(bytes, expectations),
    codes: [],
    isCostly: true,
  }),
  decoder({
    name: 'credential/verified, changed under way',
    form: 'jws',
    seeds: texts,
    decode: (bytes) => verifyCredential(bytes, { ...expectations, policy: everyPolicy }),
    codes: [],
    isCostly: true,
  }),
  decoder({
    name: 'credential/general JWS',
    form: 'json',
    seeds: [utf8(encodeGeneralJws(parseCredential(good).envelope))],
    decode: (bytes) => parseGeneralJws(JSON.parse(textOf(bytes)) as Json),
    codes: [...decodeCodes, 'BAD_CREDENTIAL', 'SyntaxError'],
  }),
  decoder({
    name: 'credential/strict JSON',
    form: 'json',
    seeds: [parseCredential(good).envelope.payload, json({ a: { b: [1, 'x', null, true] } })],
    decode: (bytes) => parseStrictJson(bytes, { maxBytes: 16_384, maxDepth: 8 }),
    codes: ['SyntaxError'],
  }),
  decoder({
    name: 'credential/trust file',
    form: 'json',
    seeds: [utf8(encodeTrustedIssuer(pinned)), utf8(encodeTrustedIssuer(issuer.trustedIssuer))],
    decode: parseTrustedIssuer,
    codes: ['BAD_TRUST_FILE'],
  }),
  decoder({
    name: 'credential/did:jwk',
    seeds: [utf8(holder.did)],
    decode: (bytes) => parseDidJwk(textOf(bytes)),
    codes: ['BAD_DID'],
  }),
  decoder({
    name: 'credential/did:key',
    seeds: [utf8(didKeyOf(holder.ed25519))],
    decode: (bytes) => parseDidKey(textOf(bytes)),
    encode: (key) => utf8(didKeyOf(key)),
    codes: ['BAD_DID'],
  }),
  decoder({
    name: 'credential/base64url',
    seeds: ['', 'AA', 'AAAA', encodeBase64Url(holder.ed25519)].map(utf8),
    decode: (bytes) => decodeBase64Url(textOf(bytes)),
    encode: (read) => utf8(encodeBase64Url(read)),
    codes: [],
  }),
  decoder({
    name: 'credential/fingerprint',
    seeds: [utf8(fingerprintUri(holder.idFp))],
    decode: (bytes) => parseFingerprintUri(textOf(bytes)),
    encode: (read) => utf8(fingerprintUri(read)),
    codes: [],
  }),
  jwk('Ed25519', ed25519Jwk(holder.ed25519), parseEd25519Jwk),
  jwk('ML-DSA-87', mlDsa87Jwk(authority.mlDsa87.publicKey), parseMlDsa87Jwk),
  jwk('composite', compositeJwk({ ed25519: holder.ed25519, mlDsa65 }), parseCompositeJwk),
  decoder({
    name: 'credential/bitstring',
    seeds: [utf8(await encodeBitstring(StatusBits.create()))],
    decode: async (bytes) => (await decodeBitstring(textOf(bytes))).toBytes(),
    codes: ['BAD_STATUS_LIST'],
    isCostly: true,
  }),
  decoder({
    name: 'credential/status list',
    form: 'json',
    seeds: [utf8(list.hybrid ?? '')],
    decode: readStatusList,
    codes: ['BAD_STATUS_LIST', 'STATUS_FORGED'],
    isCostly: true,
  }),
  decoder({
    name: 'credential/status list of a bad issuer',
    form: 'json',
    seeds: [payloadOf(list.jwt ?? '')],
    wrap: signedList,
    decode: readStatusList,
    codes: ['BAD_STATUS_LIST', 'STATUS_FORGED'],
    isCostly: true,
  }),
  decoder({
    name: 'credential/holder proof',
    form: 'jws',
    seeds: [utf8(proof)],
    decode: (bytes) => verifyHolderProof(textOf(bytes), proofInit),
    codes: ['BAD_PROOF'],
    isCostly: true,
  }),
  decoder({
    name: 'credential/holder proof of a bad wallet',
    form: 'json',
    seeds: [payloadOf(proof)],
    wrap: signedProof,
    decode: (bytes) => verifyHolderProof(textOf(bytes), proofInit),
    codes: ['BAD_PROOF'],
    isCostly: true,
  }),
];
