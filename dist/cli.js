if (Number(process.versions.node.split('.')[0]) < 24) {
  const need = 'error: openstack-backup needs Node 24 or newer, and this is ' + process.version;
  const way = 'Bring one along: npx --package node@24 --package openstack-backup openstack-backup …';
  process.stderr.write(need + '\n  ' + way + '\n');
  process.exit(2);
}
const { cli } = await import('./index.js');
process.exitCode = await cli(process.argv.slice(2));
