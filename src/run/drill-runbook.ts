import { findManifest } from '../catalog/find.ts';
import type { FoundRunbook, Read } from '../catalog/read.ts';
import { InputError, OperationError, PlainError } from '../errors.ts';
import type { DrillInputs } from '../inputs/drill.ts';
import { opener } from '../keys/age.ts';
import type { Manifest } from '../manifest/schema.ts';
import { runbook } from '../runbook/runbook.ts';
import type { Subject } from '../verify/subjects.ts';
import { TOOL } from '../version.ts';
import type { Context } from './context.ts';
import { readingOf } from './reading.ts';

/** Another version wrote the `RESTORE.md`, so that nobody can tell whether it was altered. */
export class OtherVersion extends InputError {}

/** A `RESTORE.md` that may be carried out. */
export interface TrustedRunbook {
  /** The manifest that it is made from. */
  readonly manifest: Manifest;
  readonly text: string;
}

/**
 * The `RESTORE.md` beside the manifests of a restore point. Nothing signs it, and whoever may write to the place could
 * have written it: so what is returned is made anew from a manifest that a restore would trust, and the file only has to
 * be the same, to the last byte.
 *
 * @throws OtherVersion
 * @throws InputError if no manifest of it can be trusted
 * @throws OperationError if it is missing or altered: the restore point cannot be restored by hand
 */
export async function trustedRunbook(
  context: Context,
  given: DrillInputs,
  { entry, references }: Pick<Subject, 'entry' | 'references'>,
): Promise<TrustedRunbook> {
  const { read, reference } = await readFirst(context, given, references, entry.point);
  const { manifest, sha256, runbook: found } = read;
  if (found === undefined)
    throw new OperationError(`there is no RESTORE.md beside the manifest ${reference}`, 'Back it up again.');
  const text = runbook(manifest, sha256);
  if (Buffer.from(text, 'utf8').equals(await plainOf(found, given.identity, reference)))
    return { manifest, text };
  const { tool } = manifest.run;
  if (tool !== TOOL)
    throw new OtherVersion(
      `RESTORE.md beside ${reference} is of ${tool}, whose words differ from those of ${TOOL}: nothing proves that nobody altered it`,
      'Nothing was carried out. Drill a newer restore point, or use that version.',
    );
  throw new OperationError(
    `RESTORE.md beside ${reference} is not what its manifest says: it was altered, so nothing of it was carried out`,
    'Find out who can write there. The manifest itself is right.',
  );
}

/** The first that can be read and trusted. */
async function readFirst(
  context: Context,
  given: DrillInputs,
  references: readonly string[],
  point: string,
): Promise<{ readonly read: Read; readonly reference: string }> {
  const options = {
    ...(await readingOf(context, given)),
    allowUnsigned: given['allow-unsigned'],
    withRunbook: true,
    wanted: ({ restorePoints }: Manifest) => restorePoints.filter(({ id }) => id === point),
  };
  const refused: PlainError[] = [];
  for (const reference of references)
    try {
      const read = await findManifest(reference, options);
      if (read.manifest.restorePoints.some(({ id }) => id === point)) return { read, reference };
    } catch (error) {
      if (!(error instanceof PlainError) || context.host.signal.aborted) throw error;
      refused.push(error);
    }
  const [first] = refused;
  throw new InputError(
    `a drill by hand carries out what a manifest says, and none can be trusted: ${first?.message ?? 'the restore point was pruned'}`,
    first?.hint,
    first,
  );
}

async function plainOf(
  { file, bytes }: FoundRunbook,
  identity: string | undefined,
  reference: string,
): Promise<Buffer> {
  if (!file.endsWith('.age')) return bytes;
  const what = `${file} beside ${reference}`;
  return (await opener(identity, what)).open(bytes, what);
}
