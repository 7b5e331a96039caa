// Runs before everything else, possibly on an old Node: plain JavaScript, no dependencies.
const major = Number(process.versions.node.split('.')[0]);
if (major < 26) {
  console.error(
    `wot.id needs Node 26, this is ${process.version}.\n` +
      'npm scripts use the copy that `npm ci` installs (optional dependencies of package.json).\n' +
      'If it is missing: run `npm ci` again without --omit=optional, or install Node 26 on an unlisted platform.',
  );
  process.exit(1);
}
