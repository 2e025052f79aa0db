import type { Environment } from '../../environment.ts';
import { glanceRefuses } from '../../temporaries/image-probe.ts';
import type { ImageData } from './create.ts';
import { type ImageRestorePlan, refusedAsItIs } from './plan.ts';
import { inQcow2, qcow2Size } from './qcow2.ts';
import type { ProvedBytes } from './recorded.ts';

/** Data that Glance may refuse. */
type Doubtful = Pick<ImageRestorePlan, 'containerFormat' | 'diskFormat' | 'doubt' | 'head'> & {
  readonly payload: { readonly size: number };
  readonly saved: { readonly id: string };
  /** Whether it may be stored inside a qcow2. */
  readonly wrap: 'auto' | 'never';
};

/** A disk consists of sectors. */
const SECTOR = 512;

/**
 * Whether the data has to be stored inside a qcow2, because this cloud refuses it raw. Where there is a doubt, an image
 * of its first bytes is made and removed: the cloud itself would tell only when all is uploaded.
 *
 * @throws OperationError if it is refused, and cannot or may not be wrapped
 */
export async function hasToBeWrapped(environment: Environment, plan: Doubtful): Promise<boolean> {
  const { doubt, diskFormat, payload, saved, wrap } = plan;
  if (doubt === undefined || !(await glanceRefuses(environment, plan))) return false;
  if (wrap === 'never' || diskFormat !== 'raw' || payload.size % SECTOR !== 0)
    throw refusedAsItIs(saved, doubt);
  environment.log.warn(`the cloud refuses the raw data (${doubt}): it is stored inside a qcow2`);
  return true;
}

/**
 * A disk's bytes as they are uploaded: as they are, or inside a qcow2.
 */
export function imageData(
  { bytes, digests }: ProvedBytes,
  size: number,
  wrap: boolean,
  onBytes: ImageData['onBytes'],
): ImageData {
  const told = onBytes === undefined ? {} : { onBytes };
  return wrap
    ? { bytes: inQcow2(bytes, size), size: qcow2Size(size), digests: {}, ...told }
    : { bytes, size, digests, ...told };
}
