/** Telling the application what happens. A listener that throws harms neither the agent nor the other listeners. */
import { EventEmitter } from 'node:events';
import { errorText, type Logger } from '@wotid/core';
import type { AgentEvents } from './types.ts';

export class AgentEventSource {
  readonly #log: Logger;
  readonly #emitter = new EventEmitter<{ [Name in keyof AgentEvents]: [AgentEvents[Name]] }>();

  constructor(logger: Logger) {
    this.#log = logger;
  }

  /** Calls `listener` for each event. Returns how to stop. */
  on<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): () => void {
    const guarded = (event: AgentEvents[Name]): void => {
      try {
        listener(event);
      } catch (error) {
        this.#log.error('agent.listener', { event: name, error: errorText(error) });
      }
    };
    this.#emitter.on(name, guarded as never);
    return () => this.#emitter.off(name, guarded as never);
  }

  emit<Name extends keyof AgentEvents>(name: Name, event: AgentEvents[Name]): void {
    this.#emitter.emit(name, ...([event] as never));
  }
}
