/**
 * A ratchet on integers: which messages must open, in which epoch each side sends, and where the agreement on the next
 * one stands. It knows no key; it is the second account of the rules of docs/security.md, section 7.
 */

const TTL_MS = 30 * 86_400_000;
const MAX_OLD = 5;

/** What a message shows of its sender's numbers. */
export interface ModelHeader {
  readonly chain: number;
  readonly pn: number;
  readonly n: number;
  readonly epoch: number;
  readonly pi: number;
  readonly i: number;
}

/** An Offer or Answer; `ek` names the Offer's key. */
export interface ModelItem {
  readonly kind: 'offer' | 'answer';
  readonly epoch: number;
  readonly ek: string;
  readonly isSigned: boolean;
  readonly sentAtMs: number;
}

type ModelSlot =
  | { readonly kind: 'idle' }
  | { readonly kind: 'offered' | 'answered'; readonly ek: string; readonly isSigned: boolean };

/** What one side must be able to open, on integers. */
export class SideModel {
  readonly isInitiator: boolean;
  readonly hasDh: boolean;
  readonly hasPq: boolean;
  // Chain numbers: each side's own, -1 while it has none.
  sendChain: number;
  sendN = 0;
  previousLength = 0;
  receiveChain = -1;
  receiveN = 0;
  /** Missing messages by chain, oldest chain first; n to the time they were noticed. */
  missing: { readonly chain: number; readonly numbers: Map<number, number> }[] = [];
  sendEpoch = 0;
  sendI = 0;
  previousI = 0;
  /** Epochs whose messages still come in turn, oldest first, with the next index. */
  open: { readonly epoch: number; readonly i: number }[] = [{ epoch: 0, i: 0 }];
  readonly missingPq: Map<string, number> = new Map();
  slot: ModelSlot = { kind: 'idle' };

  constructor(isInitiator: boolean, hasDh: boolean, hasPq: boolean) {
    this.isInitiator = isInitiator;
    this.hasDh = hasDh;
    this.hasPq = hasPq;
    this.sendChain = isInitiator || !hasDh ? 0 : -1;
    if (!hasDh) this.receiveChain = 0;
  }

  get newest(): number {
    return this.open.at(-1)?.epoch ?? 0;
  }

  get canSend(): boolean {
    return this.sendChain >= 0;
  }

  /** The numbers of the next message. */
  send(): ModelHeader {
    return {
      chain: this.sendChain,
      pn: this.previousLength,
      n: this.sendN++,
      epoch: this.sendEpoch,
      pi: this.previousI,
      i: this.hasPq ? this.sendI++ : 0,
    };
  }

  offer(ek: string, isSigned: boolean): void {
    this.slot = { kind: 'offered', ek, isSigned };
  }

  /** True when the message opens; the model then has moved. */
  receive(message: ModelHeader, item: ModelItem | null, nowMs: number): boolean {
    const pqKey = `${message.epoch}/${message.i}`;
    const pqSince = this.missingPq.get(pqKey);
    const isLatePq = pqSince !== undefined;
    const at = this.open.findIndex(({ epoch }) => epoch === message.epoch);
    if (this.hasPq) {
      const isInTurn = at >= 0 && message.i >= (this.open[at]?.i ?? 0);
      if (isLatePq ? nowMs - pqSince > TTL_MS : !isInTurn) return false;
    }
    if (!this.#receiveEc(message, nowMs)) return false;
    if (this.hasPq) {
      if (isLatePq) this.missingPq.delete(pqKey);
      else this.#takePq(message, at, nowMs);
    }
    this.#expire(nowMs);
    if (item !== null && nowMs - item.sentAtMs <= TTL_MS) this.#take(item);
    return true;
  }

  #receiveEc(message: ModelHeader, nowMs: number): boolean {
    if (
      message.chain <= this.receiveChain &&
      !(message.chain === this.receiveChain && message.n >= this.receiveN)
    ) {
      const chain = this.missing.find((candidate) => candidate.chain === message.chain);
      const since = chain?.numbers.get(message.n);
      if (chain === undefined || since === undefined || nowMs - since > TTL_MS) return false;
      chain.numbers.delete(message.n);
      return true;
    }
    if (message.chain > this.receiveChain) {
      if (this.receiveChain >= 0) this.#miss(this.receiveChain, this.receiveN, message.pn, nowMs);
      this.receiveChain = message.chain;
      this.receiveN = 0;
      this.previousLength = this.sendN;
      this.sendChain += 1;
      this.sendN = 0;
    }
    this.#miss(message.chain, this.receiveN, message.n, nowMs);
    this.receiveN = message.n + 1;
    return true;
  }

  #miss(chain: number, from: number, to: number, nowMs: number): void {
    let entry = this.missing.find((candidate) => candidate.chain === chain);
    if (entry === undefined) this.missing.push((entry = { chain, numbers: new Map() }));
    for (let n = from; n < to; n++) entry.numbers.set(n, nowMs);
  }

  #takePq({ epoch, i, pi }: ModelHeader, at: number, nowMs: number): void {
    const missed = (of: number, from: number, to: number): void => {
      for (let k = from; k < to; k++) this.missingPq.set(`${of}/${k}`, nowMs);
    };
    if (at > 0) {
      const before = this.open[0] as { epoch: number; i: number };
      missed(before.epoch, before.i, pi);
      this.open.shift();
      if (this.slot.kind === 'answered') {
        this.slot = { kind: 'idle' };
        this.#sendIn(epoch);
      }
    }
    const from = this.open[0]?.i ?? 0;
    missed(epoch, from, i);
    this.open[0] = { epoch, i: i + 1 };
  }

  #sendIn(epoch: number): void {
    this.previousI = this.sendI;
    this.sendI = 0;
    this.sendEpoch = epoch;
  }

  /** Honest ends never conflict, so there is no row for that. */
  #take({ kind, epoch, ek, isSigned }: ModelItem): void {
    const { slot } = this;
    if (epoch <= this.newest) return;
    if (kind === 'answer') {
      this.slot = { kind: 'idle' };
      this.open.push({ epoch, i: 0 });
      this.#sendIn(epoch);
      return;
    }
    if (slot.kind === 'offered' && (slot.isSigned === isSigned ? this.isInitiator : slot.isSigned)) return;
    this.slot = { kind: 'answered', ek, isSigned };
    this.open.push({ epoch, i: 0 });
  }

  #expire(nowMs: number): void {
    for (const { numbers } of this.missing) {
      for (const [n, since] of numbers) if (nowMs - since > TTL_MS) numbers.delete(n);
    }
    for (const [key, since] of this.missingPq) if (nowMs - since > TTL_MS) this.missingPq.delete(key);
    const current = this.missing.filter(({ chain }) => chain === this.receiveChain);
    const old = this.missing.filter(({ chain, numbers }) => chain !== this.receiveChain && numbers.size > 0);
    this.missing = [...old.slice(-MAX_OLD), ...current];
  }
}
