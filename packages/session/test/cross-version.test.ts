/**
 * Records and messages that earlier versions have written. Every version opens all of them, or migrates them: what is in
 * people's homes and mailboxes does not change because we did.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IdentityKeys, NobleProvider, NodeProvider, type CryptoProvider } from '@wotid/crypto';
import {
  consumeOneTimePair,
  decodePrekeys,
  decodeSession,
  defaultSecurityPolicy,
  encodePrekeys,
  encodeSession,
  oneTimePairs,
  openEnvelope,
  openInit,
  ownIdentity,
  sealMessage,
  verifyOneTimePair,
  verifyPrekeys,
  type OwnIdentity,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { credential, startMs, text } from './people.ts';

const folder = join(import.meta.dirname, 'fixtures');
const versions = readdirSync(folder).filter((name) => /^v\d+$/.test(name));
const providers: readonly CryptoProvider[] = [new NodeProvider(), new NobleProvider()];

interface People {
  readonly people: Readonly<Record<string, { readonly seeds: string; readonly idFp: string }>>;
}
interface Conversation extends People {
  readonly alice: string;
  readonly bob: string;
  readonly waiting: readonly { readonly to: 'a' | 'b'; readonly text: string; readonly envelope: string }[];
}
interface Handshakes extends People {
  readonly chainId: string;
  readonly mailboxId: string;
  readonly nowMs: number;
  readonly privateRecord: string;
  readonly published: string;
  readonly pairs: readonly string[];
  readonly inits: readonly {
    readonly text: string;
    readonly level: number;
    readonly suite: number;
    readonly pair: number | null;
    readonly envelope: string;
  }[];
}
interface Prekeys extends People {
  readonly chainId: string;
  readonly mailboxId: string;
  readonly privateRecord: string;
  readonly nowMs: number;
  readonly publications: readonly { readonly published: string; readonly nowMs: number }[];
  readonly inits: readonly {
    readonly text: string;
    readonly isFirstContact: boolean;
    readonly envelope: string;
  }[];
}

const hex = (value: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(value);
const wordsOf = (payload: Uint8Array): string => new TextDecoder().decode(payload);

function load<T>(version: string, name: string): T {
  return JSON.parse(readFileSync(join(folder, version, `${name}.json`), 'utf8')) as T;
}

const conversations = ['conversation', 'fresh-gate', 'rekey-offered', 'rekey-answered', 'level-1', 'level-2'];
const has = (version: string, name: string): boolean => existsSync(join(folder, version, `${name}.json`));

function identity(provider: CryptoProvider, { people }: People, name: string): OwnIdentity {
  const did = `did:example:${name}`;
  const { seeds, idFp } = people[did] as { readonly seeds: string; readonly idFp: string };
  const own = ownIdentity(provider, IdentityKeys.fromSecrets(provider, hex(seeds)), did);
  expect(own.idFp.toHex()).toBe(idFp);
  return own;
}

describe.each(versions)('what %s wrote', (version) => {
  describe.each(providers)('opens with $name', (provider) => {
    it.each(conversations.filter((name) => has(version, name)))(
      'session records and messages under way: %s',
      (name) => {
        const file = load<Conversation>(version, name);
        const own = { a: identity(provider, file, 'alice'), b: identity(provider, file, 'bob') };
        const sessions: Record<'a' | 'b', Session> = {
          a: decodeSession(provider, hex(file.alice)),
          b: decodeSession(provider, hex(file.bob)),
        };
        expect(sessions.a.sid.toHex()).toBe(sessions.b.sid.toHex());
        for (const { to, text: words, envelope } of file.waiting) {
          const peer = own[to === 'a' ? 'b' : 'a'].block;
          const opened = openEnvelope(provider, sessions[to], hex(envelope), { nowMs: startMs, peer });
          expect(wordsOf(opened.message.payload)).toBe(words);
          expect(opened.message.proof !== null).toBe(words.startsWith('signed'));
          sessions[to] = opened.session;
        }
        for (const from of ['b', 'a', 'b'] as const) {
          const to = from === 'a' ? 'b' : 'a';
          const init = { route: 'online', nowMs: startMs, rekeyWith: own[from] } as const;
          const sealed = sealMessage(provider, sessions[from], text(provider, 'onwards'), init);
          const opened = openEnvelope(provider, sessions[to], sealed.envelope, {
            nowMs: startMs,
            peer: own[from].block,
          });
          expect(wordsOf(opened.message.payload)).toBe('onwards');
          sessions[from] = sealed.session;
          sessions[to] = opened.session;
        }
        if (name.startsWith('rekey')) {
          expect([sessions.a.rekeySequence, sessions.b.rekeySequence]).toEqual([2, 2]);
        }
      },
    );

    it.runIf(has(version, 'handshakes'))(
      'one-time pairs, and first messages of every level and suite',
      () => {
        const file = load<Handshakes>(version, 'handshakes');
        const [alice, bob] = [identity(provider, file, 'alice'), identity(provider, file, 'bob')];
        const place = { chainId: file.chainId, mailboxId: hex(file.mailboxId), nowMs: file.nowMs };
        const { publication } = verifyPrekeys(provider, hex(file.published), place);
        expect(publication.otCount).toBe(file.pairs.length);
        for (const [index, pair] of file.pairs.entries()) {
          expect(verifyOneTimePair(provider, publication, hex(pair)).index).toBe(index);
        }
        let prekeys = decodePrekeys(hex(file.privateRecord));
        expect(oneTimePairs(provider, prekeys)?.pairs.map(({ bytes }) => bytes.toHex())).toEqual(file.pairs);
        for (const { text: words, level, suite, pair, envelope } of file.inits) {
          using pending = openInit(provider, hex(envelope), {
            ours: bob,
            prekeys,
            policy: { ...defaultSecurityPolicy, minLevel: 1 },
            isReplayed: () => false,
            findIdentity: () => alice.block,
            nowMs: file.nowMs,
          });
          const { session, message, oneTimePair } = pending.accept(file.nowMs);
          expect([wordsOf(message.payload), session.level, session.suite]).toEqual([words, level, suite]);
          expect(oneTimePair === null).toBe(pair === null);
          if (oneTimePair !== null) prekeys = consumeOneTimePair(prekeys, oneTimePair);
        }
        const used = file.inits.filter(({ pair }) => pair !== null).length;
        expect(oneTimePairs(provider, prekeys)?.pairs.length).toBe(file.pairs.length - used);
      },
    );

    it.runIf(has(version, 'prekeys'))('prekeys, publications and first messages', () => {
      const file = load<Prekeys>(version, 'prekeys');
      const [alice, bob] = [identity(provider, file, 'alice'), identity(provider, file, 'bob')];
      const prekeys = decodePrekeys(hex(file.privateRecord));
      const place = { chainId: file.chainId, mailboxId: hex(file.mailboxId) };
      const numbers = file.publications.map(({ published, nowMs }) => {
        const init = { ...place, nowMs, did: bob.block.did, idFp: bob.idFp };
        return verifyPrekeys(provider, hex(published), init).publication.number;
      });
      expect(numbers).toEqual(prekeys.numbers);
      for (const { text: words, isFirstContact, envelope } of file.inits) {
        using pending = openInit(provider, hex(envelope), {
          ours: bob,
          prekeys,
          isReplayed: () => false,
          findIdentity: () => alice.block,
          nowMs: file.nowMs,
        });
        expect(pending.credential).toEqual(isFirstContact ? credential : null);
        const { session, message } = pending.accept(file.nowMs);
        expect([wordsOf(message.payload), session.peerDid]).toEqual([words, alice.block.did]);
      }
    });
  });

  it.runIf(version === 'v1')(
    'has prekeys without one-time pairs, which move to the record of version 2',
    () => {
      const { privateRecord } = load<Prekeys>(version, 'prekeys');
      const moved = encodePrekeys(decodePrekeys(hex(privateRecord)));
      expect(moved[0]).toBe(2);
      // Two generations, each with two empty vectors more.
      expect(moved.length).toBe(hex(privateRecord).length + 4);
      expect(encodePrekeys(decodePrekeys(moved))).toEqual(moved);
    },
  );

  it.runIf(version === 'v1')('has session records that move to version 2', () => {
    const provider = new NodeProvider();
    for (const name of ['conversation', 'fresh-gate']) {
      const { alice, bob } = load<Conversation>(version, name);
      for (const record of [alice, bob]) {
        const old = decodeSession(provider, hex(record));
        const moved = encodeSession(old);
        expect(moved[0]).toBe(2);
        const { ratchet, ...facts } = decodeSession(provider, moved);
        const { ratchet: before, ...factsBefore } = old;
        expect(facts).toEqual(factsBefore);
        expect(JSON.stringify(ratchet)).toBe(JSON.stringify(before));
        expect(encodeSession(decodeSession(provider, moved))).toEqual(moved);
      }
    }
  });

  // As long as the formats are those of this version; a later one migrates and says so here.
  it.runIf(version === 'v2')('is written the same way still', () => {
    const provider = new NodeProvider();
    for (const name of conversations.filter((one) => has(version, one))) {
      const { alice, bob } = load<Conversation>(version, name);
      for (const record of [alice, bob]) {
        expect(encodeSession(decodeSession(provider, hex(record))).toHex()).toBe(record);
      }
    }
    const { privateRecord } = load<Handshakes>(version, 'handshakes');
    expect(encodePrekeys(decodePrekeys(hex(privateRecord))).toHex()).toBe(privateRecord);
  });
});
