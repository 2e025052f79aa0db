import { randomBytes } from 'node:crypto';
import { addMember } from '../../../src/openstack/image/v2/members.ts';
import { SparseBytes } from '../../fakes/cloud/bytes.ts';
import { toQcow2 } from '../../fakes/cloud/qcow2.ts';
import type { World } from '../../scenarios/world.ts';
import { encryptedImage, type Row, restoring, SAFE, STORE } from './row.ts';

const IN_SWIFT = { store: 'swift://backups/production' };

export const imageRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'backup-image',
    proved: ['backup-image'],
    prepare: async (world) => ['backup-image', { ...STORE, images: await image(world) }],
  },
  {
    anywhere: true,
    name: 'backup-image with raw',
    proved: ['backup-image, raw'],
    beside: ['backup-image'],
    prepare: async (world) => ['backup-image', { ...STORE, images: await qcow2(world), raw: 'true' }],
  },
  {
    name: 'backup-image to Swift, again',
    proved: ['store in Swift, to back up'],
    beside: ['backup-image', 'store in Swift, to restore'],
    async prepare(world, run) {
      world.cloud.seed.addContainer('backups');
      const words = ['backup-image', { ...IN_SWIFT, images: await image(world) }] as const;
      await run(...words);
      return words;
    },
  },
  {
    name: 'restore-image from Swift',
    proved: ['store in Swift, to restore'],
    beside: ['restore-image'],
    async prepare(world, run) {
      world.cloud.seed.addContainer('backups');
      const saving = ['backup-image', { ...IN_SWIFT, images: await image(world) }] as const;
      return restoring('restore-image', run, saving, IN_SWIFT);
    },
  },
  {
    anywhere: true,
    name: 'backup-image of an encrypted image',
    proved: ['export-secret'],
    beside: ['backup-image'],
    prepare: async (world, run) => ['backup-image', { ...SAFE, images: await encryptedImage(world, run) }],
  },
  {
    anywhere: true,
    name: 'restore-image',
    proved: ['restore-image'],
    prepare: async (world, run) =>
      restoring('restore-image', run, ['backup-image', { ...STORE, images: await image(world) }]),
  },
  {
    anywhere: true,
    name: 'restore-image of a shared image',
    proved: ['restore-image, shared'],
    beside: ['restore-image'],
    async prepare(world, run) {
      const id = await image(world);
      const { id: project } = (await world.session('small')).scope.project;
      await addMember(await (await world.session()).service('image'), id, project);
      return restoring('restore-image', run, ['backup-image', { ...STORE, images: id }]);
    },
  },
  {
    name: 'restore-image that fails',
    proved: ['restore-image, clean-up'],
    beside: ['restore-image'],
    code: 1,
    error: 'upload',
    async prepare(world, run) {
      const words = await restoring('restore-image', run, [
        'backup-image',
        { ...STORE, images: await image(world) },
      ]);
      const when = { method: 'PUT', path: '/file', times: Number.POSITIVE_INFINITY };
      world.cloud.faults.add({ when, do: { status: 409 } });
      return words;
    },
  },
  {
    anywhere: true,
    name: 'restore-image of an encrypted image',
    proved: ['restore-secret'],
    beside: ['restore-image'],
    prepare: async (world, run) =>
      restoring('restore-image', run, [
        'backup-image',
        { ...SAFE, images: await encryptedImage(world, run) },
      ]),
  },
];

const qcow2 = (world: World) => {
  const file = toQcow2(SparseBytes.from(randomBytes(2000)));
  return world.makeImage({ name: 'guest', diskFormat: 'qcow2', bytes: file.read(0, file.size) });
};

const image = (world: World) =>
  world.makeImage({ name: 'web', bytes: randomBytes(2000), tags: ['t'], protected: true });
