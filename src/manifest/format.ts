/** Apart from the schema, whose library is loaded only to read a manifest. */
export const MANIFEST_FORMAT = 'openstack-backup manifest';
export const MANIFEST_VERSION = 1;
