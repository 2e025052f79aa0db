import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { EmbeddedWorld } from './embedded.ts';
import { manifestIn } from './sealed.ts';
import { expectExit, manifestOf, type Scenario } from './steps.ts';

export const rootVolumeWithImage: Scenario<EmbeddedWorld> = {
  name: 'a server made from the image of a volume-backed one shows an image and boots from a volume: its volume is saved and restored',
  async run(world) {
    const { seed, state } = world.cloud;
    const id = await world.makeVolume({ name: 'root', bootable: true, content: randomBytes(1000) });
    const volume = state.volumes.get(id);
    if (volume === undefined) throw new Error('the volume is gone');
    const server = seed.addServer({ name: 'reborn', volumes: [volume] });
    // Without data: what Nova makes of a volume-backed server.
    server.imageId = await world.makeImage({ name: 'of volumes' });
    const digest = await world.digest(id);

    const saved = expectExit(await world.tool(['backup-server', '--servers', 'reborn', '--json']), 0);
    expect(saved.stderr).toContain('from snapshots that Nova takes together');
    const points = (await manifestIn(saved)).restorePoints;
    expect(points.map(({ method }) => method)).toEqual(['cinder-backup', 'disks']);
    expect(points[1]?.resource).toMatchObject({
      image: null,
      rootDevice: '/dev/vda',
      disks: [{ volume: id }],
    });

    const words = ['restore-server', '--manifest', manifestOf(saved), '--allow-unsigned', '--json'];
    const ran = expectExit(await world.tool(words), 0);
    const restored = state.servers.get(String(ran.json['server-id']));
    expect(restored).toMatchObject({ imageId: null, volumeBacked: true });
    expect(await world.digest(restored?.volumes[0]?.volumeId ?? '')).toBe(digest);
  },
};
