/** Throwaway Move packages for the tests. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Writes files into a new folder and returns it. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wotid-move-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A `Move.toml` of a package of this name, with lines of `[dependencies]`. */
export function manifestOf(name: string, dependencies = ''): string {
  return `[package]\nname = "${name}"\nedition = "2024.beta"\n\n[dependencies]\n${dependencies}\n\n[addresses]\n${name} = "0x0"\n`;
}

/** A dependency on the framework as the IOTA CLI writes it. */
export const iotaDependency: string =
  'Iota = { git = "https://github.com/iotaledger/iota.git", ' +
  'subdir = "crates/iota-framework/packages/iota-framework", rev = "framework/testnet" }';
