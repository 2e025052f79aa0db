import { removeOrphans } from '../backup/volume/orphans.ts';
import { placesOf, type Upload, uploadVolume } from '../backup/volume/upload.ts';
import type { Environment } from '../environment.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import { downloadImage } from '../openstack/image/v2/download.ts';
import { removeTagged } from '../temporaries/tagged.ts';

/**
 * Reads the bytes of a volume without a server: Cinder makes a temporary image of it, which is read and removed.
 *
 * @param use reads the bytes to their end, or as far as it needs
 * @throws OperationError if the cloud fails, with what it said
 */
export async function readBack<T>(
  environment: Environment,
  volume: Volume,
  use: (bytes: AsyncGenerator<Uint8Array, void>) => Promise<T>,
): Promise<T> {
  const { session, ledger, clock, log, signal } = environment;
  const what = `the image of volume ${volume.id}, made for the drill`;
  const record = ledger.draft('scratch', 2 * volume.size);
  const work: Upload = { ...environment, plan: { volume }, what, record, started: clock.now() };
  try {
    const { image } = await uploadVolume(work);
    log.info(`volume ${volume.id} is being read back, as image ${image.id}`);
    return await use(downloadImage(await session.service('image'), image, 0, signal));
  } catch (error) {
    if (!signal.aborted) await removeOrphans(session, volume, work.started, log);
    throw error;
  } finally {
    await removeTagged(session, [record.tag], what, log, placesOf(work));
  }
}
