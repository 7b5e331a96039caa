/** Vectors of the prekey publication, and of PQXDH and X3DH offline: from private keys to the first message. */
import { concatBytes } from '@wotid/core';
import {
  createInit,
  createPrekeys,
  emptyPrekeys,
  encodePrekeys,
  encodeText,
  messageTypes,
  defaultSecurityPolicy,
  oneTimePairs,
  openInit,
  splitInit,
  verifyPrekeys,
  type PrekeyStore,
  type SecurityLevel,
} from '@wotid/session';
import { revealPrekeys } from '../../packages/session/src/prekeys/store.ts';
import {
  alice,
  bob,
  counting,
  filled,
  hex,
  place,
  startMs,
  type VectorFile,
  type VectorPerson,
} from './people.ts';

/** Bob's first publication. */
export function publish(owner: VectorPerson): {
  readonly store: PrekeyStore;
  readonly published: Uint8Array;
} {
  return createPrekeys(owner.provider, emptyPrekeys(), {
    ...place,
    ours: owner.own,
    number: 1,
    nowMs: startMs,
    policy: { ...defaultSecurityPolicy, minLevel: 1 },
    oneTimePairs: 3,
  });
}

/** `prekeys.json` */
export function prekeyVectors(): VectorFile {
  const owner = bob('prekeys');
  const { store, published } = publish(owner);
  const [generation] = revealPrekeys(store);
  const { publication } = verifyPrekeys(owner.provider, published, { ...place, nowMs: startMs });
  if (generation === undefined) throw new TypeError('no generation was made');
  return {
    about:
      'A prekey publication as it stands on chain, its one-time pairs as a directory hands them out, and the private record behind it.',
    chainId: place.chainId,
    mailboxId: hex(place.mailboxId),
    did: owner.own.block.did,
    idFp: hex(owner.own.idFp),
    number: 1,
    notBeforeMs: publication.notBeforeMs,
    notAfterMs: publication.notAfterMs,
    spkSecret: hex(generation.spkSecret),
    spk: hex(publication.spk),
    spkId: publication.spkId,
    kemSeed: hex(generation.kemSeed),
    lastResortKem: hex(publication.lastResortKem),
    kemId: publication.kemId,
    suites: publication.suites,
    minLevel: publication.minLevel,
    otRoot: hex(publication.otRoot),
    pairs: generation.pairs.map(({ index, id, seed }, at) => ({
      index,
      id,
      seed: hex(seed),
      leaf: hex(generation.leaves[index] as Uint8Array),
      bytes: hex(pairsOf(owner, store)[at] as Uint8Array),
    })),
    published: hex(published),
    privateRecord: hex(encodePrekeys(store)),
  };
}

function pairsOf(owner: VectorPerson, store: PrekeyStore): readonly Uint8Array[] {
  return (oneTimePairs(owner.provider, store)?.pairs ?? []).map(({ bytes }) => bytes);
}

/** `pqxdh-offline.json`: level 3 on the last-resort prekey. */
export function offlineVectors(): VectorFile {
  return firstMessageVectors('pqxdh-offline', 3, null);
}

/** `pqxdh-one-time.json`: level 3 on a one-time pair. */
export function oneTimeVectors(): VectorFile {
  return firstMessageVectors('pqxdh-one-time', 3, 1);
}

/** `x3dh-one-time.json`: level 2 on a one-time pair. */
export function x3dhVectors(): VectorFile {
  return firstMessageVectors('x3dh-one-time', 2, 2);
}

function firstMessageVectors(file: string, level: SecurityLevel, pairAt: number | null): VectorFile {
  const a = alice(file);
  const b = bob(file);
  const policy = { ...defaultSecurityPolicy, minLevel: 1, maxLevel: level } as const;
  const { store, published } = publish(b);
  const [generation] = revealPrekeys(store);
  if (generation === undefined) throw new TypeError('no generation was made');
  const prekeys = verifyPrekeys(a.provider, published, { ...place, nowMs: startMs });
  const credential = filled(0xcc, 900);
  const oneTimePair = pairAt === null ? undefined : pairsOf(b, store)[pairAt];
  a.provider.takeDrawn();
  a.provider.sealed.length = 0;
  a.provider.derived.length = 0;
  const { session, envelope } = createInit(a.provider, {
    ours: a.own,
    prekeys,
    policy,
    ...(oneTimePair === undefined ? {} : { oneTimePair }),
    credential,
    isFirstContact: true,
    isPeerVerified: true,
    message: {
      type: messageTypes.text,
      payload: encodeText('hello Bob'),
      messageId: counting(0xa0, 16),
      seq: 1,
      sentAtMs: startMs,
    },
    nowMs: startMs,
  });
  const randomness = a.provider.takeDrawn();
  using pending = openInit(b.provider, envelope, {
    ours: b.own,
    prekeys: store,
    policy,
    isReplayed: () => false,
    findIdentity: () => null,
    nowMs: startMs,
  });
  const accepted = pending.accept(startMs);
  const parts = splitInit(envelope);
  if (parts === null) throw new TypeError('the envelope is no initial message');
  return {
    about:
      'Alice writes a first message to Bob, who is away. "randomness" is what Alice drew, in order: ephemeral secret, at level 3 ML-KEM message, first ratchet secret, at level 3 ML-DSA-87 rnd of the init signature. "derived" and "sealed" are her calls of HKDF and of the AEADs, in order.',
    level,
    suite: session.suite,
    initiator: { did: a.own.block.did, seeds: hex(a.seeds), idFp: hex(a.own.idFp), ik: hex(a.own.block.ik) },
    responder: {
      did: b.own.block.did,
      seeds: hex(b.seeds),
      idFp: hex(b.own.idFp),
      ik: hex(b.own.block.ik),
      spkSecret: hex(generation.spkSecret),
      spk: hex(prekeys.publication.spk),
      kemSeed: hex(generation.kemSeed),
      kem: hex(prekeys.publication.lastResortKem),
      published: hex(published),
      oneTimePair: oneTimePair === undefined ? null : hex(oneTimePair),
      oneTimeSeed: pairAt === null ? null : hex((generation.pairs[pairAt] as { seed: Uint8Array }).seed),
    },
    nowMs: startMs,
    credential: hex(credential),
    text: 'hello Bob',
    messageId: hex(counting(0xa0, 16)),
    randomness,
    derived: a.provider.derived,
    sealed: a.provider.sealed,
    publicPart: hex(parts.publicBytes),
    sealedPart: hex(parts.sealed),
    firstEnvelope: hex(parts.envelope),
    envelope: hex(concatBytes(parts.publicBytes, parts.sealed, parts.envelope)),
    initHash: hex(session.initHash),
    sid: hex(accepted.session.sid),
  };
}
