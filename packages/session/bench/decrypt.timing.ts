/**
 * How long it takes to refuse an envelope, by what is wrong with it. What a stranger can send must not tell them which
 * byte of a tag was right, nor anything of keys.
 */
import { NodeProvider, timingSafeEqual } from '@wotid/crypto';
import { equalBytes } from '@wotid/core';
import { encrypt, openEnvelope, sealMessage, type Session } from '@wotid/session';
import type { TimingExperiment } from '@wotid/testkit';
import { RatchetState, revealRatchet } from '../src/ratchet/state.ts';
import { offlinePair, person, startMs, text } from '../test/people.ts';

const provider = new NodeProvider();
const VARIANTS = 64;
/** kind 1, sealed header 58 with its tag at the end, body. */
const HEADER_TAG_AT = 1 + 42;
const BODY_AT = 59;

const [alice, bob] = [person('alice'), person('bob')];
const pair = offlinePair(alice, bob);

function many(from: Session, count: number): { readonly session: Session; readonly envelopes: Uint8Array[] } {
  let session = from;
  const envelopes = Array.from({ length: count }, (_, k) => {
    const sealed = sealMessage(provider, session, text(provider, 'a message of some length', k), {
      route: 'online',
      nowMs: startMs,
    });
    session = sealed.session;
    return sealed.envelope;
  });
  return { session, envelopes };
}

const openAt = (session: Session, envelope: Uint8Array): Session =>
  openEnvelope(provider, session, envelope, { nowMs: startMs, peer: alice.own.block }).session;

/** Message 2 of 4 has come, 0 and 1 are missing; message 3 is next in turn. */
const sent = many(pair.a, 3);
const [missing, , arrived] = sent.envelopes as [Uint8Array, Uint8Array, Uint8Array];
const next = many(sent.session, 1).envelopes[0] as Uint8Array;
const receiver = openAt(pair.b, arrived);

/** An envelope like `next`, as who does not have the right chain keys would make it: its header opens, its body does not. */
function withOtherBodyKey(): Uint8Array {
  const fields = revealRatchet(sent.session.ratchet);
  const sending = { ...fields.sending!, chainKey: provider.random.bytes(32) };
  const state = new RatchetState({ ...fields, sending });
  return encrypt(provider, state, new Uint8Array(next.length - 75)).envelope;
}

/** An envelope of the same length that another session sealed. */
function ofOtherSession(): Uint8Array {
  return many(offlinePair(alice, bob).a, 1).envelopes[0] as Uint8Array;
}

function changed(envelope: Uint8Array, at: number, length = 1): Uint8Array {
  const copy = envelope.slice();
  const noise = provider.random.bytes(length);
  for (let k = 0; k < length; k++) {
    const where = (at < 0 ? copy.length + at : at) + k;
    copy[where] = (copy[where] as number) ^ ((noise[k] as number) | 1);
  }
  return copy;
}

/** Copies, so that all classes lie in memory of the same kind, whoever made them. */
const variants = (make: () => Uint8Array): Uint8Array[] =>
  Array.from({ length: VARIANTS }, () => make().slice());

/** Refusals are what is measured. */
function refused(envelope: Uint8Array): boolean {
  try {
    openAt(receiver, envelope);
  } catch {
    return true;
  }
  throw new TypeError('an envelope of this experiment opens');
}

const bodies: TimingExperiment<Uint8Array> = {
  name: 'decrypt.body',
  run: refused,
  classes: [
    { name: 'tag wrong in its first byte', inputs: variants(() => changed(next, -16)) },
    { name: 'the same again', inputs: variants(() => changed(next, -16)) },
    { name: 'tag wrong in its last byte', inputs: variants(() => changed(next, -1)) },
    { name: 'whole tag random', inputs: variants(() => changed(next, -16, 16)) },
    { name: 'first byte of the ciphertext wrong', inputs: variants(() => changed(next, BODY_AT)) },
    { name: 'sealed under another message key', inputs: variants(withOtherBodyKey) },
    {
      name: 'header wrong',
      mayDiffer: true,
      inputs: variants(() => changed(next, HEADER_TAG_AT)),
    },
  ],
};

const headers: TimingExperiment<Uint8Array> = {
  name: 'decrypt.header',
  run: refused,
  classes: [
    { name: 'tag wrong in its first byte', inputs: variants(() => changed(next, HEADER_TAG_AT)) },
    { name: 'the same again', inputs: variants(() => changed(next, HEADER_TAG_AT)) },
    { name: 'tag wrong in its last byte', inputs: variants(() => changed(next, BODY_AT - 1)) },
    { name: 'first byte of the header wrong', inputs: variants(() => changed(next, 1)) },
    {
      name: 'garbage',
      inputs: variants(() => changed(next, 1, next.length - 1)),
    },
    { name: 'sealed under the key of another session', inputs: variants(ofOtherSession) },
  ],
};

const late: TimingExperiment<Uint8Array> = {
  name: 'decrypt.late',
  run: refused,
  classes: [
    {
      name: 'of a missing message, tag wrong in its first byte',
      inputs: variants(() => changed(missing, -16)),
    },
    { name: 'the same again', inputs: variants(() => changed(missing, -16)) },
    {
      name: 'of a missing message, tag wrong in its last byte',
      inputs: variants(() => changed(missing, -1)),
    },
    { name: 'of a message that has come', mayDiffer: true, inputs: variants(() => arrived.slice()) },
  ],
};

/** A ciphertext for the key pair, and what becomes of others: implicit rejection gives another secret. */
const kem = provider.kemGenerate();
const kemPublic = provider.kemImportPublic(kem.publicKey);
const ciphertext = (): Uint8Array => provider.kemEncapsulate(kemPublic).ciphertext;
const decapsulation: TimingExperiment<Uint8Array> = {
  name: 'kem.decapsulate',
  run: (input) => provider.kemDecapsulate(kem, input),
  classes: [
    { name: 'of our key', inputs: variants(ciphertext) },
    { name: 'the same again', inputs: variants(ciphertext) },
    { name: 'one byte wrong', inputs: variants(() => changed(ciphertext(), 700)) },
    { name: 'random', inputs: variants(() => provider.random.bytes(1_568)) },
  ],
};

const secret = provider.random.bytes(64);
const compared = (compare: (left: Uint8Array, right: Uint8Array) => boolean) => ({
  run: (input: Uint8Array) => {
    // One comparison is shorter than the clock's step.
    let same = false;
    for (let k = 0; k < 50; k++) same = compare(secret, input);
    return same;
  },
});
const comparison: TimingExperiment<Uint8Array> = {
  name: 'compare.constant-time',
  ...compared(timingSafeEqual),
  classes: [
    { name: 'first of 64 bytes wrong', inputs: variants(() => changed(secret, 0)) },
    { name: 'the same again', inputs: variants(() => changed(secret, 0)) },
    { name: 'last byte wrong', inputs: variants(() => changed(secret, 63)) },
    { name: 'equal', mayDiffer: true, inputs: variants(() => secret.slice()) },
  ],
};
/** Shows that a leak would be seen: this one, for public data, stops at the first difference. */
const leakyComparison: TimingExperiment<Uint8Array> = {
  name: 'compare.public-data',
  ...compared(equalBytes),
  classes: [
    { name: 'first of 64 bytes wrong', inputs: variants(() => changed(secret, 0)) },
    { name: 'the same again', inputs: variants(() => changed(secret, 0)) },
    { name: 'last byte wrong', mayDiffer: true, inputs: variants(() => changed(secret, 63)) },
  ],
};

export const experiments: readonly TimingExperiment<Uint8Array>[] = [
  bodies,
  headers,
  late,
  decapsulation,
  comparison,
  leakyComparison,
];
