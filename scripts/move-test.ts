/**
 * Runs the Move unit tests of our framework and of every package under `move/`, and ends with one line of counts.
 * `npm run move:test -- FILTER` reports only tests whose name contains FILTER.
 */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MoveTestReport, testFramework, testMovePackage } from '@wotid/move-build';

const root = dirname(import.meta.dirname);
const filter = process.argv[2] ?? '';

const reports: MoveTestReport[] = await testFramework(join(root, 'move/framework'));
for (const manifest of globSync('move/*/Move.toml', { cwd: root }).sort()) {
  reports.push(await testMovePackage(join(root, dirname(manifest))));
}

let passed = 0;
let failed = 0;
for (const report of reports) {
  for (const test of report.tests.filter((one) => one.name.includes(filter))) {
    console.log(`${test.ok ? 'ok  ' : 'FAIL'} ${report.package} ${test.name}`);
    if (test.output !== undefined) console.log(test.output);
    if (test.ok) passed += 1;
    else failed += 1;
  }
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;
