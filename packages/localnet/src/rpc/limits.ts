/** Bounds of what a client can ask for. Where a node has the same bound, ours is the node's. */
import type { ListenerBounds } from '@wotid/listener';

/** Items of a page, ids of a multi-get. A node's QUERY_MAX_RESULT_LIMIT. */
export const maxPageItems = 50;
/** Checkpoints of a page. A node's QUERY_MAX_RESULT_LIMIT_CHECKPOINTS. */
export const maxCheckpointPage = 100;
/**
 * Calls of one JSON-RPC batch. Nodes refuse batches altogether; the bound keeps the work of one HTTP request in the
 * order of one page of the dearest method.
 */
export const maxBatchCalls = 50;
/**
 * Bytes of an HTTP request body. The largest honest request is one transaction: 131,072 bytes of BCS are 174,764 of
 * base64, its signatures some kilobytes; the rest leaves room for a batch.
 */
export const maxBodyBytes = 1_048_576;
/**
 * Characters of an answer. A page of 50 objects of the largest size, with their bytes as JSON numbers and in base64,
 * has some 65 million; a batch of such calls would take gigabytes.
 */
export const maxAnswerCharacters = 80_000_000;
/** Bytes of a faucet request body: one address and some JSON around it. */
export const maxFaucetBodyBytes = 4_096;
/** Bytes of a transaction (protocol: max_tx_size_bytes). */
export const maxTransactionBytes = 131_072;
/** Signatures of one transaction: sender and gas owner; a few more are passed on for the ledger to refuse. */
export const maxSignatures = 16;
/** Bytes of one serialized signature: the largest is a Move authenticator, whose arguments share the transaction's size. */
export const maxSignatureBytes = 131_072;
/** Nesting of filters such as MatchAll in MatchAny. Real ones have two levels. */
export const maxFilterDepth = 8;
/** Filters in one query, all levels together. */
export const maxFilterNodes = 100;
/** Ids of one ObjectIds filter. */
export const maxFilterIds = 1_000;
/** Characters of a type in text form. 16 levels with two identifiers of 128 characters each stay below it. */
export const maxTypeCharacters = 8_192;
/** Nesting of type parameters (protocol: max_type_argument_depth). */
export const maxTypeDepth = 16;
/** Type parameters of one datatype (protocol: max_type_arguments). */
export const maxTypeArguments = 16;
/** Nesting of a value that is rendered or parsed (Move VM: value depth). */
export const maxValueDepth = 128;
/** Bytes of a dynamic field name given as JSON, after encoding. Beyond an object's size no field can exist. */
export const maxNameBytes = 256_000;

/** What sockets may take. */
export const listenerBounds: ListenerBounds = {
  // A loopback client needs one.
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 15_000,
  maxHeaderBytes: 16_384,
  // A browser uses six per page.
  maxConnections: 1_024,
  // Developers stop and start often.
  stopGraceMs: 2_000,
};
/** Answers of finished faucet tasks that are kept; the oldest is forgotten first. */
export const maxFaucetTasks = 1_000;
