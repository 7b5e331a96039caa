/** Sizes and times of the gate. The driver owns the timers; the state machine owns the sizes. */

/** The only version yet. */
export const GATE_VERSION = 1;
/** M1 and M2: 1638 and 1636 bytes, M1 3210 with an encapsulation to a published prekey. Nothing is known of the peer yet. */
export const MAX_GATE_HELLO_BYTES = 4_096;
/** M3 to M6: block and signature take 7.7 KB, the rest is credential or first message. */
export const MAX_GATE_FRAME_BYTES = 65_536;
/** A credential in M3 or M4: six times a Verified Human credential with two signatures. */
export const MAX_GATE_CREDENTIAL_BYTES = 49_152;
/** The signed time of M3 and M4 may differ from our clock by this much, in both directions. */
export const MAX_GATE_SKEW_MS = 300_000;

/** Times for the driver, in milliseconds. After any of them: `abort(gateCodes.TIMEOUT)`. */
export const gateTimeouts = {
  /** From our M1 to M2, and from the stream's start to M1: no work of the peer beyond a key exchange. */
  helloMs: 5_000,
  /** From our M2, M3, M4 or M5 to the answer: the peer may have to resolve DIDs and status lists. */
  answerMs: 15_000,
  /** The whole gate, whatever happens. */
  wholeMs: 30_000,
} as const;
