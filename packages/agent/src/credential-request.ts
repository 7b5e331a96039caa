/**
 * Credential requests: what a holder gives to an issuer. The identity block says which keys the credential is to be
 * bound to; the signature proves that the holder has them.
 *
 * BCS: version u8 = 1 | identity block | createdAtMs u64 | hybrid signature 4692, purpose `credential-request`, over
 * everything before.
 */
import { bcs, u64Type } from '@wotid/core';
import {
  identityBlockMaxBytes,
  identityBlockType,
  signaturePurposes,
  type CryptoProvider,
  type HybridSigningKeys,
  type IdentityBlock,
} from '@wotid/crypto';
import { armorLabels } from './armor.ts';
import { AgentError } from './errors.ts';
import {
  assertNotFuture,
  encodeDocument,
  parseDocument,
  type DocumentFormat,
  type SignedFields,
} from './signed-document.ts';

/** A request is good for this long: an issuer checks a human within days, and an old request may come from lost keys. */
export const credentialRequestLifetimeMs: number = 30 * 86_400_000;

interface RequestFields extends SignedFields {
  readonly createdAtMs: bigint;
}

const format: DocumentFormat<RequestFields> = {
  label: armorLabels.request,
  purpose: signaturePurposes.credentialRequest,
  maxBodyBytes: 1 + identityBlockMaxBytes + 8,
  body: bcs.struct('credential request', {
    version: bcs.u8(),
    block: identityBlockType,
    createdAtMs: u64Type,
  }),
  reject: (reason, cause) =>
    new AgentError('BAD_REQUEST', `this credential request cannot be used: ${reason}`, {
      hint: 'Ask the holder for a new one (wotid credential request).',
      cause,
    }),
};

/** A signed request as text. */
export function encodeCredentialRequest(
  provider: CryptoProvider,
  keys: HybridSigningKeys,
  block: IdentityBlock,
  nowMs: number,
): string {
  return encodeDocument(provider, keys, format, { version: 1, block, createdAtMs: BigInt(nowMs) });
}

/**
 * Reads a request and checks that its sender holds the keys it names.
 * @throws AgentError `BAD_REQUEST`; ArmorError when the text holds no request
 */
export function parseCredentialRequest(provider: CryptoProvider, text: string, nowMs: number): IdentityBlock {
  const { block, createdAtMs } = parseDocument(provider, format, text);
  assertNotFuture(format, createdAtMs, nowMs);
  if (createdAtMs < BigInt(nowMs - credentialRequestLifetimeMs))
    throw format.reject('it is older than 30 days');
  return block;
}
