/** The names of a manifest's files, wherever they are. */
export const MANIFEST_FILE = 'manifest.json';
export const SEALED_FILE = `${MANIFEST_FILE}.age`;
export const RUNBOOK_FILE = 'RESTORE.md';
export const SEALED_RUNBOOK_FILE = `${RUNBOOK_FILE}.age`;
export const ENVELOPE_FILE = 'envelope.json';
export const DIGEST = '.sha256';
export const SIGNATURE = '.sig';

/** Every file of a published manifest whose run is over. */
export const OUR_FILES: ReadonlySet<string> = new Set([
  ...[MANIFEST_FILE, SEALED_FILE].flatMap((name) => [name, name + DIGEST, name + SIGNATURE]),
  RUNBOOK_FILE,
  SEALED_RUNBOOK_FILE,
  ENVELOPE_FILE,
]);

/** Where a terminal writes manifests, and looks for them. */
export const DIRECTORY = 'openstack-backups';

/** How the names of our artifacts begin. */
export const ARTIFACT_PREFIX = 'openstack-backup-';
