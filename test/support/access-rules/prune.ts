import { randomBytes } from 'node:crypto';
import { AS_IMAGE, CINDER, type Row, SAFE, type Unlimited, volume, type Words } from './row.ts';

const LAST = {
  'keep-last': '1',
  'min-copies': '1',
  'allow-over-half': 'true',
  'allow-unsigned': 'true',
};

/** Twice, so that the first may go. */
async function twice(run: Unlimited, words: Words): Promise<Words> {
  await run(...words);
  await run(...words);
  return ['prune', LAST];
}

export const pruneRows: readonly Row[] = [
  {
    name: 'prune',
    proved: ['prune'],
    prepare: async (world, run) =>
      twice(run, ['backup-volume', { ...CINDER, mode: 'full', volumes: await volume(world) }]),
  },
  {
    name: 'prune of images that are backups',
    proved: ['prune, images'],
    beside: ['prune'],
    prepare: async (world, run) =>
      twice(run, ['backup-volume', { ...AS_IMAGE, volumes: await volume(world) }]),
  },
  {
    name: 'prune of servers',
    proved: ['prune, servers'],
    beside: ['prune'],
    async prepare(world, run) {
      const rootVolume = await volume(world, 'standard', true);
      const { id } = await world.makeServer({ name: 'shop', rootVolume });
      return twice(run, ['backup-server', { servers: id }]);
    },
  },
  {
    name: 'prune of keys',
    proved: ['prune, keys'],
    async prepare(world, run) {
      const id = await world.makeSecret({
        name: 'backup-key',
        payload: randomBytes(32),
        secretType: 'opaque',
        contentType: 'application/octet-stream',
      });
      return twice(run, ['export-secret', { ...SAFE, secrets: id }]);
    },
  },
];
