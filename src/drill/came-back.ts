import { digestsOf } from '../openstack/image/v2/digests.ts';
import type { DrillTools } from './bytes.ts';
import type { Finding } from './finding.ts';
import { lookThrough, type TriedKey } from './look-through.ts';
import { type Expected, proofOf } from './proof.ts';

/**
 * Reads what came back to its end: if it is what was saved, it is proved that it can be restored.
 *
 * @param size the first bytes that a later drill compares, if nobody knows a digest
 */
export async function cameBack(
  bytes: AsyncIterable<Uint8Array>,
  { keys, ...expected }: Expected & { readonly keys: readonly TriedKey[] },
  tools: DrillTools,
  size?: number,
): Promise<Finding> {
  const first = size === undefined ? undefined : ({ algorithm: 'sha256', size, orAll: true } as const);
  const { digest: known, earlier } = expected;
  const look = await lookThrough(bytes, { digest: known ?? earlier ?? first, keys }, tools);
  const { passed, deep: _deep, ...proof } = proofOf(look, expected);
  const found = look.digest === undefined || known !== undefined ? undefined : (earlier ?? first);
  return {
    ...proof,
    reached: passed ? 'L3' : null,
    ...(found !== undefined && {
      digest: {
        algorithm: found.algorithm,
        value: look.digest ?? '',
        size: Math.min(found.size, look.size),
      },
    }),
  };
}

/** What Glance had computed of an image; undefined if nothing, or nothing that can be computed here. */
export function imageDigest({
  hash,
  checksum,
  size,
}: {
  readonly hash: { readonly algorithm: string; readonly value: string } | null;
  readonly checksum: string | null;
  readonly size: number;
}): Expected['digest'] {
  const [best] = digestsOf({ hash: hash ?? undefined, checksum: checksum ?? undefined });
  return best && { ...best, size };
}
