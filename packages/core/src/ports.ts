/** Ports: what the pure packages need from the world. Collaborators arrive as arguments, never as globals. */

/** Wall-clock time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** Cryptographically secure randomness; a seeded one exists in the testkit only. */
export interface Random {
  /** `length` fresh random bytes, owned by the caller. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** Structured logging. No user data and no secret is ever passed; `error` means a bug of ours. */
export interface Logger {
  debug(event: string, facts?: Readonly<Record<string, unknown>>): void;
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** The system's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** A logger that drops everything: the default of libraries. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
