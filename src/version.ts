/** `npm run generate` copies the version from package.json, which a bundle cannot read. */
export const VERSION = '0.1.0';

/** "openstack-backup 1.2.3", for manifests and the user agent. */
export const TOOL = `openstack-backup ${VERSION}`;
