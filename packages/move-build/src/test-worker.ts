/**
 * Runs a package's unit tests away from the main thread, which a test that never ends would hold for ever. It imports
 * nothing of ours, so that it runs from source and from `dist` alike.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { testMovePackage, type MovePackageTestInput } from '@zktx.io/sui-move-builder/full';

parentPort?.postMessage(await testMovePackage(workerData as MovePackageTestInput));
