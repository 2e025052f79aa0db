import { InputError } from '../../errors.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { runbook } from '../../runbook/runbook.ts';
import { TOOL } from '../../version.ts';
import { WayFailed } from '../way.ts';

/** Another version wrote the `RESTORE.md`, so that nobody can tell whether it was altered. */
export class OtherVersion extends InputError {}

/** What was found. */
export interface Found {
  readonly manifest: Manifest;
  /** Of the manifest's text. */
  readonly sha256: string;
  /** The `RESTORE.md` beside it, opened; undefined if there is none. */
  readonly text: Buffer | undefined;
  /** For messages: where. */
  readonly reference: string;
}

/**
 * The commands that a manifest says, if the `RESTORE.md` beside it says the same, to the last byte. Nothing signs that
 * file, and whoever may write to the place could have written it: so what is carried out is made anew, from a manifest
 * that was proved.
 *
 * @throws OtherVersion
 * @throws WayFailed if the file is missing or altered: the restore point cannot be restored by hand
 */
export function provedText({ manifest, sha256, text: found, reference }: Found): string {
  if (found === undefined)
    throw new WayFailed(`there is no RESTORE.md beside the manifest ${reference}`, 'Back it up again.');
  const text = runbook(manifest, sha256);
  if (Buffer.from(text, 'utf8').equals(found)) return text;
  const { tool } = manifest.run;
  if (tool !== TOOL)
    throw new OtherVersion(
      `RESTORE.md beside ${reference} is of ${tool}, whose words differ from those of ${TOOL}: nothing proves that nobody altered it`,
      'Nothing was carried out. Drill a newer restore point, or use that version.',
    );
  throw new WayFailed(
    `RESTORE.md beside ${reference} is not what its manifest says: it was altered, so nothing of it was carried out`,
    'Find out who can write there. The manifest itself is right.',
  );
}
