#!/usr/bin/env node
import { existsSync } from 'node:fs';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `error: openstack-backup needs Node 24 or newer, and this is ${process.version}\n  In a checkout, \`npm ci\` brings one along: run npx openstack-backup there.\n`,
  );
  process.exit(2);
}
// A checkout has the source, and runs that: its dist may be older. What is installed has the bundle only.
const source = new URL('../src/cli.ts', import.meta.url);
if (existsSync(source)) {
  const { main } = await import(source.href);
  process.exitCode = await main(process.argv.slice(2));
} else await import('../dist/cli.js');
