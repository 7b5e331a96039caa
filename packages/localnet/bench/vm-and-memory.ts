/** The VM without a ledger around it, and the memory that a ledger's objects take. */
import { fileURLToPath } from 'node:url';
import { buildMovePackage } from '@wotid/move-build';
import { alone, type Benchmark } from '@wotid/testkit';
import { createMoveVm, GasMeter, moduleInfo, standardNatives, substituteSelfAddress } from '@wotid/move-vm';
import { bundledFramework } from '../src/framework-file.ts';
import { createLedger } from '../src/ledger/index.ts';

const ROUNDS_OF_WORK = 100_000n;
const home = `0x${'a11ce'.padStart(64, '0')}`;

/** Millions of metered instructions a second. */
export const vmMips: Benchmark = alone('localnet.vm.mips', 'Minstr/s', async () => {
  const { modules } = await buildMovePackage(fileURLToPath(new URL('programs/load', import.meta.url)));
  const code = modules.map((base64) => substituteSelfAddress(Uint8Array.fromBase64(base64), home));
  const infos = code.map((bytes) => moduleInfo(bytes));
  const view = {
    id: home,
    originalId: home,
    modules: new Map(infos.map((info, index) => [info.name, code[index] as Uint8Array])),
    linkage: new Map(),
    typeOrigins: new Map(infos.flatMap(({ structs }) => structs.map(({ name }) => [`load::${name}`, home]))),
  };
  const vm = createMoveVm();
  return {
    n: 1,
    async round() {
      const gas = new GasMeter(Infinity);
      const session = vm.openSession({
        resolver: { getPackage: (id) => (id === home ? view : undefined) },
        natives: standardNatives,
        gas,
      });
      const work = session.loadFunction(home, 'load', 'work', []);
      const startMs = performance.now();
      session.call(work, [ROUNDS_OF_WORK]);
      return gas.instructions / 1_000 / (performance.now() - startMs);
    },
  };
});

const COINS = 20_000;
const COINS_PER_PAYMENT = 250;

/** Heap that a small object costs with all that the ledger keeps of the transaction that made it. */
export const bytesPerObject: Benchmark = alone('localnet.bytes_per_object', 'bytes', async () => {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run node with --expose-gc');
  const framework = await bundledFramework();
  const used = async (): Promise<number> => {
    await gc({ execution: 'async', type: 'major' });
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  return {
    n: COINS,
    async round() {
      const ledger = createLedger({ framework });
      const before = await used();
      const amounts = Array.from({ length: COINS_PER_PAYMENT }, () => 1n);
      for (let made = 0; made < COINS; made += COINS_PER_PAYMENT) {
        await ledger.faucet(`0x${'5a'.repeat(32)}`, amounts);
      }
      const after = await used();
      if (ledger.transactionCount === 0n) throw new Error('the ledger must outlive the measurement');
      return (after - before) / COINS;
    },
  };
});
