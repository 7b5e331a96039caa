/** What an agent does by itself as long as it runs: looks into the mailbox, keeps prekeys fresh, erases what is over. */
import type { Clock, Logger } from '@wotid/core';
import type { AgentEventSource } from './agent-events.ts';
import { inBackground } from './background.ts';
import type { DirectoryPublisher } from './directory-publisher.ts';
import type { Home } from './home/home.ts';
import type { MailboxSync } from './mailbox-sync.ts';
import { settingNames } from './network-profile.ts';
import type { OwnDid } from './own-did.ts';
import type { OwnMailbox } from './own-mailbox.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { SyncReport } from './types.ts';

export interface UpkeepInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: AgentEventSource;
  readonly keeper: SessionKeeper;
  readonly identity: OwnDid;
  readonly mailbox: OwnMailbox;
  readonly directory: DirectoryPublisher;
  readonly sync: MailboxSync;
}

/** Prekeys are renewed every 7 days, expired sessions erased after 7 and 90: an hour is close enough. */
const maintenanceMs = 3_600_000;
/** Sessions that are not used leave memory: looked at this often. */
const restMs = 600_000;
/** Delivered messages leave the outbox after this time; until then their ids tell what became of them. */
const outboxKeepMs = 30 * 86_400_000;

export class Upkeep {
  readonly #init: UpkeepInit;
  readonly #timers: NodeJS.Timeout[] = [];
  #isStopped = false;

  constructor(init: UpkeepInit) {
    this.#init = init;
  }

  /** @param syncIntervalMs 0: the mailbox is looked into when asked alone */
  start(syncIntervalMs: number): void {
    const { keeper } = this.#init;
    this.#every(maintenanceMs, () => this.#maintain());
    this.#every(restMs, async () => keeper.rest());
    if (syncIntervalMs > 0) this.#every(syncIntervalMs, () => this.#lookAround());
    // Listeners of the application are attached once the agent is open.
    setImmediate(() => void this.#maintain().then(() => this.#lookAround()));
  }

  /** Begins nothing new. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Looks into the mailbox now. @throws AgentError `NO_MAILBOX`, `WRONG_CHAIN`; MailboxError */
  async sync(): Promise<SyncReport> {
    const report = await this.#init.sync.run();
    this.#init.events.emit('sync', report);
    return report;
  }

  /** The prekeys of a rotated identity are gone; strangers can write again once there are new ones. */
  async publishDuePrekeys(): Promise<void> {
    const { home, mailbox } = this.#init;
    if (home.settings.get(settingNames.prekeysDue) === undefined) return;
    if (mailbox.ids !== null) await mailbox.publishPrekeys();
    home.settings.set({ [settingNames.prekeysDue]: undefined });
  }

  async #maintain(): Promise<void> {
    if (this.#isStopped) return;
    const { home, clock, logger, keeper, identity, directory, mailbox } = this.#init;
    const nowMs = clock.nowMs();
    await inBackground(logger, 'agent.maintenance', async () => {
      keeper.prune();
      mailbox.eraseDuePrekeys();
      home.prune(nowMs, { outboxDoneBeforeMs: nowMs - outboxKeepMs });
      await inBackground(logger, 'agent.identity', () => identity.resume());
      directory.publishSoon();
      if (mailbox.ids === null) return;
      await this.publishDuePrekeys();
      await mailbox.maintainPrekeys();
    });
  }

  async #lookAround(): Promise<void> {
    if (this.#isStopped) return;
    await inBackground(this.#init.logger, 'agent.sync', async () => {
      if (this.#init.mailbox.ids !== null) await this.sync();
    });
  }

  #every(intervalMs: number, run: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void run(), intervalMs).unref());
  }
}
