/** A second reader of `epochs.json`: with the second ratchet, from `docs/security.md` alone. */
import { decapsulate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ratchetKey,
  secondControl,
  secondEpoch,
  secondOpen,
  secondRekeyBody,
  secondTurn,
  type SecondChain,
  type SecondPqChain,
} from './second-ratchet.ts';
import {
  ascii,
  bytes,
  cat,
  h,
  hkdf,
  identityPublicKeys,
  le,
  mlKem,
  rawPublic,
  read,
  signedMessage,
  verifiesHybrid,
  zeros,
  type Json,
} from './vectors-reader.ts';

const file = read('epochs');

/** Both ends of a conversation, each with what it has drawn. */
class SecondTalk {
  readonly talk: Json;
  #root: Buffer;
  readonly #secrets: Record<string, Buffer>;
  readonly #chains: Record<string, SecondChain> = {};
  readonly #nextHeader: Record<string, Buffer>;
  #pqRoot: Buffer;
  readonly #pq: Record<string, SecondPqChain | null>;
  /** Chains of an epoch that its side does not send in yet. */
  #waiting: Record<string, SecondPqChain> = {};
  /** Seed of the Offer under way, and its key. */
  #offer: { readonly seed: Buffer; readonly ek: Buffer } | null = null;
  readonly #turned = new Set<SecondChain>();

  constructor(talk: Json) {
    this.talk = talk;
    const key = (name: string): Buffer => bytes(talk.keys[name]);
    const [aToB, bToA] = [key('pqInitiatorToResponder'), key('pqResponderToInitiator')];
    this.#root = key('rootKey');
    this.#pqRoot = key('pqRoot');
    const pq = (chainKey: Buffer): SecondPqChain | null =>
      talk.level === 3 ? { epoch: 0, pi: 0, i: 0, chainKey } : null;
    this.#pq = { a: pq(aToB), b: pq(bToA) };
    this.#nextHeader = { a: key('headerKeyA'), b: key('nextHeaderKeyB') };
    if (talk.level === 1) {
      const chain = (headerKey: Buffer, chainKey: Buffer): SecondChain => ({
        headerKey,
        chainKey,
        dh: zeros(32),
        pn: 0,
        n: 0,
      });
      this.#chains = { a: chain(key('headerKeyA'), aToB), b: chain(key('nextHeaderKeyB'), bToA) };
      this.#secrets = {};
      return;
    }
    this.#secrets = { a: bytes(talk.firstDraws[0]), b: bytes(talk.spkSecret) };
    this.#turn('a', ratchetKey(this.#secrets['b']!));
  }

  /** One message from `step.from`, opened by the other end. */
  take(step: Json, at: number): void {
    const { from } = step;
    const to = from === 'a' ? 'b' : 'a';
    const chain = this.#chains[from]!;
    const openDraws = step.openDraws.map(bytes) as Buffer[];
    const plaintext = secondOpen(
      this.talk.suite,
      bytes(this.talk.sessionAd),
      chain,
      this.#pq[from]!,
      bytes(step.envelope),
    );
    expect(plaintext.toString('hex')).toBe(step.plaintext);
    expect(plaintext.includes(ascii(`message ${at}`))).toBe(true);
    // The receiver has answered, and now sees that its peer uses the epoch: it sends in it as well.
    if (this.#waiting[to] !== undefined && this.#pq[from]!.epoch === this.#waiting[to]!.epoch) {
      this.#pq[to] = { ...this.#waiting[to], pi: this.#pq[to]!.i };
      this.#waiting = {};
    }
    if (this.talk.level > 1 && !this.#turned.has(chain)) {
      this.#turned.add(chain);
      this.#secrets[to] = openDraws.shift()!;
      this.#turn(to, chain.dh);
    }
    if (plaintext[0] === 2) this.#control(step, from, plaintext, openDraws);
    expect(openDraws).toEqual([]);
    expect(step.rekeySequence).toEqual({ a: this.#pq['a']?.epoch ?? 0, b: this.#pq['b']?.epoch ?? 0 });
  }

  #turn(side: string, theirs: Buffer): void {
    const secret = this.#secrets[side]!;
    const pn = this.#chains[side]?.n ?? 0;
    const { rootKey, chainKey, nextHeaderKey } = secondTurn(this.#root, secret, theirs);
    this.#root = rootKey;
    this.#chains[side] = { headerKey: this.#nextHeader[side]!, chainKey, dh: ratchetKey(secret), pn, n: 0 };
    this.#nextHeader[side] = nextHeaderKey;
  }

  #control(step: Json, from: string, frame: Buffer, openDraws: Buffer[]): void {
    const item = secondControl(frame);
    if (item.kind === 1) {
      const seed = (step.sealDraws.map(bytes) as Buffer[]).find(({ length }) => length === 64)!;
      expect(rawPublic(mlKem(seed)).equals(item.key)).toBe(true);
      this.#offer = { seed, ek: item.key };
      this.#checkSignature(from, item, null);
      // The randomness of the encapsulation.
      expect(openDraws.shift()).toHaveLength(32);
      return;
    }
    const { seed, ek } = this.#offer!;
    this.#checkSignature(from, item, ek);
    const ss = decapsulate(mlKem(seed), item.key);
    const keys = secondEpoch(ss, this.#pqRoot, item.epoch, ek, item.key);
    this.#pqRoot = keys.root;
    const chain = (chainKey: Buffer): SecondPqChain => ({ epoch: item.epoch, pi: 0, i: 0, chainKey });
    // Who offered sends in it at once.
    const offering = from === 'a' ? 'b' : 'a';
    const ofSide = (side: string): SecondPqChain => chain(side === 'a' ? keys.aToB : keys.bToA);
    this.#pq[offering] = { ...ofSide(offering), pi: this.#pq[offering]!.i };
    this.#waiting = { [from]: ofSide(from) };
  }

  #checkSignature(from: string, item: ReturnType<typeof secondControl>, offered: Buffer | null): void {
    if (item.signature === null) return;
    const [signer, other] =
      from === 'a' ? [this.talk.initiator, this.talk.responder] : [this.talk.responder, this.talk.initiator];
    const body = secondRekeyBody({
      sid: bytes(this.talk.sid),
      signerIdFp: bytes(signer.idFp),
      from: signer.did,
      to: other.did,
      epoch: item.epoch,
      sentAtMs: item.sentAtMs,
      ek: offered ?? item.key,
      ciphertext: offered === null ? null : item.key,
    });
    const keys = identityPublicKeys(bytes(signer.seeds));
    expect(verifiesHybrid(keys, signedMessage('rekey', body), item.signature)).toBe(true);
  }
}

describe('a second reader of epochs', () => {
  it('derives the keys of an epoch', () => {
    for (const one of file.keys) {
      const info = cat(ascii('wot.id/v1/pq-epoch'), le(one.epoch, 4), bytes(one.exchangeHash));
      const okm = hkdf(bytes(one.ss), bytes(one.root), info, 96).toString('hex');
      expect(okm).toBe(one.nextRoot + one.aToB + one.bToA);
    }
    // The known answer of the design: first bytes of the hash of all 96.
    const [first] = file.keys;
    const all = bytes(first.nextRoot + first.aToB + first.bToA);
    expect(h('sha256', all).subarray(0, 8).toString('hex')).toBe('ba5f050e0eecaab5');
  });

  it('makes the bodies that are signed', () => {
    const { sid, signerIdFp, from, to, epoch, sentAtMs } = file.signed;
    const facts = {
      sid: bytes(sid),
      signerIdFp: bytes(signerIdFp),
      from,
      to,
      epoch,
      sentAtMs,
      ek: Buffer.alloc(1_568, 0x52),
    };
    expect(secondRekeyBody({ ...facts, ciphertext: null }).toString('hex')).toBe(file.signed.offer);
    const ciphertext = Buffer.alloc(1_568, 0x53);
    expect(secondRekeyBody({ ...facts, ciphertext }).toString('hex')).toBe(file.signed.answer);
  });

  it.each([file.rekeys, ...file.levels])(
    'follows a conversation at level $level with suite $suite',
    (talk: Json) => {
      const second = new SecondTalk(talk);
      for (const [at, step] of talk.steps.entries()) second.take(step, at);
      const last = talk.steps.at(-1).rekeySequence;
      expect(last).toEqual(talk.level === 3 ? { a: 2, b: 2 } : { a: 0, b: 0 });
    },
  );

  it('hashes a log', () => {
    const { from, to, messages, hash, checkpoint } = file.log;
    const entry = (one: Json): Buffer =>
      h(
        'sha512',
        le(one.type, 2),
        bytes(one.messageId),
        Uint8Array.of(one.seq),
        le(one.sentAtMs, 8),
        one.replyTo === null ? zeros(1) : cat(Uint8Array.of(1), bytes(one.replyTo)),
        h('sha512', bytes(one.payload)),
      );
    const expected = h(
      'sha512',
      ascii('wot.id/v1/log'),
      Uint8Array.of(from.length),
      ascii(from),
      Uint8Array.of(to.length),
      ascii(to),
      le(1, 4),
      le(3, 4),
      ...messages.map(entry),
    );
    expect(expected.toString('hex')).toBe(hash);
    expect(checkpoint).toBe(cat(Uint8Array.of(1), le(1, 4), le(3, 4), expected, zeros(1)).toString('hex'));
  });
});
