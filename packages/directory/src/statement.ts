/**
 * How a DID speaks to a directory: it proves its keys once, by the same proof of possession as to an issuer but for
 * another audience, and gets a token for ten minutes. The nonce is the client's own random text; a directory takes each
 * one once while the proof's time is good, so a proof that was seen on its way opens nothing again.
 */

/** The audience of proofs for the directory of a service; an issuer's is the bare URL, so neither serves as the other. */
export function directoryAudience(serviceUrl: string): string {
  return `${serviceUrl}/directory`;
}
