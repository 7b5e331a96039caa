/** Packages that a test writes itself, compiled with the real compiler. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildMovePackage, type BuiltPackage } from '@wotid/move-build';

export interface SourcePackage {
  readonly name: string;
  /** Source text by module. */
  readonly modules: Readonly<Record<string, string>>;
  /** Packages it uses, each already published at `address`. */
  readonly uses?: readonly { readonly source: SourcePackage; readonly address: string }[];
}

const framework =
  'Iota = { git = "https://github.com/iotaledger/iota.git", subdir = "crates/iota-framework/packages/iota-framework", rev = "framework/testnet" }';

/** Compiles a package from its text. */
export async function compile(source: SourcePackage): Promise<BuiltPackage> {
  const root = await mkdtemp(join(tmpdir(), 'localnet-sources-'));
  try {
    for (const { source: used, address } of source.uses ?? []) await lay(root, used, address);
    return await buildMovePackage(await lay(root, source, undefined));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function lay(root: string, source: SourcePackage, address: string | undefined): Promise<string> {
  const folder = join(root, source.name);
  await mkdir(join(folder, 'sources'), { recursive: true });
  const uses = (source.uses ?? []).map(({ source: { name } }) => `${name} = { local = "../${name}" }`);
  const manifest = [
    '[package]',
    `name = "${source.name}"`,
    'edition = "2024.beta"',
    ...(address === undefined ? [] : [`published-at = "${address}"`]),
    '[dependencies]',
    framework,
    ...uses,
    '[addresses]',
    `${source.name} = "${address ?? '0x0'}"`,
  ];
  await writeFile(join(folder, 'Move.toml'), manifest.join('\n'));
  for (const [name, text] of Object.entries(source.modules)) {
    await writeFile(join(folder, 'sources', `${name}.move`), text);
  }
  return folder;
}
