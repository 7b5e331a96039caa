/** Why a gate ends without a session: one byte on the wire, and a precise code in our own log. */

/** The gate's codes. */
export const gateCodes = {
  /** A protocol version that we do not speak. */
  VERSION: 1,
  /** No common security level that both minima allow. */
  LEVEL: 2,
  /** No common cipher suite. */
  SUITE: 3,
  /** A frame that is too long, not canonical, not the expected one, or with an impossible field. */
  MALFORMED: 4,
  /** The peer did not answer in time. */
  TIMEOUT: 5,
  /** A key exchange value that is no key, or a prekey that we do not have. */
  KEX: 6,
  /** A sealed frame does not open. */
  AEAD: 7,
  /** The peer does not hold the keys of the identity block that it shows. */
  ID_SIG: 16,
  DID_UNRESOLVED: 17,
  /** The DID is not the one we dialled, or names other keys than the identity block. */
  DID_KEY_MISMATCH: 18,
  /** Both ends are the same node or identity, or our own values came back. */
  PEER_BINDING: 19,
  VC_MALFORMED: 32,
  VC_SIG: 33,
  VC_ISSUER: 34,
  VC_EXPIRED: 35,
  VC_REVOKED: 36,
  VC_TYPE: 37,
  VC_SUBJECT: 38,
  VC_HOLDER: 39,
  /** Refused by our own rules, or we cannot go on for a reason of our own. */
  POLICY: 48,
  RATE: 49,
  /** Two gates at once: the other one goes on. */
  GLARE: 50,
  /** The peer's clock differs from ours by more than five minutes. */
  CLOCK: 51,
} as const;

/** One of {@link gateCodes}. */
export type GateCode = (typeof gateCodes)[keyof typeof gateCodes];

const names = new Map<number, string>(Object.entries(gateCodes).map(([name, code]) => [code, name]));

/** True for the number of a known code. */
export function isGateCode(code: number): code is GateCode {
  return names.has(code);
}

/** Name of a code for logs, such as `VC_EXPIRED`; unknown ones (of a newer peer) as `CODE_77`. */
export function gateCodeName(code: number): string {
  return names.get(code) ?? `CODE_${code}`;
}

/**
 * The code that the peer gets to see. All credential failures look the same: a stranger must not learn what we accept
 * by trying.
 */
export function wireGateCode(code: GateCode): GateCode {
  return code >= gateCodes.VC_MALFORMED && code <= gateCodes.VC_HOLDER ? gateCodes.VC_MALFORMED : code;
}
