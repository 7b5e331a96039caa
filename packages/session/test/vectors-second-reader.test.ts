/**
 * A second reader of the test vectors: from the JSON files and `docs/security.md` alone, with node:crypto (and liboqs for Falcon). Nothing of
 * the product is imported, so an error that the product makes twice shows here.
 */
import { decapsulate } from 'node:crypto';
import { createFalconPadded1024 } from '@oqs/liboqs-js/sig';
import { describe, expect, it } from 'vitest';
import {
  type Json,
  read,
  bytes,
  ascii,
  cat,
  le,
  zeros,
  h,
  hkdf,
  hmac,
  parts32,
  ec,
  kem,
  pkcs8,
  x25519,
  mlKem,
  rawPublic,
  dh,
  open,
  sealSiv,
  verifiesHybrid,
  signedMessage,
  identityBlock,
  verifiesEd25519,
  F,
  PQXDH,
  X3DH,
  oneTimeKeys,
  verifiesAtLevel,
} from './vectors-reader.ts';

describe('a second reader', () => {
  it('makes identity blocks and fingerprints from seeds', () => {
    for (const person of read('identity').people) {
      expect(rawPublic(x25519(bytes(person.x25519Secret))).toString('hex')).toBe(person.ik);
      const ed25519 = pkcs8('302e020100300506032b657004220420', bytes(person.ed25519Seed));
      expect(rawPublic(ed25519).toString('hex')).toBe(person.ed25519);
      const mlDsa87 = pkcs8('3034020100300b060960864801650304031304228020', bytes(person.mlDsa87Seed));
      expect(rawPublic(mlDsa87).toString('hex')).toBe(person.mlDsa87);
      const block = identityBlock(person);
      expect(block.toString('hex')).toBe(person.block);
      expect(h('sha256', ascii('wot.id/v1/identity'), block).toString('hex')).toBe(person.idFp);
    }
    const { people, withFalcon } = read('identity');
    const block = identityBlock({ ...people[0], falcon1024: withFalcon.falcon1024 });
    expect(block.toString('hex')).toBe(withFalcon.block);
    expect(h('sha256', ascii('wot.id/v1/identity'), block).toString('hex')).toBe(withFalcon.idFp);
  });

  it('verifies signatures of all three algorithms, and only the valid ones', async () => {
    const falcon = await createFalconPadded1024();
    const file = read('hybrid-signature');
    const domains = ['wot.id/v1/sig', 'wot.id/v1/sig-2', 'wot.id/v1/sig-3'];
    expect(domains.map((domain) => signedMessage('init', bytes(file.body), domain).toString('hex'))).toEqual(
      file.messagesForInit,
    );
    const valid = file.cases.filter((one: Json) => {
      const signature = bytes(one.signature);
      const algorithm = signature[0] ?? 0;
      const message = signedMessage(one.purpose, bytes(file.body), domains[algorithm - 1]);
      const halfIsValid = verifiesEd25519(file, message, signature.subarray(1, 65));
      if (!one.accepted.includes(algorithm)) expect(one.isValid, one.name).toBe(false);
      else if (algorithm === 1) expect(verifiesHybrid(file, message, signature), one.name).toBe(one.isValid);
      else if (algorithm === 3) expect(halfIsValid, one.name).toBe(one.isValid);
      else {
        const falconHalf = falcon.verify(
          message,
          new Uint8Array(signature.subarray(65)),
          new Uint8Array(bytes(file.falcon1024)),
        );
        expect(signature.length === 1345 && halfIsValid && falconHalf, one.name).toBe(one.isValid);
      }
      return one.isValid;
    });
    expect(valid.map((one: Json) => one.name)).toEqual(['valid', 'Ed25519 and Falcon-1024', 'Ed25519 alone']);
  });

  it('derives every key of kdf.json', () => {
    const file = read('kdf');
    const { dh1, dh2, dh3, dh4, ss } = file.pqxdh;
    const ikm = (...names: string[]): Buffer => cat(F, ...names.map(bytes), bytes(ss));
    expect(hkdf(ikm(dh1, dh2, dh3, dh4), zeros(64), PQXDH, 32).toString('hex')).toBe(file.pqxdh.sk);
    expect(hkdf(ikm(dh1, dh2, dh3), zeros(64), PQXDH, 32).toString('hex')).toBe(file.pqxdh.skWithoutDh4);
    for (const [names, name] of [
      [[dh2, dh3, dh4], 'initSeal'],
      [[dh2, dh3], 'initSealWithoutDh4'],
    ] as const) {
      const okm = hkdf(ikm(...names), zeros(64), 'wot.id/v1/init-seal', 44).toString('hex');
      expect(okm).toBe(file.pqxdh[name].key + file.pqxdh[name].nonce);
    }

    const classical = (...names: string[]): Buffer => cat(F, ...names.map(bytes));
    expect(hkdf(classical(dh1, dh2, dh3, dh4), zeros(64), X3DH, 32).toString('hex')).toBe(file.x3dh.sk);
    expect(hkdf(classical(dh1, dh2, dh3), zeros(64), X3DH, 32).toString('hex')).toBe(file.x3dh.skWithoutDh4);
    for (const [names, name] of [
      [[dh2, dh3, dh4], 'initSeal'],
      [[dh2, dh3], 'initSealWithoutDh4'],
    ] as const) {
      const okm = hkdf(classical(...names), zeros(64), 'wot.id/v1/init-seal-x3dh', 44).toString('hex');
      expect(okm).toBe(file.x3dh[name].key + file.x3dh[name].nonce);
    }

    const t = file.sessionAd;
    const withoutKem = h(
      'sha512',
      ec(bytes(t.initiatorIk)),
      ec(bytes(t.responderIk)),
      ec(bytes(t.ephemeral)),
      ec(bytes(t.spk)),
      cat(Uint8Array.of(1), ec(bytes(t.opk))),
      bytes(t.initiatorIdFp),
      bytes(t.responderIdFp),
      Uint8Array.of(1, 2),
      zeros(64),
    );
    expect(withoutKem.toString('hex')).toBe(file.x3dh.sessionAd);
    const ad = (opk: Uint8Array, gateHash: Uint8Array): string =>
      h(
        'sha512',
        ec(bytes(t.initiatorIk)),
        ec(bytes(t.responderIk)),
        kem(bytes(t.kem)),
        ec(bytes(t.ephemeral)),
        ec(bytes(t.spk)),
        opk,
        h('sha256', bytes(t.ciphertext)),
        bytes(t.initiatorIdFp),
        bytes(t.responderIdFp),
        Uint8Array.of(t.suite, t.level),
        gateHash,
      ).toString('hex');
    expect(ad(zeros(1), zeros(64))).toBe(t.offlineWithoutOpk);
    expect(ad(cat(Uint8Array.of(1), ec(bytes(t.opk))), bytes(t.gateHash))).toBe(t.gateWithOpk);
    expect(h('sha256', ec(bytes(t.spk))).readUInt32LE()).toBe(t.spkId);
    expect(h('sha256', kem(bytes(t.kem))).readUInt32LE()).toBe(t.kemId);

    const { session } = file;
    const info = cat(ascii('wot.id/v1/session'), Uint8Array.of(3), bytes(session.sessionAd));
    for (const [salt, keys] of [
      [zeros(64), session.offline],
      [bytes(session.exporter), session.gate],
    ] as const) {
      expect(parts32(hkdf(bytes(session.sk), salt, info, 192))).toEqual([
        keys.rootKey,
        keys.headerKeyA,
        keys.nextHeaderKeyB,
        keys.pqRoot,
        keys.pqInitiatorToResponder,
        keys.pqResponderToInitiator,
      ]);
    }
    const sid = h('sha512', ascii('wot.id/v1/sid'), bytes(session.sessionAd)).subarray(0, 16);
    expect(sid.toString('hex')).toBe(session.sid);

    const { root, ecChain, pqChain, message } = file;
    expect(parts32(hkdf(bytes(root.dh), bytes(root.rootKey), 'wot.id/v1/rk', 96))).toEqual([
      root.nextRootKey,
      root.chainKey,
      root.nextHeaderKey,
    ]);
    expect(parts32(hmac(bytes(ecChain.chainKey), 1))).toEqual([ecChain.nextChainKey, ecChain.messageKey]);
    expect(parts32(hmac(bytes(pqChain.chainKey), 2))).toEqual([pqChain.nextChainKey, pqChain.messageKey]);
    const mk = hkdf(bytes(message.ecKey), bytes(message.pqKey), 'wot.id/v1/mk', 44).toString('hex');
    expect(mk).toBe(message.key + message.nonce);
  });

  it('seals headers', () => {
    const file = read('header');
    for (const one of file.cases) {
      const header = cat(
        bytes(one.dh),
        le(one.pn, 2),
        le(one.n, 2),
        le(one.epoch, 2),
        le(one.pi, 2),
        le(one.i, 2),
      );
      expect(header.toString('hex')).toBe(one.plaintext);
      expect(sealSiv(bytes(file.headerKey), header)).toBe(one.sealed);
    }
  });

  it('writes frames and pads them', () => {
    const file = read('frame');
    const uleb = (value: number): Buffer => {
      const out: number[] = [];
      for (let rest = value; ; rest = Math.floor(rest / 128)) {
        if (rest < 128) return Buffer.from([...out, rest]);
        out.push((rest % 128) + 128);
      }
    };
    const option = (hex: string | null): Buffer =>
      hex === null ? zeros(1) : cat(Uint8Array.of(1), bytes(hex));
    for (const one of file.frames) {
      const payload = bytes(one.payload);
      const frame = cat(
        ...(one.ackSeq === null ? [zeros(1)] : [Uint8Array.of(1), uleb(one.ackSeq)]),
        le(one.type, 2),
        bytes(one.messageId),
        uleb(one.seq),
        le(one.sentAtMs, 8),
        option(one.replyTo),
        uleb(payload.length),
        payload,
        option(one.signature),
      );
      expect(frame.toString('hex'), one.name).toBe(one.encoded);
      const padded = bytes(one.paddedForMailbox);
      expect(padded.subarray(0, frame.length).equals(frame)).toBe(true);
      expect(padded.subarray(frame.length).toString('hex')).toMatch(/^80(00)*$/);
    }
    const { signedBody } = file;
    const frame = file.frames.find((one: Json) => one.name === signedBody.frame);
    const text = (did: string): Buffer => cat(Uint8Array.of(did.length), ascii(did));
    const body = cat(
      bytes(signedBody.sid),
      bytes(signedBody.signerIdFp),
      text(signedBody.from),
      text(signedBody.to),
      le(frame.type, 2),
      bytes(frame.messageId),
      uleb(frame.seq),
      le(frame.sentAtMs, 8),
      option(null),
      h('sha512', bytes(frame.payload)),
    );
    expect(body.toString('hex')).toBe(signedBody.body);
    for (const { bytes: length, mailbox, online } of file.paddedLengths) {
      expect([mailbox, online]).toEqual([padTo(length + 1, 32, 256), padTo(length + 1, 128, 1024)]);
    }
  });

  it('verifies a prekey publication, whose private record opens it', () => {
    const file = read('prekeys');
    const owner = read('identity').people.find((one: Json) => one.did === file.did);
    const block = identityBlock(owner);
    const text = (value: string): Buffer => cat(Uint8Array.of(value.length), ascii(value));
    const publication = cat(
      Uint8Array.of(1),
      text(file.chainId),
      bytes(file.mailboxId),
      Uint8Array.of(file.suites, file.minLevel),
      text(file.did),
      bytes(file.idFp),
      le(file.number, 4),
      le(file.notBeforeMs, 8),
      le(file.notAfterMs, 8),
      le(file.spkId, 4),
      bytes(file.spk),
      le(file.kemId, 4),
      bytes(file.lastResortKem),
      le(file.pairs.length, 2),
      bytes(file.otRoot),
    );
    const published = bytes(file.published);
    const length = Buffer.from([(publication.length % 128) + 128, publication.length >> 7]);
    const head = cat(block, length, publication);
    expect(published.subarray(0, head.length).equals(head)).toBe(true);
    expect(
      verifiesHybrid(owner, signedMessage('prekeys', publication), published.subarray(head.length)),
    ).toBe(true);
    expect(rawPublic(x25519(bytes(file.spkSecret))).toString('hex')).toBe(file.spk);
    expect(rawPublic(mlKem(bytes(file.kemSeed))).toString('hex')).toBe(file.lastResortKem);
    expect(h('sha256', ec(bytes(file.spk))).readUInt32LE()).toBe(file.spkId);
    expect(h('sha256', kem(bytes(file.lastResortKem))).readUInt32LE()).toBe(file.kemId);
    // A tree of three: the left node over two leaves, and the third leaf beside it.
    const leaves = file.pairs.map((pair: Json) => bytes(pair.leaf)) as [Buffer, Buffer, Buffer];
    const left = h('sha256', Uint8Array.of(1), leaves[0], leaves[1]);
    expect(h('sha256', Uint8Array.of(1), left, leaves[2]).toString('hex')).toBe(file.otRoot);
    const paths = [[leaves[1], leaves[2]], [leaves[0], leaves[2]], [left]] as const;
    for (const [at, pair] of file.pairs.entries()) {
      const [opk, kemKey] = oneTimeKeys(bytes(pair.seed));
      const entry = cat(le(pair.id, 4), opk.publicKey, kemKey.publicKey);
      expect(h('sha256', ec(opk.publicKey)).readUInt32LE()).toBe(pair.id);
      expect(h('sha256', zeros(1), entry).toString('hex')).toBe(pair.leaf);
      const path = paths[at] as readonly Buffer[];
      const handedOut = cat(le(pair.index, 2), entry, Uint8Array.of(path.length), ...path);
      expect(handedOut.toString('hex')).toBe(pair.bytes);
    }
    const record = cat(
      Uint8Array.of(2, 1),
      le(file.number, 4),
      le(file.notBeforeMs, 8),
      le(file.notAfterMs, 8),
      le(file.spkId, 4),
      bytes(file.spkSecret),
      le(file.kemId, 4),
      bytes(file.kemSeed),
      Uint8Array.of(leaves.length),
      ...leaves,
      Uint8Array.of(file.pairs.length),
      ...file.pairs.map((pair: Json) => cat(le(pair.index, 2), le(pair.id, 4), bytes(pair.seed))),
    );
    expect(record.toString('hex')).toBe(file.privateRecord);
  });

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
      const kemKey = rawPublic(mlKem(kemSeed));
      const opkBytes = pair === null ? zeros(1) : cat(Uint8Array.of(1), ec(pair[0].publicKey));
      const ids = cat(
        h('sha256', ec(bytes(ours.spk))).subarray(0, 4),
        pair === null ? zeros(4) : h('sha256', ec(pair[0].publicKey)).subarray(0, 4),
        hasKem ? h('sha256', kem(kemKey)).subarray(0, 4) : zeros(4),
      );
      expect(publicPart.subarray(3, 15).equals(ids)).toBe(true);
      const ciphertext = publicPart.subarray(47, 1615);
      const ss = hasKem ? decapsulate(mlKem(kemSeed), ciphertext) : zeros(0);
      const others = [dh(ik, ephemeral), dh(spk, ephemeral)];
      if (pair !== null) others.push(dh(pair[0].secret, ephemeral));
      const sealLabel = hasKem ? 'wot.id/v1/init-seal' : 'wot.id/v1/init-seal-x3dh';
      const seal = hkdf(cat(F, ...others, ss), zeros(64), sealLabel, 44);
      const claims = open('gcm', seal.subarray(0, 32), seal.subarray(32), bytes(file.sealedPart), publicPart);
      const alice = read('identity').people[0];
      expect(claims.subarray(1, 1 + alice.block.length / 2).toString('hex')).toBe(alice.block);

      const sessionAd = h(
        'sha512',
        ec(bytes(file.initiator.ik)),
        ec(bytes(ours.ik)),
        hasKem ? kem(kemKey) : zeros(0),
        ec(ephemeral),
        ec(bytes(ours.spk)),
        opkBytes,
        hasKem ? h('sha256', ciphertext) : zeros(0),
        bytes(file.initiator.idFp),
        bytes(ours.idFp),
        Uint8Array.of(file.suite, file.level),
        zeros(64),
      );
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
      expect(h('sha512', ascii('wot.id/v1/sid'), sessionAd).subarray(0, 16).toString('hex')).toBe(file.sid);

      const dh1 = dh(spk, bytes(file.initiator.ik));
      const sk = hkdf(cat(F, dh1, ...others, ss), zeros(64), hasKem ? PQXDH : X3DH, 32);
      const info = cat(ascii('wot.id/v1/session'), Uint8Array.of(file.level), sessionAd);
      const [rootKey, headerKey, , , pqChain] = parts32(hkdf(sk, zeros(64), info, 192)).map(bytes);
      const envelope = bytes(file.firstEnvelope);
      const header = open('gcm-siv', headerKey!, zeros(12), envelope.subarray(1, 59), zeros(0));
      if (!hasKem) return;
      const chain = bytes(parts32(hkdf(dh(spk, header.subarray(0, 32)), rootKey!, 'wot.id/v1/rk', 96))[1]!);
      const mk = hkdf(hmac(chain, 1).subarray(32), hmac(pqChain!, 2).subarray(32), 'wot.id/v1/mk', 44);
      const aad = cat(sessionAd, Uint8Array.of(1), header);
      const frame = open('gcm', mk.subarray(0, 32), mk.subarray(32), envelope.subarray(59), aad);
      expect(frame.subarray(3, 19).toString('hex')).toBe(file.messageId);
      expect(frame.subarray(30, 30 + file.text.length).toString('ascii')).toBe(file.text);
    },
  );

  it('follows a ratchet conversation', () => {
    const file = read('ratchet');
    const { keys } = file;
    const sessionAd = bytes(file.sessionAd);
    const secrets: Record<string, Buffer> = { a: bytes(file.firstRatchetSecret), b: bytes(file.spkSecret) };
    const chains: Record<string, Chain> = {};
    let root = bytes(keys.rootKey);
    const next: Record<string, Buffer> = { a: bytes(keys.headerKeyA), b: bytes(keys.nextHeaderKeyB) };
    const pq: Record<string, Buffer> = {
      a: bytes(keys.pqInitiatorToResponder),
      b: bytes(keys.pqResponderToInitiator),
    };
    const turn = (sender: string, secret: Buffer, theirs: Buffer, pn: number): void => {
      const [rk, ck, nhk] = parts32(hkdf(dh(secret, theirs), root, 'wot.id/v1/rk', 96)).map(bytes);
      root = rk!;
      chains[sender] = { headerKey: next[sender]!, chainKey: ck!, n: 0, pn, dh: rawPublic(x25519(secret)) };
      next[sender] = nhk!;
    };
    turn('a', secrets['a']!, rawPublic(x25519(secrets['b']!)), 0);
    const pqIndex: Record<string, number> = { a: 0, b: 0 };
    const sent: Record<number, Chain> = {};
    const turned = new Set<Chain>();
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
      const header = cat(
        chain.dh,
        le(chain.pn, 2),
        le(chain.n++, 2),
        le(0, 2),
        le(0, 2),
        le(pqIndex[step.from]!++, 2),
      );
      expect([step.id, header.toString('hex'), step.headerKey]).toEqual([
        step.id,
        step.header,
        chain.headerKey.toString('hex'),
      ]);
      const [ec1, pq1] = [hmac(chain.chainKey, 1), hmac(pq[step.from]!, 2)];
      chain.chainKey = ec1.subarray(0, 32);
      pq[step.from] = pq1.subarray(0, 32);
      const mk = hkdf(ec1.subarray(32), pq1.subarray(32), 'wot.id/v1/mk', 44);
      expect(mk.toString('hex')).toBe(step.key + step.nonce);
      const envelope = bytes(step.envelope);
      expect(envelope.subarray(0, 59).toString('hex')).toBe(`01${sealSiv(chain.headerKey, header)}`);
      const aad = cat(sessionAd, Uint8Array.of(1), header);
      const body = open('gcm', mk.subarray(0, 32), mk.subarray(32), envelope.subarray(59), aad);
      expect(body.toString('hex')).toBe(step.plaintext);
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
      let th = h(
        'sha512',
        ascii('wot.id/v1/gate'),
        Uint8Array.of(1, peerA.length),
        peerA,
        Uint8Array.of(peerB.length),
        peerB,
        le(m1.length, 4),
        m1,
        le(m2.length, 4),
        m2,
      );
      expect(th.toString('hex')).toBe(file.th[0]);
      // Alice drew nonce, ephemeral secret and KEM seed; Bob's ephemeral key and ciphertext are in M2.
      const [nonce, secret, kemSeed] = file.randomness.initiator.map(bytes);
      expect([
        m1.subarray(5, 37).equals(nonce),
        rawPublic(x25519(secret)).equals(m1.subarray(37, 69)),
      ]).toEqual([true, true]);
      expect(rawPublic(mlKem(kemSeed)).equals(m1.subarray(69, 1637))).toBe(true);
      const shared = [dh(secret, m2.subarray(36, 68)), decapsulate(mlKem(kemSeed), m2.subarray(68, 1636))];
      let label = ascii('wot.id/v1/gate-keys');
      expect(m1[1637]).toBe(file.publishedKemSeed === null ? 0 : 1);
      if (file.publishedKemSeed !== null) {
        const published = mlKem(bytes(file.publishedKemSeed));
        const keyHash = h('sha256', kem(rawPublic(published)));
        expect(m1.subarray(1638, 1642).equals(keyHash.subarray(0, 4))).toBe(true);
        shared.push(decapsulate(published, m1.subarray(1642, 3210)));
        label = cat(label, keyHash);
      }
      const okm = hkdf(cat(...shared), th, label, 128);
      expect(okm.toString('hex')).toBe(file.keys.kA + file.keys.kB + file.keys.exporter);

      const people = read('identity').people;
      frames.slice(2).forEach((frame, at) => {
        const key = at % 2 === 0 ? okm.subarray(0, 32) : okm.subarray(32, 64);
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
      const [spk, opk] = file.prekeySecrets.slice(0, 2).map((one: string) => rawPublic(x25519(bytes(one))));
      const sessionAd = h(
        'sha512',
        ec(bytes(people[0].ik)),
        ec(bytes(people[1].ik)),
        hasKem ? kem(rawPublic(mlKem(bytes(file.prekeySecrets[2])))) : zeros(0),
        ec(publicPart.subarray(15, 47)),
        ec(spk),
        Uint8Array.of(1),
        ec(opk),
        hasKem ? h('sha256', publicPart.subarray(47, 1615)) : zeros(0),
        bytes(file.initiator.idFp),
        bytes(file.responder.idFp),
        Uint8Array.of(1, file.level),
        bytes(file.gateHash),
      );
      expect(h('sha512', ascii('wot.id/v1/sid'), sessionAd).subarray(0, 16).toString('hex')).toBe(file.sid);
    },
  );
});

interface Chain {
  readonly headerKey: Buffer;
  readonly dh: Buffer;
  readonly pn: number;
  chainKey: Buffer;
  n: number;
}

function padTo(least: number, multiple: number, upTo: number): number {
  if (least <= upTo) return Math.ceil(least / multiple) * multiple;
  const exponent = Math.floor(Math.log2(least));
  const unit = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(least / unit) * unit;
}
