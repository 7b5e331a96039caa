/** Vectors of what people hand to each other: credential, credential request, contact card. */
import { encodeCard } from '../../packages/agent/src/card.ts';
import { encodeCredentialRequest } from '../../packages/agent/src/credential-request.ts';
import {
  createIssuer,
  createLocalSigner,
  credentialHash,
  didJwkOf,
  encodeGeneralJws,
  encodeVcJwt,
  parseCredential,
} from '@wotid/credential';
import { signingInput } from '../../packages/credential/src/wire.ts';
import {
  alice,
  counting,
  hex,
  place,
  RecordingProvider,
  startMs,
  vectorPerson,
  type VectorFile,
  type VectorPerson,
} from './people.ts';

const yearMs = 365 * 86_400_000;
const issuerSeeds = { ed25519: counting(0x01, 32), mlDsa87: counting(0x41, 32) };

function holder(file: string): VectorPerson {
  return vectorPerson(didJwkOf(alice(file).own.block.ed25519), 0x10, `${file}/holder`);
}

async function issued(
  file: string,
  who: VectorPerson,
): Promise<{ readonly bytes: Uint8Array; readonly issuerDid: string }> {
  const provider = new RecordingProvider(`${file}/issuer`);
  const signer = createLocalSigner({
    provider,
    ed25519: provider.signFromSecret('ed25519', issuerSeeds.ed25519),
    mlDsa87: provider.signFromSecret('ml-dsa-87', issuerSeeds.mlDsa87),
  });
  const issuer = createIssuer({ provider, signer });
  const { bytes } = await issuer.issueCredential('wotid_hybrid', {
    subjectDid: who.own.block.did,
    idFp: who.own.idFp,
    nowMs: startMs,
    validForMs: yearMs,
    evidence: [{ method: 'in-person', policy: 'https://id.example/policy/1' }],
  });
  return { bytes, issuerDid: issuer.did };
}

/** `credential.json` */
export async function credentialVectors(): Promise<VectorFile> {
  const who = holder('credential');
  const { bytes, issuerDid } = await issued('credential', who);
  const { envelope } = parseCredential(bytes);
  const legs = [envelope.eddsa, envelope.mlDsa87].map((leg) => ({
    alg: leg.alg,
    protectedHeader: new TextDecoder().decode(leg.protectedHeader),
    signingInput: new TextDecoder().decode(signingInput(leg.protectedHeader, envelope.payload)),
    signature: hex(leg.signature),
  }));
  return {
    about: 'A Verified Human credential: two signatures over one payload; the ML-DSA-87 one has no context.',
    issuer: { did: issuerDid, ed25519Seed: hex(issuerSeeds.ed25519), mlDsa87Seed: hex(issuerSeeds.mlDsa87) },
    subject: { did: who.own.block.did, idFp: hex(who.own.idFp) },
    payload: new TextDecoder().decode(envelope.payload),
    legs,
    wire: hex(bytes),
    credentialHash: hex(credentialHash(who.provider, bytes)),
    vcJwt: encodeVcJwt(envelope),
    generalJws: encodeGeneralJws(envelope),
  };
}

/** `card.json` */
export async function cardVectors(): Promise<VectorFile> {
  const who = holder('card');
  const { bytes } = await issued('card', who);
  const mailbox = {
    chainId: place.chainId,
    packageId: `0x${'55'.repeat(32)}`,
    mailboxId: `0x${hex(place.mailboxId)}`,
  };
  const fields = {
    credential: bytes,
    peerId: '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
    addresses: ['/ip4/192.0.2.7/tcp/4001', '/dns4/agent.example/tcp/443/wss'],
    issuedAtMs: startMs,
  };
  return {
    about: 'Contact cards and a credential request: BCS body, hybrid signature, RFC 7468 armor.',
    seeds: hex(who.seeds),
    did: who.own.block.did,
    fields: { ...fields, credential: hex(fields.credential), mailbox },
    card: encodeCard(who.provider, who.own.keys, { block: who.own.block, ...fields, mailbox }),
    cardWithoutMailbox: encodeCard(who.provider, who.own.keys, {
      block: who.own.block,
      ...fields,
      credential: new Uint8Array(),
      mailbox: null,
    }),
    credentialRequest: encodeCredentialRequest(who.provider, who.own.keys, who.own.block, startMs),
  };
}
