import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** "openstack-backup 1.2.3", for manifests and the user agent. */
export const TOOL = `openstack-backup ${version}`;
