/** Work that peers cause: one piece of each peer's at a time, in order, and no more waiting than is allowed. */
import { AgentError } from './errors.ts';

/** Pieces of work that may be there at once, the running ones included. */
export interface PeerQueueLimits {
  readonly perPeer: number;
  readonly inTotal: number;
}

export class PeerQueue {
  readonly #limits: PeerQueueLimits;
  /** The last piece of each peer that has any, and how many there are. */
  readonly #peers = new Map<string, { readonly last: Promise<unknown>; readonly count: number }>();
  #total = 0;

  constructor(limits: PeerQueueLimits) {
    this.#limits = limits;
  }

  /** Runs `work` after what this peer has caused before. @throws AgentError `BUSY`, and what `work` throws */
  async run<T>(peer: string, work: () => Promise<T>): Promise<T> {
    const { last = Promise.resolve(), count = 0 } = this.#peers.get(peer) ?? {};
    const { perPeer, inTotal } = this.#limits;
    if (count >= perPeer || this.#total >= inTotal) {
      throw new AgentError('BUSY', 'too much of this waits already', {
        hint: 'Try again in a moment.',
        data: { ofThisPeer: count, inTotal: this.#total },
      });
    }
    const turn = last.then(work);
    this.#peers.set(peer, { last: turn.catch(() => {}), count: count + 1 });
    this.#total += 1;
    try {
      return await turn;
    } finally {
      this.#total -= 1;
      const { last: newest, count: left } = this.#peers.get(peer) ?? { last, count: 1 };
      if (left <= 1) this.#peers.delete(peer);
      else this.#peers.set(peer, { last: newest, count: left - 1 });
    }
  }
}
