/** Bounds, each with its reason. */

/** One resolution with all its calls to the node: below the 10 s that a verifier gives a resolver. Milliseconds. */
export const defaultTimeoutMs = 8_000;
/**
 * One answer of the node. The bytes of a document come as a JSON array of numbers, four characters a byte; the largest
 * document and several open proposals fit.
 */
export const maxAnswerBytes = 524_288;
/**
 * A document as JSON. It is an argument of the transaction that writes it, and one has fewer than 16,384 bytes; an
 * ML-DSA-87 key alone has 3.5 KB in base64url.
 */
export const maxDocumentBytes = 16_384;
/** Verification methods, services, and other names in one document: several generations of keys, not a directory. */
export const maxDocumentEntries = 32;
/** Objects or arrays inside each other in a document. */
export const maxDocumentDepth = 8;
/** Controller capabilities of one address looked at for its identities; a person has one. */
export const maxControllerCaps = 50;
/** Operations of the library at the same time; a peer at the gate causes two, and the gate lets in fewer. */
export const maxRunningOperations = 128;
/** An aborted operation that has not ended after this time hangs: its thread is ended. Milliseconds. */
export const abortGraceMs = 1_000;
