import { findManifest } from '../../../catalog/find.ts';
import type { FoundRunbook, Read } from '../../../catalog/read.ts';
import { provedText } from '../../../drill/by-hand/proved.ts';
import { InputError, PlainError } from '../../../errors.ts';
import type { DrillInputs } from '../../../inputs/drill.ts';
import { opener } from '../../../keys/age.ts';
import type { Manifest } from '../../../manifest/schema.ts';
import type { Subject } from '../../../verify/subjects.ts';
import type { Context } from '../../context.ts';
import { readingOf } from '../../reading/reading.ts';

/** A `RESTORE.md` that may be carried out. */
export interface TrustedRunbook {
  /** The manifest that it is made from. */
  readonly manifest: Manifest;
  readonly text: string;
}

/**
 * The `RESTORE.md` of a restore point, if a restore would trust its manifest, and the file is what that says.
 *
 * @throws OtherVersion
 * @throws InputError if no manifest of it can be trusted
 * @throws WayFailed if the file is missing or altered
 */
export async function trustedRunbook(
  context: Context,
  given: DrillInputs,
  { entry, references }: Pick<Subject, 'entry' | 'references'>,
): Promise<TrustedRunbook> {
  const { read, reference } = await readFirst(context, given, references, entry.point);
  const { manifest, sha256, runbook } = read;
  const text = runbook && (await plainOf(runbook, given.identity, reference));
  return { manifest, text: provedText({ manifest, sha256, text, reference }) };
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
