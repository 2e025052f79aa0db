import { randomBytes } from 'node:crypto';
import { type Server, SparseBytes } from '../fakes/cloud/index.ts';
import { embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { runnerOf } from './faults.ts';

export const digestOf = (data: SparseBytes | null | undefined) => data?.sha256() ?? '';

/** One server that boots from a volume, and one with a disk of its own and an encrypted volume. */
export async function prepared() {
  const world = await embeddedWorld({
    tickMs: 2,
    gibBytes: SMALL_GIB,
    capabilities: { luksHeaderInside: true },
  });
  const { seed } = world.cloud;
  const volume = (type: string, bootable: boolean) =>
    seed.addVolume({ name: type, type, bootable, bytes: randomBytes(50_000) });
  const metadata = { role: 'db' };
  const fromVolume = seed.addServer({
    name: 'from-volume',
    metadata,
    volumes: [volume('standard', true), volume('standard', false)],
  });
  const image = await seed.addImage(new SparseBytes(SMALL_GIB), { name: 'base' });
  const fromImage = seed.addServer({ name: 'from-image', metadata, image, volumes: [volume('luks', false)] });
  fromImage.root?.write(1 << 20, randomBytes(50_000));
  return { world, run: runnerOf(world), fromVolume, fromImage };
}

export type Prepared = Awaited<ReturnType<typeof prepared>>;

/** Of the disks, by the id of the volume, and of the root disk, which has none, by the name of the server. */
export function digestsOf(
  { world: { cloud } }: Prepared,
  { volumes, root, name }: Server,
): Map<string, string> {
  const disks = volumes.map(
    ({ volumeId }) => [volumeId, digestOf(cloud.state.volumes.get(volumeId)?.data)] as const,
  );
  return new Map([...disks, [name, digestOf(root)]]);
}
