/** A process that pays from the faucet into a database until it is killed; prints each checkpoint it has kept. */
import { SeededRandom } from '@wotid/testkit';
import { createLedger, openDatabase } from '../../src/ledger/index.ts';
import { framework } from './support.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('which directory?');
const ledger = createLedger({
  framework,
  random: new SeededRandom(1),
  clock: { nowMs: () => 1_000 },
  database: openDatabase(directory),
});
for (let count = 1n; ; count++) {
  await ledger.faucet(`0x${'5a'.repeat(32)}`, [count, count]);
  console.log(`${ledger.latestCheckpoint} ${ledger.stateRoot()}`);
}
