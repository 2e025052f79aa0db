/** The version of package.json, as `npm run generate` copies it: a bundle has no package.json to read. */
export const VERSION = '0.1.0';

/** "openstack-backup 1.2.3", for manifests and the user agent. */
export const TOOL = `openstack-backup ${VERSION}`;
