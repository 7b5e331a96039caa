/**
 * Our own DID: publishing it, keeping its document in line with our keys and our mailbox, rotating keys, giving it up.
 *
 * Every step survives a crash. A new identity on chain that was not noted is found again by its controller and our key.
 * New keys are in the vault before the transaction that publishes them, and take the place of the old ones after it; what
 * was begun is finished by {@link OwnDid.resume}.
 */
import { identityKeyNames, wipe, type CryptoProvider, type IdentityKeyName } from '@wotid/crypto';
import {
  DidController,
  didKeyIds,
  mailboxOf,
  type DidContent,
  type DidReader,
  type MailboxEntry,
  type ResolvedDid,
} from '@wotid/did-iota';
import { fingerprintUri } from '@wotid/credential';
import type { TransactionQueue } from '@wotid/mailbox';
import { ownIdentity, type OwnIdentity } from '@wotid/session';
import {
  didTransaction,
  type CreatedDidFacts,
  type DidFacts,
  type DidTransaction,
  type RotatedKeys,
} from './did-changes.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { didMethodOf, loadKeys, type LiveIdentity } from './identity.ts';
import { settingNames } from './network-profile.ts';

export interface OwnDidInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly ours: LiveIdentity;
  /** `null` on a network without an identity package that is known here. */
  readonly reader: DidReader | null;
  /** The transactions of the account that controls the DID. */
  readonly queue: () => Promise<TransactionQueue>;
  /** Our mailbox, for the document. */
  readonly mailbox: () => MailboxEntry | null;
  /** Runs in the transaction that ends the time of the old keys: sessions only receive from now on. */
  readonly onRotating: () => void;
  /** The last moment at which our DID proves anything. Does not throw. */
  readonly onDeactivating: () => Promise<void>;
  /** Other keys or another DID count now: links with the old ones end. */
  readonly onChanged: () => Promise<void>;
}

/** What the document says when the owner has taken it away: it is not published again unasked. */
const takenAway = 'deactivated';

export class OwnDid {
  readonly #init: OwnDidInit;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(init: OwnDidInit) {
    this.#init = init;
  }

  /** DID URL of our Ed25519 key. */
  get keyId(): string {
    const { ours } = this.#init;
    const { did } = ours.block;
    // The did:jwk method names its one key so.
    return did.startsWith('did:iota:') ? didKeyIds(did, contentOf(ours, null)).ed25519 : `${did}#0`;
  }

  /** True while new keys wait to take the place of the present ones. */
  get isRotating(): boolean {
    return this.#init.home.vault.names().includes(secretNames.nextIdentity);
  }

  /**
   * Publishes our DID; asked again, puts its document right.
   * @throws AgentError `FIXED_DID` for a did:jwk, `WRONG_CHAIN`, `BAD_NETWORK`; DidIotaError `NO_PACKAGE` …; MailboxError
   */
  create(): Promise<CreatedDidFacts> {
    return this.#inTurn(async () => {
      const reader = this.#requireReader();
      await this.#finishRotation();
      const { ours } = this.#init;
      let created: DidTransaction | null = null;
      if (ours.did === null) {
        const known = await this.#findOwn(reader);
        if (known === null) {
          const made = await (await this.#controller(reader)).create(contentOf(ours, null));
          created = didTransaction(made);
          this.#note(made.did);
        } else this.#note(known);
      }
      // What was noted may be older than what others, or a copy of this home, have done since.
      const did = ours.requireDid();
      const { document } = await reader.resolve(did);
      const isCurrent = document !== null && says(document, did, contentOf(ours, this.#init.mailbox()));
      if (!isCurrent) this.#noteDocument(undefined);
      const published = await this.#publish();
      return { did, fingerprint: ours.idFp.toHex(), created, published };
    });
  }

  /** Our DID, and what the chain says of it now. @throws DidIotaError */
  async show(): Promise<DidFacts> {
    const { home, ours } = this.#init;
    const method = didMethodOf(home);
    const { did } = ours;
    const base = {
      did,
      method,
      fingerprint: did === null ? null : ours.idFp.toHex(),
      isRotating: this.isRotating,
    };
    if (method === 'jwk' || did === null) {
      const state = method === 'jwk' ? 'fixed' : 'unpublished';
      return { ...base, state, keyIds: null, isCurrent: method === 'jwk', mailboxId: null, updatedAt: null };
    }
    const { document, deactivated, updatedAt } = await this.#requireReader().resolve(did);
    const mailbox = document === null ? null : mailboxOf(document);
    return {
      ...base,
      state: deactivated ? 'deactivated' : 'active',
      keyIds: document?.verificationMethod?.map(({ id }) => id) ?? [],
      isCurrent: document !== null && says(document, did, contentOf(ours, this.#init.mailbox())),
      mailboxId: mailbox?.mailboxId ?? null,
      updatedAt,
    };
  }

  /**
   * Takes the DID's document away: nobody lets us in any more, until {@link create} brings it back, or `forever`. The
   * directory forgets our record before, because nobody can prove afterwards that it is theirs.
   * @throws as {@link create}, and AgentError `NO_DID`
   */
  deactivate(forever: boolean): Promise<DidTransaction> {
    return this.#inTurn(async () => {
      const reader = this.#requireReader();
      const did = this.#init.ours.requireDid();
      await this.#init.onDeactivating();
      const receipt = await (await this.#controller(reader)).deactivate(did, { forever });
      this.#noteDocument(takenAway);
      await this.#init.onChanged();
      return didTransaction(receipt);
    });
  }

  /**
   * Replaces keys of our identity block. The credential is bound to the old block and is dropped: a new one is needed
   * before anybody talks to us again. Sessions only receive from now on; private prekeys of the old block are erased.
   * @param keys default all that the block has
   * @throws AgentError `FIXED_DID` for the Ed25519 key of a did:jwk, `BAD_REQUEST`, and as {@link create}. When the
   *   outcome on chain is not known the rotation stays under way; {@link resume} finishes it.
   */
  rotate(keys?: readonly string[]): Promise<RotatedKeys> {
    return this.#inTurn(async () => {
      const { home, provider, ours } = this.#init;
      ours.requireDid();
      const names = this.#keysToRotate(keys);
      if (!this.isRotating) {
        using next = ours.keys.withFresh(provider, names);
        const secrets = next.exportSecrets();
        home.vault.set({ [secretNames.nextIdentity]: secrets });
        wipe(secrets);
      }
      return { ...(await this.#finishRotation())!, keys: names };
    });
  }

  /**
   * Finishes what a crash or a lost network has interrupted: a rotation, and a document that does not say what it should.
   * True when something was done.
   * @throws as {@link create}
   */
  resume(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#init.ours.did === null) return false;
      const rotated = await this.#finishRotation();
      const published = this.#init.reader === null ? null : await this.#publish();
      return rotated !== null || published !== null;
    });
  }

  /** Resolves when nothing is under way. Never rejects. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** One change at a time: each begins with what the one before has left. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  #requireReader(): DidReader {
    const { home, reader } = this.#init;
    if (didMethodOf(home) === 'jwk') {
      throw new AgentError('FIXED_DID', 'a did:jwk is its key: there is nothing to publish or to take away', {
        hint: 'Make a home with wotid init --did iota to have a DID whose keys can change.',
      });
    }
    if (reader !== null) return reader;
    throw new AgentError('BAD_NETWORK', 'no identity package is known on this network', {
      hint: 'Publish one with wotid deploy, and name it: wotid init --identity-package ID.',
    });
  }

  async #controller(reader: DidReader): Promise<DidController> {
    return new DidController({ reader, transactions: await this.#init.queue() });
  }

  /** An identity that a crash kept us from noting: controlled by our account, with our key. */
  async #findOwn(reader: DidReader): Promise<string | null> {
    const { ours, queue } = this.#init;
    for (const did of await reader.didsControlledBy((await queue()).address)) {
      const { document } = await reader.resolve(did);
      if (document?.authentication?.includes(didKeyIds(did, contentOf(ours, null)).ed25519) === true)
        return did;
    }
    return null;
  }

  #note(did: string): void {
    this.#init.home.settings.set({ [settingNames.did]: did });
    this.#init.ours.publishedAs(did);
  }

  #noteDocument(marker: string | undefined): void {
    this.#init.home.settings.set({ [settingNames.publishedDocument]: marker });
  }

  /** Writes the document, unless it is known to say everything, or was taken away. */
  async #publish(): Promise<DidTransaction | null> {
    const { home, ours, mailbox } = this.#init;
    if (didMethodOf(home) === 'jwk') return null;
    const content = contentOf(ours, mailbox());
    const known = home.settings.get(settingNames.publishedDocument);
    if (known === markerOf(content) || known === takenAway) return null;
    const receipt = await (await this.#controller(this.#requireReader())).update(ours.requireDid(), content);
    this.#noteDocument(markerOf(content));
    return didTransaction(receipt);
  }

  #keysToRotate(keys: readonly string[] | undefined): readonly IdentityKeyName[] {
    const { home, ours } = this.#init;
    const present = identityKeyNames.filter(
      (name) => name !== 'falcon-1024' || ours.keys.falcon1024 !== null,
    );
    const isFixed = didMethodOf(home) === 'jwk';
    const wanted = keys ?? present.filter((name) => !(isFixed && name === 'ed25519'));
    const names = present.filter((name) => wanted.includes(name));
    if (wanted.length === 0 || names.length < new Set(wanted).size) {
      throw new AgentError('BAD_REQUEST', 'there is no such key to rotate', {
        hint: `Name some of ${present.join(', ')}.`,
      });
    }
    if (isFixed && names.includes('ed25519')) {
      throw new AgentError('FIXED_DID', 'a did:jwk is its Ed25519 key: it cannot be rotated', {
        hint: 'Rotate the others, or make a new home with wotid init.',
      });
    }
    return names;
  }

  /** Publishes the keys that wait, and lets them count. `null` when none do. */
  async #finishRotation(): Promise<Omit<RotatedKeys, 'keys'> | null> {
    const { home, provider, ours } = this.#init;
    if (!this.isRotating) return null;
    const did = ours.requireDid();
    const next = ownIdentity(provider, loadKeys(provider, home.vault, secretNames.nextIdentity), did);
    const before = ours.idFp.toHex();
    let published: DidTransaction | null = null;
    const content = contentOf(next, this.#init.mailbox());
    if (didMethodOf(home) === 'iota') {
      const reader = this.#requireReader();
      // A transaction of which we heard nothing more may have succeeded.
      const { document } = await reader.resolve(did);
      if (document === null || !says(document, did, content)) {
        published = didTransaction(await (await this.#controller(reader)).update(did, content));
      }
    }
    home.transaction(() => {
      home.settings.set({
        [settingNames.credential]: undefined,
        [settingNames.prekeys]: undefined,
        [settingNames.unpublishedPrekeys]: undefined,
        [settingNames.unpublishedUntil]: undefined,
        [settingNames.publishedPrekeys]: undefined,
        [settingNames.prekeysDue]: 'rotated',
        [settingNames.publishedDocument]: markerOf(content),
      });
      this.#init.onRotating();
    });
    const secrets = next.keys.exportSecrets();
    home.vault.set({ [secretNames.identity]: secrets, [secretNames.nextIdentity]: undefined });
    wipe(secrets);
    ours.rotatedTo(next);
    await this.#init.onChanged();
    return { did, before, after: next.idFp.toHex(), published };
  }
}

function contentOf({ keys, idFp, block }: OwnIdentity, mailbox: MailboxEntry | null): DidContent {
  return {
    ed25519: keys.ed25519.publicKey,
    mlDsa87: keys.mlDsa87.publicKey,
    // The block names the DID, so before there is one there is no fingerprint to publish.
    idFp: block.did.startsWith('did:iota:') ? idFp : null,
    mailbox,
  };
}

function markerOf({ idFp, mailbox }: DidContent): string {
  return `${idFp?.toHex() ?? ''} ${mailbox?.mailboxId ?? ''}`;
}

function says(document: NonNullable<ResolvedDid['document']>, did: string, content: DidContent): boolean {
  const keyIds = didKeyIds(did, content);
  const mailbox = mailboxOf(document);
  return (
    document.authentication?.join() === [keyIds.ed25519, keyIds.mlDsa87].join() &&
    content.idFp !== null &&
    document.alsoKnownAs?.includes(fingerprintUri(content.idFp)) === true &&
    mailbox?.mailboxId === content.mailbox?.mailboxId
  );
}
