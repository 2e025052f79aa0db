#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `error: openstack-backup needs Node 24 or newer, and this is ${process.version}\n  In a checkout, \`npm ci\` brings one along: run npx openstack-backup there.\n`,
  );
  process.exit(2);
}
const { main } = await import('../src/cli.ts');
process.exitCode = await main(process.argv.slice(2));
