import type { ComponentLogger, Logger } from '@libp2p/interface';

/**
 * Silences libp2p's own logging, which the DEBUG environment variable would otherwise turn on: it names every peer
 * and address. What matters is logged by the transport itself.
 */
export const silentComponentLogger: ComponentLogger = { forComponent: () => silent };

const silent: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => silent,
});
