import { parse, stringify, TomlError } from 'smol-toml';
import { errorText } from '@wotid/core';
import { MoveBuildError } from './errors.ts';

/** Dependencies of one package; real packages have a handful. */
export const maxDependencies = 32;
/** Named addresses of one package. */
export const maxAddresses = 64;

/** Where a dependency is. */
export type DependencySource =
  | { readonly kind: 'framework'; readonly which: 'std' | 'iota' }
  | { readonly kind: 'local'; readonly path: string };

/** What we need to know of a `Move.toml`. */
export interface Manifest {
  readonly name: string;
  readonly edition: string;
  /** Id of the published package, when the manifest says that it is. */
  readonly publishedAt: string | undefined;
  readonly dependencies: ReadonlyMap<string, DependencySource>;
  /** As `dependencies`, for tests only. */
  readonly devDependencies: ReadonlyMap<string, DependencySource>;
  readonly addresses: Readonly<Record<string, string>>;
  /** As `addresses`, for tests only. */
  readonly devAddresses: Readonly<Record<string, string>>;
}

// Identifier rules of Move; package names may have hyphens too (`I:external-crates/move/crates/move-package`).
const packageNamePattern = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;
const addressNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const addressPattern = /^0x[0-9A-Fa-f]{1,64}$/;
// The editions that the Move compiler has had.
const editions = new Set(['legacy', '2024', '2024.alpha', '2024.beta', '2024.migration']);

const frameworkRepository =
  /^(?:https:\/\/github\.com\/|git@github\.com:|ssh:\/\/git@github\.com\/)iotaledger\/iota(?:\.git)?\/?$/;
const frameworkSubfolder = /^(?:\.\/)?crates\/iota-framework\/packages\/(move-stdlib|iota-framework)\/?$/;

/**
 * Reads a `Move.toml`.
 *
 * @param text The file.
 * @param place How to name the file in messages.
 * @throws {MoveBuildError} `BAD_MANIFEST`; `UNSUPPORTED_DEPENDENCY` for a source that is neither the IOTA framework's
 * git repository nor a local path.
 */
export function parseManifest(text: string, place: string): Manifest {
  let root: unknown;
  try {
    root = parse(text);
  } catch (cause) {
    const position = cause instanceof TomlError ? `:${cause.line}:${cause.column}` : '';
    const summary = errorText(cause).split('\n')[0] ?? '';
    throw new MoveBuildError('BAD_MANIFEST', `${place}${position}: ${summary}`, {
      hint: 'Correct the TOML of Move.toml.',
      data: cause instanceof TomlError ? { place, line: cause.line, column: cause.column } : { place },
      cause,
    });
  }
  const fail = (what: string): MoveBuildError =>
    new MoveBuildError('BAD_MANIFEST', `${place}: ${what}`, {
      hint: 'A package needs [package] with name and edition, and [addresses] with its own name = "0x0".',
      data: { place },
    });
  const section = (of: unknown, key: string): Record<string, unknown> => {
    const value = isTable(of) ? of[key] : undefined;
    if (value === undefined) return {};
    if (!isTable(value)) throw fail(`[${key}] is not a table`);
    return value;
  };
  const described = section(root, 'package');
  const name = described['name'];
  if (typeof name !== 'string' || !packageNamePattern.test(name))
    throw fail('package.name is not a package name');
  const edition = described['edition'] ?? 'legacy';
  if (typeof edition !== 'string' || !editions.has(edition)) {
    throw fail(`package.edition is not one of ${[...editions].join(', ')}`);
  }
  const publishedAt = described['published-at'];
  if (publishedAt !== undefined && (typeof publishedAt !== 'string' || !addressPattern.test(publishedAt))) {
    throw fail('package.published-at is not an object id');
  }

  const addresses = (key: string): Record<string, string> => {
    const entries = Object.entries(section(root, key));
    if (entries.length > maxAddresses) throw fail(`[${key}] has more than ${maxAddresses} entries`);
    const named: Record<string, string> = {};
    for (const [of, value] of entries) {
      if (!addressNamePattern.test(of)) throw fail(`${of} in [${key}] is not a name`);
      if (typeof value !== 'string' || !addressPattern.test(value)) {
        throw fail(`${of} in [${key}] is not an address; write it as "0x…"`);
      }
      named[of] = value;
    }
    return named;
  };
  const dependencies = (key: string): Map<string, DependencySource> => {
    const entries = Object.entries(section(root, key));
    if (entries.length > maxDependencies) throw fail(`[${key}] has more than ${maxDependencies} entries`);
    return new Map(
      entries.map(([of, value]) => {
        if (!packageNamePattern.test(of)) throw fail(`${of} in [${key}] is not a package name`);
        if (!isTable(value)) throw fail(`${of} in [${key}] is not a table`);
        return [of, dependencySource(of, value, place)];
      }),
    );
  };

  return {
    name,
    edition,
    publishedAt,
    dependencies: dependencies('dependencies'),
    devDependencies: dependencies('dev-dependencies'),
    addresses: addresses('addresses'),
    devAddresses: addresses('dev-addresses'),
  };
}

/**
 * Writes the `Move.toml` that the compiler gets in place of the package's own: the framework under the compiler's
 * implicit names, other dependencies under the names that stand for them.
 */
export function compilerManifest(init: {
  readonly name: string;
  readonly edition: string;
  readonly publishedAt: string | undefined;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly addresses: Readonly<Record<string, string>>;
}): string {
  return stringify({
    package: {
      name: init.name,
      edition: init.edition,
      ...(init.publishedAt === undefined ? {} : { 'published-at': init.publishedAt }),
    },
    dependencies: Object.fromEntries(
      Object.entries(init.dependencies).map(([name, key]) => [name, { local: `../${key}` }]),
    ),
    addresses: { ...init.addresses, std: '0x1', iota: '0x2' },
  });
}

function dependencySource(name: string, value: Record<string, unknown>, place: string): DependencySource {
  const { git, subdir, local } = value;
  if (typeof local === 'string' && git === undefined) return { kind: 'local', path: local };
  if (typeof git === 'string' && local === undefined && frameworkRepository.test(git)) {
    const match = typeof subdir === 'string' ? frameworkSubfolder.exec(subdir) : null;
    if (match !== null) return { kind: 'framework', which: match[1] === 'move-stdlib' ? 'std' : 'iota' };
  }
  const source =
    typeof git === 'string' ? `${git} ${typeof subdir === 'string' ? subdir : ''}`.trim() : 'its source';
  throw new MoveBuildError('UNSUPPORTED_DEPENDENCY', `${place}: cannot take ${name} from ${source}`, {
    hint:
      `Clone it and write ${name} = { local = "../path" }. Only the IOTA framework's move-stdlib and ` +
      'iota-framework are known without a download.',
    data: { place, dependency: name },
  });
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
