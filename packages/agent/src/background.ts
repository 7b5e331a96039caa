/** What runs beside the calls of the application, and is tried again later: a failure is logged, never thrown. */
import { errorText, isWotError, type Logger } from '@wotid/core';

/** Runs it. Never rejects. */
export async function inBackground(log: Logger, event: string, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    const hint = isWotError(error) ? error.hint : '';
    if (isWotError(error)) log.warn(event, { reason: error.message, hint });
    else log.error(event, { reason: errorText(error) });
  }
}
