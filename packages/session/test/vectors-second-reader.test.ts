/**
 * A second reader of the test vectors: from the JSON files and `docs/security.md` alone, with node:crypto (and liboqs for Falcon). Nothing of
 * the product is imported, so an error that the product makes twice shows here.
 */
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
  sealSiv,
  verifiesHybrid,
  signedMessage,
  identityBlock,
  verifiesEd25519,
  F,
  PQXDH,
  X3DH,
  oneTimeKeys,
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
});

function padTo(least: number, multiple: number, upTo: number): number {
  if (least <= upTo) return Math.ceil(least / multiple) * multiple;
  const exponent = Math.floor(Math.log2(least));
  const unit = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(least / unit) * unit;
}
