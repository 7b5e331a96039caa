/** Vectors of every key derivation, of header sealing, of frames and of padding. */
import {
  ecChainStep,
  initSealKey,
  messageKey,
  pqChainStep,
  handshakeSecret,
  prekeyId,
  rootStep,
  sessionId,
  sessionKeys,
} from '../../packages/session/src/kdf.ts';
import { encodeEc, encodeKem, sessionAssociatedData } from '../../packages/session/src/pqxdh/encoding.ts';
import { encodeHeader, sealHeader } from '../../packages/session/src/ratchet/header.ts';
import { pad } from '../../packages/session/src/wire/padding.ts';
import {
  encodeFrame,
  encodePresentation,
  encodeReceipt,
  encodeText,
  messageTypes,
  paddedLength,
  signedBody,
  type Frame,
} from '@wotid/session';
import { alice, counting, filled, hex, startMs, type VectorFile } from './people.ts';

const dh1 = filled(1, 32);
const dh2 = filled(2, 32);
const dh3 = filled(3, 32);
const dh4 = filled(4, 32);
const ss = filled(5, 32);

/** `kdf.json` */
export function kdfVectors(): VectorFile {
  const { provider } = alice('kdf');
  const sk = handshakeSecret(provider, [dh1, dh2, dh3, dh4], ss);
  const seal = (dhs: Uint8Array[], kem: Uint8Array | null = ss): Record<string, string> => {
    const { key, nonce } = initSealKey(provider, dhs, kem);
    return { key: hex(key), nonce: hex(nonce) };
  };
  const sessionAd = filled(0xad, 64);
  const keys = (salt: Uint8Array | null): Record<string, string> =>
    Object.fromEntries(
      Object.entries(sessionKeys(provider, sk, salt, 3, sessionAd)).map(([name, key]) => [name, hex(key)]),
    );
  const exporter = counting(0x40, 64);
  const rootKey = filled(8, 32);
  const root = rootStep(provider, rootKey, filled(9, 32));
  const ec = ecChainStep(provider, counting(0, 32));
  const pq = pqChainStep(provider, counting(32, 32));
  const once = messageKey(provider, ec.messageKey, pq.messageKey);
  const transcript = {
    initiatorIk: filled(0x11, 32),
    responderIk: filled(0x12, 32),
    ephemeral: filled(0x13, 32),
    ciphertext: filled(0x14, 1568),
    initiatorIdFp: filled(0x15, 32),
    responderIdFp: filled(0x16, 32),
    suite: 1,
    level: 3,
  } as const;
  const prekeys = { spk: filled(0x17, 32), kem: filled(0x18, 1568) };
  const opk = filled(0x19, 32);
  return {
    about: 'Every derivation on fixed inputs. HKDF and HMAC are over SHA-512.',
    pqxdh: {
      dh1: hex(dh1),
      dh2: hex(dh2),
      dh3: hex(dh3),
      dh4: hex(dh4),
      ss: hex(ss),
      sk: hex(sk),
      skWithoutDh4: hex(handshakeSecret(provider, [dh1, dh2, dh3], ss)),
      initSeal: seal([dh2, dh3, dh4]),
      initSealWithoutDh4: seal([dh2, dh3]),
    },
    x3dh: {
      sk: hex(handshakeSecret(provider, [dh1, dh2, dh3, dh4], null)),
      skWithoutDh4: hex(handshakeSecret(provider, [dh1, dh2, dh3], null)),
      initSeal: seal([dh2, dh3, dh4], null),
      initSealWithoutDh4: seal([dh2, dh3], null),
      sessionAd: hex(
        sessionAssociatedData(provider, {
          ...transcript,
          level: 2,
          ciphertext: null,
          prekeys: { spk: prekeys.spk, opk, kem: null },
          gateHash: null,
        }),
      ),
    },
    sessionAd: {
      initiatorIk: hex(transcript.initiatorIk),
      responderIk: hex(transcript.responderIk),
      kem: hex(prekeys.kem),
      ephemeral: hex(transcript.ephemeral),
      spk: hex(prekeys.spk),
      opk: hex(opk),
      ciphertext: hex(transcript.ciphertext),
      initiatorIdFp: hex(transcript.initiatorIdFp),
      responderIdFp: hex(transcript.responderIdFp),
      suite: 1,
      level: 3,
      gateHash: hex(sessionAd),
      offlineWithoutOpk: hex(
        sessionAssociatedData(provider, {
          ...transcript,
          prekeys: { ...prekeys, opk: null },
          gateHash: null,
        }),
      ),
      gateWithOpk: hex(
        sessionAssociatedData(provider, { ...transcript, prekeys: { ...prekeys, opk }, gateHash: sessionAd }),
      ),
      spkId: prekeyId(provider, encodeEc(prekeys.spk)),
      kemId: prekeyId(provider, encodeKem(prekeys.kem)),
    },
    session: {
      sk: hex(sk),
      level: 3,
      sessionAd: hex(sessionAd),
      sid: hex(sessionId(provider, sessionAd)),
      offline: keys(null),
      exporter: hex(exporter),
      gate: keys(exporter),
    },
    root: {
      rootKey: hex(rootKey),
      dh: hex(filled(9, 32)),
      nextRootKey: hex(root.rootKey),
      chainKey: hex(root.chainKey),
      nextHeaderKey: hex(root.nextHeaderKey),
    },
    ecChain: {
      chainKey: hex(counting(0, 32)),
      nextChainKey: hex(ec.chainKey),
      messageKey: hex(ec.messageKey),
    },
    pqChain: {
      chainKey: hex(counting(32, 32)),
      nextChainKey: hex(pq.chainKey),
      messageKey: hex(pq.messageKey),
    },
    message: {
      ecKey: hex(ec.messageKey),
      pqKey: hex(pq.messageKey),
      key: hex(once.key),
      nonce: hex(once.nonce),
    },
  };
}

/** `header.json` */
export function headerVectors(): VectorFile {
  const { provider } = alice('header');
  const headerKey = counting(0x40, 32);
  const fields = [
    { dh: counting(0, 32), pn: 0, n: 0, epoch: 0, pi: 0, i: 0 },
    { dh: counting(0, 32), pn: 0x2120, n: 0x2322, epoch: 0x2524, pi: 0x2726, i: 0x2928 },
    { dh: filled(0xff, 32), pn: 65_535, n: 65_535, epoch: 65_535, pi: 65_535, i: 65_535 },
  ];
  return {
    about:
      'AES-256-GCM-SIV, zero nonce, no associated data, over dh 32 | pn u16 | n u16 | epoch u16 | pi u16 | i u16.',
    headerKey: hex(headerKey),
    cases: fields.map((header) => {
      const plaintext = encodeHeader(header);
      return {
        ...header,
        dh: hex(header.dh),
        plaintext: hex(plaintext),
        sealed: hex(sealHeader(provider, headerKey, plaintext)),
      };
    }),
  };
}

/** `frame.json` */
export function frameVectors(): VectorFile {
  const { provider, own } = alice('frame');
  const base: Frame = {
    ackSeq: null,
    control: null,
    type: messageTypes.text,
    messageId: counting(0xa0, 16),
    seq: 1,
    sentAtMs: startMs,
    replyTo: null,
    payload: encodeText('hello'),
    signature: null,
  };
  const signature = filled(0x5a, 4692);
  signature[0] = 1;
  const frames: [string, Frame][] = [
    ['a text', base],
    ['with everything', { ...base, ackSeq: 300, seq: 0xffff_ffff, replyTo: counting(0xb0, 16), signature }],
    [
      'a receipt',
      {
        ...base,
        type: messageTypes.receipt,
        payload: encodeReceipt([
          { first: 2, last: 5 },
          { first: 7, last: 7 },
        ]),
      },
    ],
    [
      'an empty receipt',
      { ...base, seq: 0, ackSeq: 12, type: messageTypes.receipt, payload: encodeReceipt([]) },
    ],
    [
      'a presentation',
      { ...base, type: messageTypes.presentation, payload: encodePresentation(filled(0xcc, 300)), signature },
    ],
  ];
  const lengths = [
    0, 1, 30, 31, 32, 127, 128, 254, 255, 256, 257, 1_022, 1_023, 1_024, 1_025, 5_000, 40_000, 70_327,
  ];
  return {
    about:
      'Frames before padding, their padding (80 00 … to the padded length) and the bodies of message signatures.',
    frames: frames.map(([name, frame]) => {
      const encoded = encodeFrame(frame);
      return {
        name,
        ackSeq: frame.ackSeq,
        type: frame.type,
        messageId: hex(frame.messageId),
        seq: frame.seq,
        sentAtMs: frame.sentAtMs,
        replyTo: frame.replyTo === null ? null : hex(frame.replyTo),
        payload: hex(frame.payload),
        signature: frame.signature === null ? null : hex(frame.signature),
        encoded: hex(encoded),
        paddedForMailbox: hex(pad(encoded, paddedLength(encoded.length, 'mailbox'))),
        paddedOnlineBytes: paddedLength(encoded.length, 'online'),
      };
    }),
    signedBody: {
      sid: hex(counting(0xc0, 16)),
      signerIdFp: hex(own.idFp),
      from: own.block.did,
      to: 'did:example:bob',
      frame: 'a text',
      body: hex(
        signedBody(provider, {
          sid: counting(0xc0, 16),
          signerIdFp: own.idFp,
          from: own.block.did,
          to: 'did:example:bob',
          frame: base,
        }),
      ),
    },
    paddedLengths: lengths.map((bytes) => ({
      bytes,
      mailbox: paddedLength(bytes, 'mailbox'),
      online: paddedLength(bytes, 'online'),
    })),
  };
}
