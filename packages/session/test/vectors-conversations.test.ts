/**
 * The second reader of the test vectors, where several steps follow each other: first messages, a ratchet conversation, gates.
 * From the JSON files and `docs/security.md` alone.
 */
import { describe, expect, it } from 'vitest';
import { secondGate, secondHandshake } from './second-handshake.ts';
import {
  secondHeader,
  secondMessageKey,
  secondOpen,
  secondSeal,
  secondTurn,
  type SecondChain,
  type SecondPqChain,
} from './second-ratchet.ts';
import {
  type Json,
  read,
  bytes,
  ascii,
  cat,
  le,
  zeros,
  h,
  ec,
  kem,
  x25519,
  mlKem,
  rawPublic,
  open,
  oneTimeKeys,
  verifiesAtLevel,
} from './vectors-reader.ts';

describe('a second reader', () => {
  it.each(['pqxdh-offline', 'pqxdh-one-time', 'x3dh-one-time'])(
    'opens a first message as its recipient: %s',
    (name) => {
      const file = read(name);
      const hasKem = file.level === 3;
      const publicPart = bytes(file.publicPart);
      expect(publicPart.length).toBe(hasKem ? 1617 : 49);
      const ephemeral = publicPart.subarray(15, 47);
      expect(publicPart.subarray(0, 3).equals(Uint8Array.of(2, file.suite, file.level))).toBe(true);
      expect(rawPublic(x25519(bytes(file.randomness[0]))).equals(ephemeral)).toBe(true);
      const ours = file.responder;
      const ik = bytes(ours.seeds).subarray(1, 33);
      const spk = bytes(ours.spkSecret);
      const pair = ours.oneTimeSeed === null ? null : oneTimeKeys(bytes(ours.oneTimeSeed));
      const kemSeed = pair === null ? bytes(ours.kemSeed) : pair[1].seed;
      const ids = cat(
        h('sha256', ec(bytes(ours.spk))).subarray(0, 4),
        pair === null ? zeros(4) : h('sha256', ec(pair[0].publicKey)).subarray(0, 4),
        hasKem ? h('sha256', kem(rawPublic(mlKem(kemSeed)))).subarray(0, 4) : zeros(4),
      );
      expect(publicPart.subarray(3, 15).equals(ids)).toBe(true);
      const done = secondHandshake({
        level: file.level,
        suite: file.suite,
        responder: { ik, spk, opk: pair?.[0].secret ?? null, kemSeed: hasKem ? kemSeed : null },
        initiatorIk: bytes(file.initiator.ik),
        initiatorIdFp: bytes(file.initiator.idFp),
        responderIdFp: bytes(ours.idFp),
        ephemeral,
        ciphertext: hasKem ? publicPart.subarray(47, 1615) : null,
        gate: null,
      });
      const sessionAd = bytes(done.sessionAd);
      const seal = bytes(done.seal);
      const claims = open('gcm', seal.subarray(0, 32), seal.subarray(32), bytes(file.sealedPart), publicPart);
      const alice = read('identity').people[0];
      expect(claims.subarray(1, 1 + alice.block.length / 2).toString('hex')).toBe(alice.block);

      const facts = cat(
        Uint8Array.of(alice.did.length),
        ascii(alice.did),
        bytes(alice.idFp),
        h('sha256', bytes(file.credential)),
        le(file.nowMs, 8),
      );
      const factsAt = claims.indexOf(facts);
      expect(factsAt).toBe(1 + alice.block.length / 2 + 3 + 900);
      const signature = claims.subarray(
        factsAt + facts.length,
        factsAt + facts.length + (hasKem ? 4692 : 65),
      );
      const signed = cat(
        sessionAd,
        publicPart.subarray(3, 15),
        le(file.nowMs, 8),
        h('sha256', bytes(file.credential)),
      );
      expect(verifiesAtLevel(file.level, alice, 'init', signed, signature)).toBe(true);
      expect(h('sha256', publicPart).toString('hex')).toBe(file.initHash);
      expect(done.sid).toBe(file.sid);

      const [rootKey, headerKey, , , pqKey] = done.keys.map(bytes) as [
        Buffer,
        Buffer,
        Buffer,
        Buffer,
        Buffer,
      ];
      const envelope = bytes(file.firstEnvelope);
      const header = open('gcm-siv', headerKey, zeros(12), envelope.subarray(1, 59), zeros(0));
      if (!hasKem) return;
      const theirs = header.subarray(0, 32);
      const { chainKey } = secondTurn(rootKey, spk, theirs);
      const chain = { headerKey, chainKey, dh: theirs, pn: 0, n: 0 };
      const pq = { epoch: 0, pi: 0, i: 0, chainKey: pqKey };
      const frame = secondOpen(file.suite, sessionAd, chain, pq, envelope);
      expect(frame.subarray(3, 19).toString('hex')).toBe(file.messageId);
      expect(frame.subarray(30, 30 + file.text.length).toString('ascii')).toBe(file.text);
    },
  );

  it('follows a ratchet conversation', () => {
    const file = read('ratchet');
    const { keys } = file;
    const sessionAd = bytes(file.sessionAd);
    const secrets: Record<string, Buffer> = { a: bytes(file.firstRatchetSecret), b: bytes(file.spkSecret) };
    const chains: Record<string, SecondChain> = {};
    let root = bytes(keys.rootKey);
    const next: Record<string, Buffer> = { a: bytes(keys.headerKeyA), b: bytes(keys.nextHeaderKeyB) };
    const pqChain = (key: string): SecondPqChain => ({ epoch: 0, pi: 0, i: 0, chainKey: bytes(key) });
    const pq: Record<string, SecondPqChain> = {
      a: pqChain(keys.pqInitiatorToResponder),
      b: pqChain(keys.pqResponderToInitiator),
    };
    const turn = (sender: string, secret: Buffer, theirs: Buffer, pn: number): void => {
      const turned = secondTurn(root, secret, theirs);
      root = turned.rootKey;
      const { chainKey } = turned;
      chains[sender] = { headerKey: next[sender]!, chainKey, n: 0, pn, dh: rawPublic(x25519(secret)) };
      next[sender] = turned.nextHeaderKey;
    };
    turn('a', secrets['a']!, rawPublic(x25519(secrets['b']!)), 0);
    const sent: Record<number, SecondChain> = {};
    const turned = new Set<SecondChain>();
    for (const step of file.steps) {
      if (step.step === 'open') {
        // The first message of a chain makes its receiver draw a new secret and begin a chain of its own.
        const chain = sent[step.id]!;
        expect(step.draws.length).toBe(turned.has(chain) ? 0 : 1);
        if (turned.has(chain)) continue;
        turned.add(chain);
        const at: string = step.at;
        secrets[at] = bytes(step.draws[0]);
        turn(at, secrets[at], chain.dh, chains[at]?.n ?? 0);
        continue;
      }
      const chain = chains[step.from]!;
      sent[step.id] = chain;
      const ofPq = pq[step.from]!;
      expect([step.id, secondHeader(chain, ofPq).toString('hex'), step.headerKey]).toEqual([
        step.id,
        step.header,
        chain.headerKey.toString('hex'),
      ]);
      const { once } = secondMessageKey(chain.chainKey, ofPq.chainKey);
      expect(once.toString('hex')).toBe(step.key + step.nonce);
      const envelope = secondSeal(1, sessionAd, chain, ofPq, bytes(step.plaintext));
      expect(envelope.toString('hex')).toBe(step.envelope);
    }
    expect(Object.keys(sent)).toHaveLength(9);
  });

  it.each(['gate', 'gate-prekey', 'gate-level-1'])(
    'runs a gate: hashes, keys, plaintexts, signatures, session id: %s',
    (name) => {
      const file = read(name);
      const hasKem = file.level === 3;
      const signatureLength = hasKem ? 4692 : 65;
      const frames = file.messages.map((one: Json) => bytes(one.frame)) as Buffer[];
      const [m1, m2] = frames as [Buffer, Buffer];
      const [peerA, peerB] = [bytes(file.initiator.peerId), bytes(file.responder.peerId)];
      // Alice drew nonce, ephemeral secret and KEM seed; Bob's ephemeral key and ciphertext are in M2.
      const [nonce, secret, kemSeed] = file.randomness.initiator.map(bytes);
      expect([
        m1.subarray(5, 37).equals(nonce),
        rawPublic(x25519(secret)).equals(m1.subarray(37, 69)),
      ]).toEqual([true, true]);
      expect(rawPublic(mlKem(kemSeed)).equals(m1.subarray(69, 1637))).toBe(true);
      expect(m1[1637]).toBe(file.publishedKemSeed === null ? 0 : 1);
      if (file.publishedKemSeed !== null) {
        const keyHash = h('sha256', kem(rawPublic(mlKem(bytes(file.publishedKemSeed)))));
        expect(m1.subarray(1638, 1642).equals(keyHash.subarray(0, 4))).toBe(true);
      }
      const gate = secondGate({
        peerIdA: peerA,
        peerIdB: peerB,
        m1,
        m2,
        secret,
        kemSeed,
        ephemeral: m2.subarray(36, 68),
        ciphertext: m2.subarray(68, 1636),
        published:
          file.publishedKemSeed === null
            ? null
            : { seed: bytes(file.publishedKemSeed), ciphertext: m1.subarray(1642, 3210) },
      });
      let th = gate.th2;
      expect(th.toString('hex')).toBe(file.th[0]);
      expect([gate.kA, gate.kB, gate.exporter].map((key) => key.toString('hex'))).toEqual([
        file.keys.kA,
        file.keys.kB,
        file.keys.exporter,
      ]);

      const people = read('identity').people;
      frames.slice(2).forEach((frame, at) => {
        const key = at % 2 === 0 ? gate.kA : gate.kB;
        const plaintext = open('gcm', key, cat(le(Math.floor(at / 2), 8), zeros(4)), frame.subarray(1), th);
        expect([frame[0], plaintext.toString('hex')]).toEqual([3, file.messages[at + 2].plaintext]);
        if (at < 2) {
          const claims = plaintext.subarray(1, -signatureLength);
          const [purpose, body] = [at === 0 ? 'gate-A' : 'gate-B', cat(th, h('sha512', claims))];
          const signature = plaintext.subarray(-signatureLength);
          expect(verifiesAtLevel(file.level, people[at], purpose, body, signature)).toBe(true);
        }
        th = h('sha512', th, frame.subarray(1));
        expect(th.toString('hex')).toBe(file.th[at + 1]);
      });
      expect(file.gateHash).toBe(file.th[2]);

      const publicPart = bytes(file.messages[4].plaintext).subarray(5, 5 + (hasKem ? 1617 : 49));
      const [spk, opk, prekeySeed] = file.prekeySecrets.map(bytes);
      const done = secondHandshake({
        level: file.level,
        suite: 1,
        responder: { ik: bytes(people[1].x25519Secret), spk, opk, kemSeed: hasKem ? prekeySeed : null },
        initiatorIk: bytes(people[0].ik),
        initiatorIdFp: bytes(file.initiator.idFp),
        responderIdFp: bytes(file.responder.idFp),
        ephemeral: publicPart.subarray(15, 47),
        ciphertext: hasKem ? publicPart.subarray(47, 1615) : null,
        gate: { hash: bytes(file.gateHash), exporter: gate.exporter },
      });
      expect(done.sid).toBe(file.sid);
    },
  );
});
