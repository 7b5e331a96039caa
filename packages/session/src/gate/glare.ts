import { compareBytes } from '@wotid/core';

/**
 * Which of two simultaneous gates between the same two nodes goes on: the one that the smaller PeerId (bytewise) opened.
 * Both ends come to the same answer; the other gate ends with `GLARE`.
 * @returns `ours` when the gate that we opened survives; `theirs` also for equal PeerIds, which the gate refuses anyway
 */
export function survivingGate(ourPeerId: Uint8Array, theirPeerId: Uint8Array): 'ours' | 'theirs' {
  return compareBytes(ourPeerId, theirPeerId) < 0 ? 'ours' : 'theirs';
}
