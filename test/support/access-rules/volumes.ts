import type { World } from '../../scenarios/world.ts';
import { AS_IMAGE, CINDER, type Row, restoring, SAFE, STORE, volume } from './row.ts';

export const backupVolumeRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'backup-volume',
    proved: ['backup-volume'],
    prepare: async (world) => ['backup-volume', { volumes: await volume(world) }],
  },
  {
    anywhere: true,
    name: 'backup-volume of an encrypted volume',
    proved: ['backup-volume, encrypted'],
    beside: ['backup-volume'],
    prepare: async (world) => ['backup-volume', { ...CINDER, volumes: await volume(world, 'luks') }],
  },
  {
    anywhere: true,
    name: 'backup-volume that seals the key beside the backup',
    proved: ['export-secret'],
    beside: ['backup-volume', 'backup-volume, encrypted'],
    prepare: async (world) => ['backup-volume', { ...CINDER, ...SAFE, volumes: await volume(world, 'luks') }],
  },
  {
    name: 'backup-volume that fails',
    proved: ['backup-volume, clean-up'],
    beside: ['backup-volume'],
    code: 1,
    async prepare(world) {
      const when = { method: 'POST', path: '/backups', times: Number.POSITIVE_INFINITY };
      world.cloud.faults.add({ when, do: { failLater: 'the disk is full' } });
      return ['backup-volume', { volumes: await volume(world) }];
    },
  },
  {
    anywhere: true,
    name: 'backup-volume as an image to a store',
    proved: ['backup-volume, as an image', 'backup-volume, to a store'],
    prepare: async (world) => ['backup-volume', { ...AS_IMAGE, ...STORE, volumes: await volume(world) }],
  },
  {
    anywhere: true,
    name: 'backup-volume as an image that stays',
    proved: ['backup-volume, kept'],
    beside: ['backup-volume, as an image'],
    prepare: async (world) => ['backup-volume', { ...AS_IMAGE, volumes: await volume(world) }],
  },
  {
    anywhere: true,
    name: 'backup-volume as an image, in use',
    proved: ['backup-volume, in use'],
    beside: ['backup-volume, as an image', 'backup-volume, kept'],
    prepare: async (world) => ['backup-volume', { ...AS_IMAGE, volumes: await inUse(world) }],
  },
  {
    anywhere: true,
    name: 'backup-volume as an image, encrypted, to a store',
    proved: ['backup-volume, encrypted', 'export-secret'],
    beside: ['backup-volume, as an image', 'backup-volume, to a store'],
    prepare: async (world) => [
      'backup-volume',
      { ...AS_IMAGE, ...SAFE, volumes: await volume(world, 'luks') },
    ],
  },
];

export const restoreVolumeRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'restore-volume',
    proved: ['restore-volume'],
    prepare: async (world, run) =>
      restoring('restore-volume', run, ['backup-volume', { volumes: await volume(world) }]),
  },
  {
    anywhere: true,
    name: 'restore-volume of an encrypted volume',
    proved: ['restore-volume, encrypted'],
    beside: ['restore-volume'],
    prepare: async (world, run) =>
      restoring('restore-volume', run, [
        'backup-volume',
        { ...CINDER, volumes: await volume(world, 'luks') },
      ]),
  },
  {
    anywhere: true,
    name: 'restore-volume over a volume',
    proved: ['restore-volume, over a volume'],
    beside: ['restore-volume'],
    async prepare(world, run) {
      const to = await world.makeVolume({ name: 'target' });
      const saving = ['backup-volume', { volumes: await volume(world, 'standard', true) }] as const;
      return restoring('restore-volume', run, saving, { to, overwrite: 'true', name: 'renamed' });
    },
  },
  {
    anywhere: true,
    name: 'restore-volume over an encrypted volume',
    proved: ['restore-volume, over an encrypted volume'],
    beside: ['restore-volume', 'restore-volume, over a volume', 'restore-volume, encrypted'],
    async prepare(world, run) {
      const to = await world.makeVolume({ name: 'target', type: 'luks' });
      const saving = ['backup-volume', { ...CINDER, volumes: await volume(world, 'luks') }] as const;
      return restoring('restore-volume', run, saving, { to, overwrite: 'true' });
    },
  },
  {
    name: 'restore-volume that fails',
    proved: ['restore-volume, clean-up'],
    beside: ['restore-volume'],
    code: 1,
    error: 'failed',
    async prepare(world, run) {
      const saving = ['backup-volume', { volumes: await volume(world) }] as const;
      const words = await restoring('restore-volume', run, saving);
      const when = { method: 'POST', path: /\/volumes$/, times: Number.POSITIVE_INFINITY };
      world.cloud.faults.add({ when, do: { failLater: 'no luck' } });
      return words;
    },
  },
  {
    anywhere: true,
    name: 'restore-volume from a store',
    proved: ['restore-volume, from an image', 'restore-volume, from a store'],
    prepare: async (world, run) =>
      restoring('restore-volume', run, [
        'backup-volume',
        { ...AS_IMAGE, ...STORE, volumes: await volume(world) },
      ]),
  },
  {
    anywhere: true,
    name: 'restore-volume from an image to another type, which has no volume',
    proved: ['restore-volume, probe'],
    beside: [
      'restore-volume, from an image',
      'restore-volume, encrypted',
      'restore-volume, encrypted volumes',
      'restore-volume, from an encrypted image that stayed',
    ],
    async prepare(world, run) {
      const saving = ['backup-volume', { ...AS_IMAGE, volumes: await volume(world, 'luks') }] as const;
      return restoring('restore-volume', run, saving, { type: 'luks-other' });
    },
  },
  {
    anywhere: true,
    name: 'restore-volume from a store, encrypted',
    proved: ['restore-volume, encrypted volumes', 'restore-secret', 'restore-secret, clean-up'],
    beside: ['restore-volume, from an image', 'restore-volume, from a store'],
    prepare: async (world, run) =>
      restoring('restore-volume', run, [
        'backup-volume',
        { ...AS_IMAGE, ...SAFE, volumes: await volume(world, 'luks') },
      ]),
  },
  {
    anywhere: true,
    name: 'restore-volume from an encrypted image that stayed',
    proved: ['restore-volume, from an encrypted image that stayed'],
    beside: [
      'restore-volume, from an image',
      'restore-volume, encrypted',
      'restore-volume, encrypted volumes',
    ],
    prepare: async (world, run) =>
      restoring('restore-volume', run, [
        'backup-volume',
        { ...AS_IMAGE, volumes: await volume(world, 'luks') },
      ]),
  },
];

async function inUse(world: World): Promise<string> {
  const id = await volume(world);
  await world.attach(id);
  return id;
}
