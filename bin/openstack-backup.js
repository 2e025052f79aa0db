#!/usr/bin/env node
import { existsSync } from 'node:fs';

const here = (path) => new URL(`../${path}`, import.meta.url);

// A checkout after `npm ci` runs its source: its dist may be older. Without packages, and where it is installed, there is
// only the bundle, which needs none and says which Node it needs.
if (existsSync(here('src/bundle.ts')) && existsSync(here('node_modules/.package-lock.json'))) {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    process.stderr.write(
      `error: openstack-backup needs Node 24 or newer, and this is ${process.version}\n  In a checkout, \`npm ci\` brings one along: run npx openstack-backup there.\n`,
    );
    process.exit(2);
  }
  const { cli } = await import(here('src/bundle.ts').href);
  process.exitCode = await cli(process.argv.slice(2));
} else await import('../dist/cli.js');
