import { randomBytes } from 'node:crypto';
import type { World } from '../../scenarios/world.ts';
import { CINDER, encryptedImage, type Row, restoring, SAFE, volume } from './row.ts';

export const secretRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'export-secret',
    proved: ['export-secret'],
    prepare: async (world) => ['export-secret', { ...SAFE, secrets: await secret(world) }],
  },
  {
    name: 'export-secret of what is named otherwise',
    proved: ['export-secret, found'],
    beside: ['export-secret'],
    async prepare(world, run) {
      await secret(world);
      const volumes = await volume(world, 'luks');
      await run('backup-volume', { ...CINDER, volumes });
      const [backup] = world.cloud.state.backups.keys();
      const images = await encryptedImage(world, run);
      return ['export-secret', { ...SAFE, secrets: 'lone', volumes, backups: backup ?? '', images }];
    },
  },
  {
    anywhere: true,
    name: 'restore-secret',
    proved: ['restore-secret'],
    prepare: async (world, run) =>
      restoring('restore-secret', run, ['export-secret', { ...SAFE, secrets: await secret(world) }]),
  },
  {
    anywhere: true,
    name: 'restore-secret with an access list',
    proved: ['restore-secret, access lists'],
    beside: ['restore-secret'],
    async prepare(world, run) {
      const id = await secret(world, { users: [], projectAccess: false });
      return restoring('restore-secret', run, ['export-secret', { ...SAFE, secrets: id }]);
    },
  },
];

function secret(world: World, acl?: { users: string[]; projectAccess: boolean }): Promise<string> {
  return world.makeSecret({
    name: 'lone',
    payload: randomBytes(32),
    secretType: 'symmetric',
    contentType: 'application/octet-stream',
    ...(acl === undefined ? {} : { acl }),
  });
}
