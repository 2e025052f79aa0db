/** What the files of a manifest are called, wherever they lie. */
export const MANIFEST_FILE = 'manifest.json';
export const SEALED_FILE = `${MANIFEST_FILE}.age`;
export const RUNBOOK_FILE = 'RESTORE.md';
export const SEALED_RUNBOOK_FILE = `${RUNBOOK_FILE}.age`;
export const ENVELOPE_FILE = 'envelope.json';
export const DIGEST = '.sha256';
export const SIGNATURE = '.sig';

/** All that lies where a run that is over published its manifest. */
export const OUR_FILES: ReadonlySet<string> = new Set([
  ...[MANIFEST_FILE, SEALED_FILE].flatMap((name) => [name, name + DIGEST, name + SIGNATURE]),
  RUNBOOK_FILE,
  SEALED_RUNBOOK_FILE,
  ENVELOPE_FILE,
]);

/** Where manifests go, and are looked for, in a terminal. */
export const DIRECTORY = 'openstack-backups';

/** What the names of our artifacts begin with. */
export const ARTIFACT_PREFIX = 'openstack-backup-';
