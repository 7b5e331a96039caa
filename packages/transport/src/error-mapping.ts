/** From the many errors of libp2p to the few of ours. Names and messages are those of libp2p 3.3. */
import { errorText } from '@wotid/core';
import { TransportError, type TransportErrorCode } from './errors.ts';

/** What is known about a failed dial beside the error. */
export interface DialFacts {
  readonly peerId: string;
  readonly caller: AbortSignal | undefined;
  readonly deadline: AbortSignal;
}

/** Of the failures at several addresses the first of this list is the one to tell. */
const tellingOrder: readonly TransportErrorCode[] = [
  'NOT_NOISE',
  'PEER_MISMATCH',
  'DENIED',
  'TIMEOUT',
  'BAD_ADDRESS',
  'UNREACHABLE',
];

const texts: Partial<Record<TransportErrorCode, readonly [what: string, hint: string]>> = {
  NOT_NOISE: ['does not offer Noise', 'wot.id talks over Noise only'],
  PEER_MISMATCH: [
    'is not who answers at this address: another PeerId does',
    'the address is outdated, or somebody is in the way; ask for a new contact card',
  ],
  DENIED: ['has no address of a transport that wot.id uses', 'it needs a TCP or a plain WebSocket address'],
  TIMEOUT: ['did not answer in time', 'it may be offline; messages can wait in its mailbox'],
  BAD_ADDRESS: ['has no usable address', 'ask for a new contact card'],
  UNREACHABLE: ['cannot be reached', 'it may be offline; messages can wait in its mailbox'],
};

/** The error of a dial. */
export function dialError(error: unknown, facts: DialFacts): TransportError {
  if (facts.caller?.aborted === true) return abortedError('dialling', error);
  const code = facts.deadline.aborted ? 'TIMEOUT' : dialCode(error);
  const [what, hint] = texts[code] ?? ['cannot be reached', ''];
  return new TransportError(code, `${facts.peerId} ${what}`, {
    hint,
    data: { peerId: facts.peerId },
    cause: error,
  });
}

function dialCode(error: unknown): TransportErrorCode {
  if (error instanceof AggregateError) {
    const codes = new Set(error.errors.map(dialCode));
    return tellingOrder.find((code) => codes.has(code)) ?? 'UNREACHABLE';
  }
  switch (nameOf(error)) {
    case 'EncryptionFailedError': {
      const text = errorText(error);
      if (text.includes('could not negotiate')) return 'NOT_NOISE';
      if (text.includes('does not match expected remote identity key')) return 'PEER_MISMATCH';
      return 'UNREACHABLE';
    }
    case 'DialDeniedError':
      return 'DENIED';
    case 'TimeoutError':
    case 'AbortError':
      return 'TIMEOUT';
    case 'NoValidAddressesError':
      return 'BAD_ADDRESS';
    default:
      return 'UNREACHABLE';
  }
}

/** What is known about a stream that could not be opened beside the error. */
export interface StreamFacts {
  readonly protocol: string;
  readonly caller: AbortSignal | undefined;
  readonly deadline: AbortSignal;
  readonly isOpen: boolean;
}

/** The error of opening a stream. */
export function streamError(error: unknown, facts: StreamFacts): TransportError {
  if (error instanceof TransportError) return error;
  const init = { data: { protocol: facts.protocol }, cause: error };
  if (facts.caller?.aborted === true) return abortedError('opening a stream', error);
  if (nameOf(error) === 'UnsupportedProtocolError') {
    return new TransportError('UNSUPPORTED_PROTOCOL', `the peer does not speak ${facts.protocol}`, init);
  }
  if (nameOf(error).startsWith('TooMany')) {
    return new TransportError('OVERLOADED', `too many ${facts.protocol} streams on this connection`, init);
  }
  if (!facts.isOpen) return new TransportError('CLOSED', 'the connection is closed', init);
  if (facts.deadline.aborted) {
    return new TransportError('TIMEOUT', `the peer did not answer for ${facts.protocol} in time`, init);
  }
  return new TransportError('STREAM_CLOSED', `${facts.protocol} cannot be opened: ${errorText(error)}`, init);
}

function abortedError(what: string, cause: unknown): TransportError {
  return new TransportError('ABORTED', `${what} was aborted`, { cause });
}

const nameOf = (error: unknown): string => (Error.isError(error) ? error.name : '');
