import { OperationError } from '../errors.ts';
import { wholeDigest } from '../manifest/whole-digest.ts';
import { openKey } from '../payload/open-key.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { StoredPart } from '../verify/subjects.ts';
import type { Finding } from './finding.ts';
import { lookThrough, type TriedKey } from './look-through.ts';
import { proofOf } from './proof.ts';
import { together } from './together.ts';

export interface DrillTools {
  /** Is told each key, so that no output shows it. */
  readonly hide: (bytes: Buffer) => void;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/**
 * Opens all that a restore point has in the store and reads it to its end. Costs no cloud.
 *
 * @throws what opening throws: the data is not what was saved, or could not be read
 */
export async function drillBytes(
  parts: readonly StoredPart[],
  store: Pick<PayloadStore, 'open'>,
  tools: DrillTools,
): Promise<Finding> {
  const all: ReturnType<typeof proofOf>[] = [];
  const hasDisk = parts.some(({ isDisk }) => isDisk);
  for (const part of parts) {
    // A key is proved by the disk that it opens.
    if (hasDisk && !part.isDisk) continue;
    all.push(await proved(part, store, tools));
  }
  const isProved = all.every(({ passed }) => passed);
  const isDeep = hasDisk && all.every(({ deep }) => deep);
  return { ...together(all), reached: isProved ? (isDeep ? 'L2' : 'L1b') : null };
}

async function proved(
  { what, whole, isDisk, encrypted, key }: StoredPart,
  store: Pick<PayloadStore, 'open'>,
  tools: DrillTools,
) {
  if (whole === null || whole === undefined)
    throw new OperationError(`the manifest of ${what} was not opened`);
  if (!isDisk) {
    await openKey(tools.hide, store, { payload: whole as Parameters<typeof openKey>[2]['payload'] });
    const seen = [`all bytes of the key are what was saved (${wholeDigest(whole).algorithm})`];
    return { passed: true, deep: false, seen, size: whole.size, keyProved: false };
  }
  const keys: TriedKey[] =
    key === undefined
      ? []
      : [
          {
            called: 'its saved key',
            saved: true,
            bytes: await openKey(tools.hide, store, key),
            secretType: key.resource.secretType,
          },
        ];
  const digest = { ...wholeDigest(whole), size: whole.size };
  const look = await lookThrough(await store.open(whole), { digest, keys }, tools);
  const untried = encrypted && key === undefined ? ['its key was not saved'] : [];
  const { why, ...proof } = proofOf(look, { digest, encrypted, untried });
  return why === undefined ? proof : { ...proof, why: `${what}: ${why}` };
}
