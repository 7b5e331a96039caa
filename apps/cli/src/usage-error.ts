import { WotError } from '@wotid/core';

/** The command was used wrongly: exit code 2. */
export class UsageError extends WotError<'USAGE'> {
  constructor(message: string) {
    super('USAGE', message);
  }
}
