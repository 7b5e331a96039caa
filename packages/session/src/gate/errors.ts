import { WotError } from '@wotid/core';
import type { GateCode } from './codes.ts';

/**
 * Codes of {@link GateError}, all mistakes of the caller: `GATE_BUSY` (a frame while the last one is still being worked
 * on), `GATE_ENDED`, `GATE_NOT_STARTED`, `CREDENTIAL_TOO_LARGE`.
 */
export type GateErrorCode = 'GATE_BUSY' | 'GATE_ENDED' | 'GATE_NOT_STARTED' | 'CREDENTIAL_TOO_LARGE';

/** A gate was driven wrongly. What a peer does wrong is no exception but a {@link GateTermination}. */
export class GateError extends WotError<GateErrorCode> {}

/** Internal: leaves a handler with the code that ends the gate. Never reaches the caller. */
export class GateRefusal extends Error {
  readonly code: GateCode;

  constructor(code: GateCode, reason: string, cause?: unknown) {
    super(reason, { cause });
    this.code = code;
  }
}
