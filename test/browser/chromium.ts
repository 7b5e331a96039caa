/** Which Chromium there is, and how it is run. */
import { existsSync } from 'node:fs';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** `WOTID_CHROMIUM` (empty: none), else the first of the usual places; `undefined` when there is none. */
export const chromiumPath: string | undefined =
  (process.env['WOTID_CHROMIUM'] ?? usual.find((path) => existsSync(path))) || undefined;

/** A page of ours and nothing else: no sandbox as CI runs as root, no traffic of the browser's own. */
export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
