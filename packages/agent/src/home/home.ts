/**
 * The home directory of one agent: keys, sessions, messages, contacts. One process at a time; every change is on disk
 * when its call returns; content and identities are sealed.
 *
 * | file | content |
 * |---|---|
 * | `home.lock`, `home.pid` | the lock (empty), and who holds it |
 * | `vault` | master key and seeds, under the passphrase |
 * | `home.sqlite`, `-wal` | everything else, content sealed under the master key |
 * | `home.mark` | count of commits, to notice a database that was rolled back |
 *
 * The passphrase protects what lies on the disk. It does not protect from who controls the running process, and what
 * was erased may survive in backups and in flash memory, under the master key.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fixedBytesType } from '@wotid/core';
import { NodeProvider, wipe, type SealingInit } from '@wotid/crypto';
import { ObjectStore, ReplayStore } from './chain-store.ts';
import { ContactNoteStore } from './contact-note-store.ts';
import { ContactStore, IssuerStore } from './contact-store.ts';
import { Database, type DatabaseBinding, type RollbackRepair } from './database.ts';
import { preparePrivateDirectory, removeLeftovers } from './files.ts';
import { FirstMessageStore } from './first-message-store.ts';
import { HandshakeStore } from './handshake-store.ts';
import { corrupt, HomeError } from './home-error.ts';
import { InboxStore } from './inbox-store.ts';
import { acquireLock, type HomeLock } from './lock.ts';
import { OutboxStore } from './outbox-store.ts';
import { PeerStore } from './peer-store.ts';
import { Sealer } from './sealer.ts';
import { ProofStore } from './proof-store.ts';
import { SessionStore } from './session-store.ts';
import { SettingsStore } from './settings-store.ts';
import { StatusListCache } from './status-list-store.ts';
import { notAHome, Vault } from './vault.ts';

/** Settings of {@link Home.create} and {@link Home.open}. */
export interface HomeInit extends SealingInit {
  readonly dir: string;
  /** Text (taken as NFC) or bytes; not kept. */
  readonly passphrase: string | Uint8Array;
}

/** Settings of {@link Home.open}. */
export interface HomeOpenInit extends HomeInit {
  /**
   * Opens a home whose database was rolled back: all sessions are erased, since going on with them would use keys
   * again; the rest stays. Peers agree on new sessions.
   */
  readonly acceptRollback?: boolean;
}

/**
 * Numbers that a lost state may have used are not used again, or the peer would take the messages for old ones. Far
 * more than can be lost at once, far less than the 32 bits that a sequence number has.
 */
const ROLLBACK_SEQ_GAP = 65_536n;

const vaultFile = 'vault';
const databaseFile = 'home.sqlite';
const markFile = 'home.mark';
/** May lie in a directory before it becomes a home. */
const ownFiles: ReadonlySet<string> = new Set(['home.lock', 'home.pid', markFile]);

/** An open home. */
export class Home implements Disposable {
  readonly dir: string;
  readonly vault: Vault;
  readonly sessions: SessionStore;
  readonly firstMessages: FirstMessageStore;
  readonly outbox: OutboxStore;
  readonly inbox: InboxStore;
  readonly peers: PeerStore;
  readonly contacts: ContactStore;
  readonly contactNotes: ContactNoteStore;
  readonly issuers: IssuerStore;
  readonly objects: ObjectStore;
  readonly replays: ReplayStore;
  readonly handshakes: HandshakeStore;
  readonly statusLists: StatusListCache;
  readonly proofs: ProofStore;
  readonly settings: SettingsStore;
  /** How many sessions were erased because the database had been rolled back; 0 normally. */
  readonly erasedSessions: number;

  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #lock: HomeLock;
  #isOpen = true;

  private constructor(dir: string, lock: HomeLock, vault: Vault, init: HomeOpenInit) {
    this.dir = dir;
    this.vault = vault;
    this.#lock = lock;
    const masterKey = vault.exportMasterKey();
    this.#sealer = new Sealer(init.provider ?? new NodeProvider(), masterKey);
    wipe(masterKey);
    const sealer = this.#sealer;
    let erasedSessions = 0;
    const repair: RollbackRepair = (database) => {
      erasedSessions = new SessionStore(database, sealer).deleteAll();
      new PeerStore(database, sealer).skipSeqs(ROLLBACK_SEQ_GAP);
    };
    try {
      this.#database = openDatabase(dir, vault, sealer, init.acceptRollback === true ? repair : undefined);
    } catch (error) {
      sealer[Symbol.dispose]();
      throw error;
    }
    const database = this.#database;
    this.sessions = new SessionStore(database, sealer);
    this.firstMessages = new FirstMessageStore(database, sealer);
    this.outbox = new OutboxStore(database, sealer);
    this.peers = new PeerStore(database, sealer);
    this.inbox = new InboxStore(database, sealer, this.peers);
    this.contacts = new ContactStore(database, sealer);
    this.contactNotes = new ContactNoteStore(database, sealer);
    this.issuers = new IssuerStore(database, sealer);
    this.objects = new ObjectStore(database, sealer);
    this.replays = new ReplayStore(database, sealer);
    this.handshakes = new HandshakeStore(database, sealer);
    this.statusLists = new StatusListCache(database, sealer);
    this.proofs = new ProofStore(database, sealer);
    this.settings = new SettingsStore(database, sealer);
    this.erasedSessions = erasedSessions;
  }

  /**
   * Makes a home in a new or empty directory and opens it. A crash in the middle leaves a home that opens, or an
   * empty directory.
   * @throws HomeError `HOME_EXISTS`, `HOME_LOCKED`, `HOME_IO`; CryptoError `EMPTY_PASSPHRASE`, `BAD_KDF`
   */
  static async create(init: HomeInit): Promise<Home> {
    const { dir, passphrase } = init;
    assertEmpty(dir);
    preparePrivateDirectory(dir);
    return Home.#locked(dir, async (lock) => {
      assertEmpty(dir);
      const vault = await Vault.create(join(dir, vaultFile), passphrase, init);
      return Home.#from(dir, lock, vault, init);
    });
  }

  /**
   * Opens a home.
   * @throws HomeError `NOT_A_HOME`, `HOME_LOCKED`, `WRONG_PASSPHRASE`, `HOME_CORRUPT`, `HOME_TOO_NEW`, `ROLLED_BACK`,
   *   `HOME_IO`; the home is as it was then
   */
  static async open(init: HomeOpenInit): Promise<Home> {
    const { dir, passphrase } = init;
    const vaultPath = join(dir, vaultFile);
    if (!existsSync(vaultPath)) {
      if (existsSync(join(dir, databaseFile))) throw corrupt('the vault (it is missing)');
      throw notAHome(dir);
    }
    preparePrivateDirectory(dir);
    return Home.#locked(dir, async (lock) => {
      const vault = await Vault.open(vaultPath, passphrase, init);
      return Home.#from(dir, lock, vault, init);
    });
  }

  /** True until {@link close}. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Runs synchronous `work` in one transaction over all stores: all of it is on disk when this returns, or nothing of
   * it after a throw. The vault is not part of it.
   */
  transaction<T>(work: () => T): T {
    return this.#database.transaction(work);
  }

  /** Seals the vault under another passphrase. @throws CryptoError `EMPTY_PASSPHRASE`; HomeError `HOME_IO` */
  changePassphrase(passphrase: string | Uint8Array): Promise<void> {
    return this.vault.changePassphrase(passphrase);
  }

  /**
   * Erases what has served its time: replay and de-duplication entries, sessions unused since
   * `sessionsUnusedSinceMs`, and messages of the outbox done before `outboxDoneBeforeMs`.
   */
  prune(nowMs: number, init: { sessionsUnusedSinceMs?: number; outboxDoneBeforeMs?: number } = {}): void {
    this.transaction(() => {
      this.replays.prune(nowMs);
      this.inbox.pruneSeen(nowMs);
      if (init.sessionsUnusedSinceMs !== undefined) this.sessions.pruneUnused(init.sessionsUnusedSinceMs);
      if (init.outboxDoneBeforeMs !== undefined) this.outbox.prune(init.outboxDoneBeforeMs);
    });
  }

  /** Reads and opens everything that is stored. @throws HomeError `HOME_CORRUPT` naming what is damaged */
  verify(): void {
    for (const store of [
      this.settings,
      this.peers,
      this.sessions,
      this.firstMessages,
      this.outbox,
      this.inbox,
      this.contacts,
      this.contactNotes,
      this.issuers,
      this.objects,
      this.replays,
      this.handshakes,
      this.statusLists,
      this.proofs,
    ]) {
      store.verify();
    }
  }

  /** Closes the database, wipes the keys in memory and lets others open the home. Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#database.close();
    this.#sealer[Symbol.dispose]();
    this.vault[Symbol.dispose]();
    this.#lock.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toJSON(): string {
    return `Home(${this.dir})`;
  }

  static async #locked(dir: string, work: (lock: HomeLock) => Promise<Home>): Promise<Home> {
    const lock = acquireLock(dir);
    try {
      removeLeftovers(dir);
      return await work(lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static #from(dir: string, lock: HomeLock, vault: Vault, init: HomeOpenInit): Home {
    try {
      return new Home(dir, lock, vault, init);
    } catch (error) {
      vault[Symbol.dispose]();
      throw error;
    }
  }
}

/** Makes the database of a vault that never had one, else opens it. */
function openDatabase(
  dir: string,
  vault: Vault,
  sealer: Sealer,
  repair: RollbackRepair | undefined,
): Database {
  const path = join(dir, databaseFile);
  const markPath = join(dir, markFile);
  const column = sealer.column('home', fixedBytesType(16), 16);
  const binding: DatabaseBinding = {
    seal: () => column.seal(vault.homeId),
    check: (sealed) => {
      if (Buffer.compare(column.open(sealed), vault.homeId) !== 0)
        throw corrupt('the database (of another home)');
    },
  };
  if (vault.isReady) return Database.open(path, markPath, binding, repair);
  // The home was being made when the process died: nothing was stored in it yet.
  for (const name of [
    databaseFile,
    `${databaseFile}-wal`,
    `${databaseFile}-shm`,
    `${databaseFile}-journal`,
    markFile,
  ]) {
    rmSync(join(dir, name), { force: true });
  }
  const database = Database.create(path, markPath, binding);
  try {
    vault.markReady();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function assertEmpty(dir: string): void {
  if (!existsSync(dir)) return;
  if (statSync(dir).isDirectory() && readdirSync(dir).every((name) => ownFiles.has(name))) return;
  throw new HomeError('HOME_EXISTS', `${dir} is not an empty directory`, {
    hint: existsSync(join(dir, vaultFile)) ? 'it holds a home already: open it' : 'choose a new directory',
  });
}
