/**
 * Moves the frames of one gate between its state machine and a stream, and keeps its time. What the frames say is the
 * machine's business.
 */
import { errorText } from '@wotid/core';
import {
  gateCodes,
  gateTimeouts,
  MAX_GATE_FRAME_BYTES,
  MAX_GATE_HELLO_BYTES,
  type GateCode,
  type GateMachine,
  type GateResult,
  type GateStep,
  type GateTermination,
} from '@wotid/session';
import { TransportError, type FrameStream } from '@wotid/transport';

/** How a gate ended. `ended` is neither a result nor a refusal: the stream broke. */
export interface GateOutcome<Credential> {
  readonly result?: GateResult<Credential>;
  readonly refused?: GateTermination;
  readonly broken?: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface RunGateInit<Credential> {
  readonly machine: GateMachine<Credential>;
  readonly stream: FrameStream;
  /** The initiator's first step; a responder waits. */
  readonly first?: GateStep<Credential>;
  /** Runs before the last frames leave: the peer may use the connection as soon as they arrive. */
  readonly onPassed: (result: GateResult<Credential>) => void;
  /** Aborted when the machine was ended from elsewhere: the gate is over at once. */
  readonly superseded?: AbortSignal;
}

/** Two gates crossed, and the one that the peer opened goes on. */
export const supersededBy: GateTermination = {
  code: gateCodes.GLARE,
  wireCode: gateCodes.GLARE,
  by: 'us',
  reason: 'the gate that the peer opened at the same time goes on',
};

/** Never rejects for anything that the peer does. */
export async function runGate<Credential>(init: RunGateInit<Credential>): Promise<GateOutcome<Credential>> {
  const { machine, stream } = init;
  const timeout = AbortSignal.timeout(gateTimeouts.wholeMs);
  const whole = init.superseded === undefined ? timeout : AbortSignal.any([timeout, init.superseded]);
  const counts = { bytesSent: 0, bytesReceived: 0 };
  let isHello = true;
  let step: GateStep<Credential> = init.first ?? { send: [] };
  try {
    for (;;) {
      if (step.done !== undefined) init.onPassed(step.done);
      for (const frame of step.send) {
        await stream.send(frame);
        counts.bytesSent += frame.length;
      }
      if (step.done !== undefined) return { result: step.done, ...counts };
      if (step.terminate !== undefined) return { refused: step.terminate, ...counts };
      const frame = await nextFrame(stream, isHello, whole);
      if (machine.hasEnded) return { refused: supersededBy, ...counts };
      if (frame instanceof Uint8Array) {
        counts.bytesReceived += frame.length;
        isHello = false;
        step = await stepInTime(machine, frame, whole);
      } else {
        step = machine.abort(frame.code, frame.reason);
      }
    }
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { broken: errorText(error), ...counts };
  } finally {
    machine.dispose();
  }
}

/** The next frame, or why the gate has to end. @throws TransportError when the stream is gone */
async function nextFrame(
  stream: FrameStream,
  isHello: boolean,
  whole: AbortSignal,
): Promise<Uint8Array | { readonly code: GateCode; readonly reason: string }> {
  const timeoutMs = isHello ? gateTimeouts.helloMs : gateTimeouts.answerMs;
  try {
    const maxBytes = isHello ? MAX_GATE_HELLO_BYTES : MAX_GATE_FRAME_BYTES;
    return await stream.receive({ maxBytes, timeoutMs, signal: whole });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.code === 'TIMEOUT' || error.code === 'ABORTED') {
      return { code: gateCodes.TIMEOUT, reason: 'the peer did not answer in time' };
    }
    if (error.code === 'FRAME_TOO_LARGE' || error.code === 'MALFORMED_FRAME') {
      return { code: gateCodes.MALFORMED, reason: error.message };
    }
    throw error;
  }
}

/** The machine's answer; it may have to look things up, so it too is bound by the time of the whole gate. */
async function stepInTime<Credential>(
  machine: GateMachine<Credential>,
  frame: Uint8Array,
  whole: AbortSignal,
): Promise<GateStep<Credential>> {
  const { promise: late, resolve } = Promise.withResolvers<GateStep<Credential>>();
  const onLate = (): void => {
    if (!machine.hasEnded) resolve(machine.abort(gateCodes.TIMEOUT, 'the gate took too long'));
  };
  whole.addEventListener('abort', onLate, { once: true });
  if (whole.aborted) onLate();
  try {
    const answer = machine.receive(frame);
    const step = await Promise.race([answer, late]);
    const isOver = step.done !== undefined || step.terminate !== undefined;
    return machine.hasEnded && !isOver ? { send: [], terminate: supersededBy } : step;
  } finally {
    whole.removeEventListener('abort', onLate);
  }
}
