/**
 * Signature checks of a user transaction: one signature per distinct signer (sender and gas owner), each over
 * H(intent 00 00 00 || TransactionData). The address derivation and the last word are the SDK's; its verification is
 * asynchronous, so this runs before the synchronous execution. Sentences as in `iota-types`: signature_verification.
 */
import { createPublicKey, verify } from 'node:crypto';
import { parseSerializedSignature, type PublicKey } from '@iota/iota-sdk/cryptography';
import { MultiSigPublicKey } from '@iota/iota-sdk/multisig';
import { publicKeyFromRawBytes } from '@iota/iota-sdk/verify';
import { errorText } from '@wotid/core';
import { LedgerError } from './errors.ts';
import { blake2b256 } from './hashing.ts';
import type { Address } from './types.ts';

/** A serialized multisig of 10 keys has about 1 KB, a passkey assertion a few; more is not a signature. */
export const MAX_SIGNATURE_BYTES = 16_384;
/** Keys of one multisig account (`iota-types`: multisig). */
const MAX_MULTISIG_KEYS = 10;
const MULTISIG_BITS = (1 << MAX_MULTISIG_KEYS) - 1;

interface Presented {
  readonly text: string;
  readonly key: PublicKey;
}

/** Bytes that the signatures add to the signed transaction's BCS: envelope, intent, lengths. */
export function signatureEnvelopeBytes(signatures: readonly Uint8Array[]): number {
  const uleb = (length: number): number => (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3);
  let size = 1 + 3 + uleb(signatures.length);
  for (const signature of signatures) size += uleb(signature.length) + signature.length;
  return size;
}

/** @throws LedgerError `INVALID_SIGNATURE` */
export async function verifySignatures(
  dataBytes: Uint8Array,
  signatures: readonly Uint8Array[],
  sender: Address,
  gasOwner: Address,
): Promise<void> {
  const signers = sender === gasOwner ? [sender] : [sender, gasOwner];
  if (signatures.length !== signers.length) {
    throw invalid(`Expect ${signers.length} signer signatures but got ${signatures.length}`);
  }
  const presented = new Map<Address, Presented>();
  for (const signature of signatures) {
    const parsed = parseSignature(signature);
    presented.set(parsed.key.toIotaAddress(), parsed);
  }
  for (const signer of signers) {
    if (presented.has(signer)) continue;
    const actual = [...presented.keys()].map((address) => `"${address}"`).join(', ');
    throw invalid(`Required Signature from ${signer} is absent [${actual}]`);
  }
  for (const { key, text } of presented.values()) {
    let valid: boolean;
    try {
      valid = isPlainlyValid(dataBytes, text) || (await key.verifyTransaction(dataBytes, text));
    } catch (error) {
      throw invalid(`Signature is not valid: ${errorText(error)}`, error);
    }
    if (!valid) throw invalid('Signature is not valid: Fail to verify user sig');
  }
}

/** SubjectPublicKeyInfo of an Ed25519 key up to the 32 bytes of the key (RFC 8410). */
const ED25519_SPKI_PREFIX = Uint8Array.fromHex('302a300506032b6570032100');
const TRANSACTION_INTENT = Uint8Array.of(0, 0, 0);

/**
 * The common case at a tenth of the price: an Ed25519 signature that OpenSSL accepts. OpenSSL is stricter than the
 * chain (RFC 8032 against ZIP 215), so that its yes is a yes, and its no is left to the SDK.
 */
function isPlainlyValid(dataBytes: Uint8Array, text: string): boolean {
  const bytes = Uint8Array.fromBase64(text);
  if (bytes[0] !== 0 || bytes.length !== 1 + 64 + 32) return false;
  const key = createPublicKey({
    key: Buffer.concat([ED25519_SPKI_PREFIX, bytes.subarray(65)]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, blake2b256(TRANSACTION_INTENT, dataBytes), key, bytes.subarray(1, 65));
}

function parseSignature(signature: Uint8Array): Presented {
  if (signature.length > MAX_SIGNATURE_BYTES) {
    throw invalid(`Signature is not valid: ${signature.length} bytes, the limit is ${MAX_SIGNATURE_BYTES}`);
  }
  try {
    const text = signature.toBase64();
    const parsed = parseSerializedSignature(text);
    if (parsed.signatureScheme === 'MoveAuthenticator') {
      throw new TypeError('MoveAuthenticator is not supported by the embedded network');
    }
    if (parsed.signatureScheme === 'MultiSig') {
      checkMultisig(parsed.multisig);
      return { text, key: new MultiSigPublicKey(parsed.multisig.multisig_pk) };
    }
    if (parsed.signatureScheme === 'Passkey') checkPasskey(parsed.userSignature);
    if (parsed.signatureScheme === 'Secp256r1') checkLowS(parsed.signature);
    return { text, key: publicKeyFromRawBytes(parsed.signatureScheme, parsed.publicKey) };
  } catch (error) {
    throw invalid(`Signature is not valid: ${errorText(error)}`, error);
  }
}

type Multisig = Extract<
  ReturnType<typeof parseSerializedSignature>,
  { signatureScheme: 'MultiSig' }
>['multisig'];

/** What the chain demands of a multisig and the SDK's verification does not. */
function checkMultisig({ sigs, bitmap, multisig_pk: account }: Multisig): void {
  const keys = account.pk_map;
  const total = keys.reduce((sum, { weight }) => sum + weight, 0);
  const distinct = new Set(keys.map(({ pubKey }) => JSON.stringify(pubKey)));
  const indices = bitmap.toString(2).replaceAll('0', '').length;
  if (
    keys.length === 0 ||
    keys.length > MAX_MULTISIG_KEYS ||
    distinct.size !== keys.length ||
    keys.some(({ weight }) => weight === 0) ||
    account.threshold === 0 ||
    account.threshold > total
  ) {
    throw new TypeError('Invalid multisig pubkey');
  }
  if (bitmap > MULTISIG_BITS || sigs.length === 0 || sigs.length !== indices) {
    throw new TypeError('Invalid bitmap');
  }
  for (const part of sigs) if ('Secp256r1' in part) checkLowS(Uint8Array.from(part.Secp256r1));
}

/** Half the order of P-256, big-endian: s above it is n - s of another signature of the same message. */
const HALF_P256_ORDER = Uint8Array.fromHex(
  '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8',
);

/** The chain's library takes signatures of P-256 with a low s only; the SDK makes such and checks either. */
function checkLowS(signature: Uint8Array): void {
  if (Buffer.compare(signature.subarray(32, 64), HALF_P256_ORDER) > 0) {
    throw new TypeError('Invalid signature was given to the function: high s');
  }
}

const SECP256R1_FLAG = 2;
/** Flag, signature, compressed public key. */
const SECP256R1_SIGNATURE_BYTES = 1 + 64 + 33;

/** What the chain demands of a passkey's signature and the SDK's verification does not. */
function checkPasskey(userSignature: Uint8Array): void {
  if (userSignature[0] !== SECP256R1_FLAG || userSignature.length !== SECP256R1_SIGNATURE_BYTES) {
    throw new TypeError('Invalid signature scheme');
  }
  checkLowS(userSignature.subarray(1));
}

function invalid(message: string, cause?: unknown): LedgerError {
  return new LedgerError('INVALID_SIGNATURE', message, {
    hint: 'Sign the transaction bytes with the key of the sender, and of the gas owner if that is another.',
    cause,
  });
}
