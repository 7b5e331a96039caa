/** From the workspace's lockfile to the lockfile of a project that has only some of its packages. */

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly name?: string;
  readonly lockfileVersion: number;
  readonly requires?: boolean;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Entries of the named packages and of all they need, peers aside, as the workspace has them. */
export function closure(lock: Lockfile, names: Iterable<string>): Record<string, LockedPackage> {
  const found: Record<string, LockedPackage> = {};
  const queue = [...names];
  const seen = new Set<string>();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const path = `node_modules/${name}`;
    for (const [key, entry] of Object.entries(lock.packages)) {
      if ((key !== path && !key.startsWith(`${path}/node_modules/`)) || entry.link === true) continue;
      found[key] = entry;
      queue.push(...Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }));
    }
  }
  return found;
}
