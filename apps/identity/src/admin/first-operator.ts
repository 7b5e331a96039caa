/** The first operator of a new service, who can make all others. */
import { systemClock } from '@wotid/core';
import type { Database } from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import { Admin } from './admin.ts';

/** Name by which the log knows what was done with the database itself at hand. */
const localOperator = 'local';

/**
 * Makes an operator with the database at hand, without another operator's token.
 * @returns the token, shown this once
 * @throws ProblemError `OPERATOR_EXISTS`; DatabaseError
 */
export async function createLocalOperator(database: Database, name: string): Promise<string> {
  await migrate(database);
  return new Admin(database, systemClock).createOperator(name, localOperator);
}

/** True when nobody was ever made an operator. */
export async function hasNoOperator(database: Database): Promise<boolean> {
  await migrate(database);
  return (await new Admin(database, systemClock).operators()).length === 0;
}
