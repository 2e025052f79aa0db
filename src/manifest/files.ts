/** The names of a manifest's files, wherever they are. */
export const MANIFEST_FILE = 'manifest.json';
export const SEALED_FILE = `${MANIFEST_FILE}.age`;
export const RUNBOOK_FILE = 'RESTORE.md';
export const SEALED_RUNBOOK_FILE = `${RUNBOOK_FILE}.age`;
/** The runbook of a run in a store that goes on: as far as it had come. The one with the highest number counts. */
export const earlyRunbook = (at: number, sealed: boolean) => `RESTORE.${at}.md${sealed ? '.age' : ''}`;
export const EARLY_RUNBOOK = /^RESTORE\.\d{1,7}\.md(?:\.age)?$/;
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

/** The folder of a store with a folder for each manifest. */
export const STORED = 'manifests';

/** The name of the folder of one run's manifest, which sorts by time: "20261123T012228Z-5f2c9a01". */
export const RUN_NAME = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

/** The manifest of a run in a store, as the input `manifest` of a restore takes it. @param store see `Place.name` */
export function storedReference(store: string, run: string): string {
  const [place = '', ...query] = store.split('?');
  return [`${place.replace(/\/$/, '')}/${STORED}/${run}`, ...query].join('?');
}

/** The opposite; undefined for a path. */
export function parseStored(text: string): { readonly store: string; readonly run: string } | undefined {
  const [, place, run = '', query = ''] =
    /^([a-z\d]+:\/\/[^?]+)\/manifests\/([^/?]+)\/?(\?.*)?$/s.exec(text) ?? [];
  return place === undefined || !RUN_NAME.test(run) ? undefined : { store: place + query, run };
}
