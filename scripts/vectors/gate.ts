/** Vectors of whole gates: frames, transcript hashes, keys and plaintexts, and the session that follows. */
import { concatBytes } from '@wotid/core';
import {
  acceptGateSession,
  createGateInitiator,
  createGateResponder,
  createGateSession,
  defaultSecurityPolicy,
  encodeReceipt,
  messageTypes,
  OnlinePrekeys,
  openEnvelope,
  sealMessage,
  splitInit,
  type GateInit,
  type GateObservation,
  type GateSessionContext,
  type OutgoingMessage,
  type SecurityLevel,
  type Session,
} from '@wotid/session';
import { VirtualClock } from '@wotid/testkit';
import {
  alice,
  bob,
  counting,
  filled,
  hex,
  startMs,
  type Hex,
  type VectorFile,
  type VectorPerson,
} from './people.ts';

const peerIdA = concatBytes(Uint8Array.of(0, 36, 8, 1, 18, 32), filled(0xaa, 32));
const peerIdB = concatBytes(Uint8Array.of(0, 36, 8, 1, 18, 32), filled(0xbb, 32));

/** `gate.json`: level 3. */
export function gateVectors(): Promise<VectorFile> {
  return wholeGate('gate', 3, false);
}

/** `gate-prekey.json`: level 3, with an encapsulation to the responder's published prekey. */
export function prekeyGateVectors(): Promise<VectorFile> {
  return wholeGate('gate-prekey', 3, true);
}

/** `gate-level-1.json`: Ed25519 signatures and X3DH, the same hybrid encryption. */
export function classicalGateVectors(): Promise<VectorFile> {
  return wholeGate('gate-level-1', 1, false);
}

async function wholeGate(file: string, level: SecurityLevel, isToPrekey: boolean): Promise<VectorFile> {
  const a = alice(file);
  const b = bob(file);
  const seen: GateObservation[] = [];
  const sessions: { a?: Session; b?: Session } = {};
  using published = isToPrekey ? b.provider.kemGenerate() : null;
  const publishedSeed = b.provider.takeDrawn()[0] ?? null;
  const publishedKem = published === null ? null : hex(published.publicKey);
  using prekeys = new OnlinePrekeys(b.provider, level);
  const prekeySecrets = b.provider.takeDrawn();
  const initOf = (who: VectorPerson, ourPeerId: Uint8Array, theirPeerId: Uint8Array): GateInit<null> => ({
    provider: who.provider,
    clock: new VirtualClock(startMs),
    ours: who.own,
    credential: credentialOf(who),
    ourPeerId,
    theirPeerId,
    verifyPeer: async () => ({ ok: true, credential: null }),
    policy: { ...defaultSecurityPolicy, minLevel: level, maxLevel: level },
    observe: (one) => {
      if (one.direction === 'sent') seen.push(one);
    },
  });
  const initiator = createGateInitiator({
    ...initOf(a, peerIdA, peerIdB),
    ...(published === null ? {} : { responderKemPrekey: published.publicKey }),
    sessions: {
      liveSession: () => null,
      open: (context, bundle) => {
        const made = createGateSession(a.provider, {
          ...bindingOf(context),
          ours: a.own,
          prekeys: bundle,
          nowMs: startMs,
        });
        const first = sealMessage(a.provider, made.session, receipt(1), { route: 'online', nowMs: startMs });
        sessions.a = first.session;
        return concatBytes(made.publicPart, first.envelope);
      },
      resume: () => {
        throw new TypeError('there is no session to resume');
      },
      complete: (_, reply) => {
        const opened = openEnvelope(a.provider, sessions.a as Session, reply, {
          nowMs: startMs,
          peer: b.own.block,
        });
        sessions.a = opened.session;
      },
    },
  });
  const responder = createGateResponder({
    ...initOf(b, peerIdB, peerIdA),
    kemPrekey: () => published,
    sessions: {
      liveSession: () => null,
      bundle: () => prekeys.publicKeys,
      accept: (context, message) => {
        const parts = splitInit(message);
        if (parts === null) throw new TypeError('M5 starts no session');
        const fresh = acceptGateSession(b.provider, parts.publicBytes, {
          ...bindingOf(context),
          ours: b.own,
          prekeys,
          nowMs: startMs,
        });
        const opened = openEnvelope(b.provider, fresh, parts.envelope, { nowMs: startMs, peer: a.own.block });
        const reply = sealMessage(b.provider, opened.session, receipt(2), {
          route: 'online',
          nowMs: startMs,
        });
        sessions.b = reply.session;
        return reply.envelope;
      },
      resume: () => {
        throw new TypeError('there is no session to resume');
      },
    },
  });

  const frames: Uint8Array[] = [...initiator.start().send];
  let gateHash: Hex = '';
  for (let at = 0; at < frames.length; at++) {
    const step = await (at % 2 === 0 ? responder : initiator).receive(frames[at] as Uint8Array);
    if (step.terminate !== undefined) throw new TypeError(`the gate ended: ${step.terminate.reason}`);
    frames.push(...step.send);
    if (step.done !== undefined) gateHash = hex(step.done.gateHash);
  }
  const label = hex(new TextEncoder().encode('wot.id/v1/gate-keys'));
  const keys = a.provider.derived.find((call) => call.info.startsWith(label));
  if (keys === undefined || sessions.a === undefined) throw new TypeError('the gate derived no keys');
  const hashes = transcriptHashes(a, keys.salt, frames);
  return {
    about:
      'A gate without a live session. Frames are without the stream\'s length prefix. th[0] is th2; th[k] follows the k-th sealed frame. "randomness" is what each side drew, in order. Responder\'s prekey secrets: spk, opk, at level 3 kem seed. "publishedKemSeed": of the published prekey that M1 is for, if it is.',
    level,
    suite: sessions.a.suite,
    publishedKemSeed: publishedSeed,
    publishedKem,
    initiator: { did: a.own.block.did, seeds: hex(a.seeds), idFp: hex(a.own.idFp), peerId: hex(peerIdA) },
    responder: { did: b.own.block.did, seeds: hex(b.seeds), idFp: hex(b.own.idFp), peerId: hex(peerIdB) },
    nowMs: startMs,
    credentials: { initiator: hex(credentialOf(a)), responder: hex(credentialOf(b)) },
    prekeySecrets,
    randomness: { initiator: a.provider.takeDrawn(), responder: b.provider.takeDrawn() },
    keys: {
      ikm: keys.ikm,
      salt: keys.salt,
      info: keys.info,
      kA: keys.output.slice(0, 64),
      kB: keys.output.slice(64, 128),
      exporter: keys.output.slice(128),
    },
    th: hashes,
    gateHash,
    messages: frames.map((frame, at) => ({
      name: `M${at + 1}`,
      frame: hex(frame),
      plaintext: hex((seen[at] as GateObservation).plaintext),
    })),
    sid: hex(sessions.a.sid),
  };
}

/** The gate takes credentials as bytes; what they say is the vectors of `credential.json`. */
function credentialOf(who: VectorPerson): Uint8Array {
  return filled(who.own.idFp[0] as number, 700);
}

function transcriptHashes(who: VectorPerson, th2: Hex, frames: readonly Uint8Array[]): Hex[] {
  const hashes = [th2];
  for (const frame of frames.slice(2)) {
    const before = Uint8Array.fromHex(hashes.at(-1) as Hex);
    hashes.push(hex(who.provider.sha512(concatBytes(before, frame.subarray(1)))));
  }
  return hashes;
}

function receipt(id: number): OutgoingMessage {
  return {
    type: messageTypes.receipt,
    payload: encodeReceipt([]),
    messageId: counting(id, 16),
    seq: 0,
    sentAtMs: startMs,
    ackSeq: 0,
  };
}

function bindingOf(
  context: GateSessionContext<null>,
): Pick<Parameters<typeof createGateSession>[1], 'peer' | 'level' | 'suite' | 'gate' | 'initiatedAtMs'> {
  const { peer, level, suite, gateHash, exporter, initiatedAtMs } = context;
  return { peer, level, suite, gate: { gateHash, exporter: exporter() }, initiatedAtMs };
}
