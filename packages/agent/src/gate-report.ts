/** What a gate's outcome means for a caller: a report, or a typed error with what to do. */
import { gateCodeName, gateCodes } from '@wotid/session';
import type { RemotePeer } from '@wotid/transport';
import type { AdmittedPeer } from './admission.ts';
import { AgentError } from './errors.ts';
import type { GateOutcome } from './gate-runner.ts';
import type { ConnectReport } from './types.ts';

/** The report of a gate that was passed; its session is filled in later. */
export function reportOf(
  outcome: GateOutcome<AdmittedPeer>,
  remote: RemotePeer,
  elapsedMs: number,
): ConnectReport {
  const { result, bytesSent, bytesReceived } = outcome;
  return {
    peer: result?.did ?? '',
    peerId: remote.peerId,
    sessionId: '',
    resumed: result?.resumedSid != null,
    level: result?.level ?? 0,
    suite: result?.suite ?? 0,
    toPublishedPrekey: result?.isToPublishedPrekey === true,
    ms: Math.round(elapsedMs * 10) / 10,
    bytesSent,
    bytesReceived,
  };
}

/** Why there is no link. */
export function gateError(outcome: GateOutcome<AdmittedPeer>): AgentError {
  const { refused, broken } = outcome;
  if (refused === undefined) {
    return new AgentError('GATE_FAILED', `the connection broke during the gate: ${broken ?? 'closed'}`, {
      hint: 'Try again.',
    });
  }
  const { code, wireCode, by, reason } = refused;
  const data = { code, name: gateCodeName(code), wireCode, by };
  return by === 'peer'
    ? new AgentError('GATE_REFUSED', `the peer refused: ${gateCodeName(wireCode)} (${wireCode})`, {
        hint: refusalHint(wireCode),
        data,
      })
    : new AgentError('GATE_REFUSED', `the peer was refused: ${reason}`, {
        hint: 'Nothing was sent to them beyond your credential.',
        data,
      });
}

function refusalHint(wireCode: number): string {
  if (wireCode === gateCodes.VC_MALFORMED) {
    return 'They do not accept your credential: its issuer may not be one they trust, or it has expired.';
  }
  if (wireCode === gateCodes.LEVEL) {
    return 'You have no security level in common, or a lower one than before: see wotid security.';
  }
  if (wireCode === gateCodes.KEX) {
    return 'They no longer have the keys that they have published; they have to publish new prekeys.';
  }
  if (wireCode === gateCodes.RATE) return 'Wait a minute and try again.';
  if (wireCode === gateCodes.CLOCK) return 'Check the clock of this machine.';
  return '';
}
