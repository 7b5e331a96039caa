/**
 * Documents that people pass around as text: a BCS body that names an identity block, then that identity's hybrid
 * signature over the body. Contact cards and credential requests are such documents; they live long, so Ed25519 +
 * ML-DSA-87 alone counts.
 */
import { concatBytes, type BcsType } from '@wotid/core';
import {
  assertIdentityBlock,
  decodeSigned,
  hybridSignatureMaxBytes,
  importIdentityVerifyingKeys,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type HybridSigningKeys,
  type IdentityBlock,
  type SignaturePurpose,
} from '@wotid/crypto';
import { armor, unarmor, type ArmorLabel } from './armor.ts';
import type { AgentError } from './errors.ts';

/** Fields that every signed document begins with. */
export interface SignedFields {
  /** Format version, 1. */
  readonly version: number;
  /** Whose document it is. */
  readonly block: IdentityBlock;
}

/** One kind of document. */
export interface DocumentFormat<Fields extends SignedFields> {
  readonly label: ArmorLabel;
  readonly purpose: SignaturePurpose;
  readonly body: BcsType<Fields, Fields>;
  /** Upper bound of the body in bytes. */
  readonly maxBodyBytes: number;
  /** The typed error for a document that cannot be used. */
  readonly reject: (reason: string, cause?: unknown) => AgentError;
}

const knownVersion = 1;
/** A document from further ahead comes from a wrong clock: the tolerance of the gate. */
const maxFutureMs = 300_000n;

/** Signs `fields` and writes them as text. */
export function encodeDocument<Fields extends SignedFields>(
  provider: CryptoProvider,
  keys: HybridSigningKeys,
  format: DocumentFormat<Fields>,
  fields: Fields,
): string {
  const body = format.body.serialize(fields, { maxSize: format.maxBodyBytes }).toBytes();
  return armor(format.label, concatBytes(body, signHybrid(provider, keys, format.purpose, body)));
}

/**
 * Reads a document and checks that the identity it names has signed it.
 * @throws AgentError what `format.reject` makes; ArmorError when the text holds no such document
 */
export function parseDocument<Fields extends SignedFields>(
  provider: CryptoProvider,
  format: DocumentFormat<Fields>,
  text: string,
): Fields {
  const bytes = unarmor(format.label, text);
  let fields: Fields;
  let signed: boolean;
  try {
    const document = decodeSigned(format.body, bytes, {
      what: format.label.toLowerCase(),
      maxBytes: format.maxBodyBytes + hybridSignatureMaxBytes,
    });
    fields = document.value;
    assertIdentityBlock(fields.block);
    using keys = importIdentityVerifyingKeys(provider, fields.block);
    signed = verifyHybrid(provider, keys, format.purpose, document.body, document.signature);
  } catch (error) {
    throw format.reject('it does not decode', error);
  }
  if (!signed) throw format.reject('its signature is wrong');
  if (fields.version !== knownVersion)
    throw format.reject(`it has version ${fields.version}, known is ${knownVersion}`);
  return fields;
}

/** Refuses documents dated more than 5 minutes ahead of our clock. */
export function assertNotFuture(
  format: Pick<DocumentFormat<never>, 'reject'>,
  atMs: bigint,
  nowMs: number,
): void {
  if (atMs > BigInt(nowMs) + maxFutureMs)
    throw format.reject('it is from the future: one of the two clocks is wrong');
}
