import { randomBytes } from 'node:crypto';
import type { World } from '../../scenarios/world.ts';
import { bootDisk } from '../boot-sector.ts';
import { AS_IMAGE, CINDER, type Row, restoring, SAFE, STORE, type Unlimited, type Words } from './row.ts';

const LEVEL = { level: 'volume' };
/** What reading a volume back needs, besides the lists of what was restored. */
const READ_BACK = ['backup-volume, as an image', 'backup-volume, to a store'];
const OF_CINDER = ['list', 'restore-volume', 'restore-volume, clean-up'];
const OF_IMAGE = ['list', 'drill, room', 'restore-image', 'restore-image, clean-up'];
const FROM_STORE = [
  'list',
  'restore-volume, from an image',
  'restore-volume, from a store',
  'restore-volume, clean-up',
];

const BOOT = { level: 'boot', expect: 'Welcome', 'boot-timeout': '1' };
const ALONE = { ...BOOT, network: 'none' };
const PLUGGED = { ...BOOT, network: 'private' };

/** With something that is recognised. */
function swap(world: World, bootable = false): Promise<string> {
  const content = randomBytes(10_000);
  content.write('SWAPSPACE2', 4086);
  return world.makeVolume({ name: 'db', content, bootable });
}

function greeting(world: World): Promise<string> {
  return world.makeVolume({ name: 'greets', content: bootDisk('Welcome'), bootable: true });
}

async function volumeServer(world: World, rootVolume: string): Promise<string> {
  return (await world.makeServer({ name: 'web', rootVolume })).id;
}

async function imageServer(world: World): Promise<string> {
  return (await world.makeServer({ name: 'web', image: true, volumes: [{ id: await swap(world) }] })).id;
}

function image(world: World): Promise<string> {
  return world.makeImage({ name: 'picture', bytes: bootDisk('Welcome') });
}

function secret(world: World): Promise<string> {
  const contentType = 'application/octet-stream';
  return world.makeSecret({ name: 'lone', payload: randomBytes(32), secretType: 'symmetric', contentType });
}

/** The manifest is where drills look by themselves. */
async function drilling(
  run: Unlimited,
  saving: Words,
  level: Readonly<Record<string, string>> = LEVEL,
): Promise<Words> {
  const [, { 'allow-unsigned': _unsigned, manifest: _manifest, ...inputs }] = await restoring(
    'drill',
    run,
    saving,
  );
  return ['drill', { ...inputs, ...level }];
}

/** They need the lists of what they restore, and of reading it back; only for a server they have lists of their own. */
export const drillRows: readonly Row[] = [
  {
    anywhere: true,
    name: 'drill of a Cinder backup to level volume',
    proved: [],
    beside: [...OF_CINDER, ...READ_BACK],
    prepare: async (world, run) =>
      drilling(run, ['backup-volume', { ...CINDER, volumes: await swap(world) }]),
  },
  {
    anywhere: true,
    name: 'drill of a volume in a store to level volume',
    proved: [],
    beside: [...FROM_STORE, ...READ_BACK],
    prepare: async (world, run) =>
      drilling(run, ['backup-volume', { ...AS_IMAGE, ...STORE, volumes: await swap(world) }]),
  },
  {
    anywhere: true,
    name: 'drill of an image to level volume',
    proved: [],
    beside: [...OF_IMAGE, 'backup-image'],
    prepare: async (world, run) => drilling(run, ['backup-image', { ...STORE, images: await image(world) }]),
  },
  {
    anywhere: true,
    name: 'drill of a secret to level volume',
    proved: ['drill, room'],
    beside: ['list', 'restore-secret', 'restore-secret, clean-up'],
    prepare: async (world, run) =>
      drilling(run, ['export-secret', { ...SAFE, secrets: await secret(world) }]),
  },
  {
    anywhere: true,
    name: 'drill of a server to level volume',
    proved: [],
    beside: [...OF_CINDER, ...READ_BACK],
    prepare: async (world, run) =>
      drilling(run, [
        'backup-server',
        { ...CINDER, servers: await volumeServer(world, await swap(world, true)) },
      ]),
  },
  {
    anywhere: true,
    name: 'drill of a server with a disk of its own to level volume',
    proved: [],
    beside: [...OF_CINDER, ...OF_IMAGE, 'backup-image', ...READ_BACK],
    prepare: async (world, run) =>
      drilling(run, ['backup-server', { ...CINDER, ...STORE, servers: await imageServer(world) }]),
  },
  {
    anywhere: true,
    name: 'drill of a Cinder backup to level boot, without a network',
    proved: ['drill, boot'],
    beside: [...OF_CINDER, 'restore-volume, over a volume'],
    prepare: async (world, run) =>
      drilling(run, ['backup-volume', { ...CINDER, volumes: await greeting(world) }], ALONE),
  },
  {
    anywhere: true,
    name: 'drill of an image to level boot, in a network',
    proved: ['drill, boot in a network'],
    beside: [...OF_IMAGE, 'drill, boot'],
    prepare: async (world, run) =>
      drilling(run, ['backup-image', { ...STORE, images: await image(world) }], PLUGGED),
  },
  {
    anywhere: true,
    name: 'drill of a server to level boot, in a network',
    proved: [],
    beside: [...OF_CINDER, 'restore-volume, over a volume', 'drill, boot', 'drill, boot in a network'],
    prepare: async (world, run) =>
      drilling(
        run,
        ['backup-server', { ...CINDER, servers: await volumeServer(world, await greeting(world)) }],
        PLUGGED,
      ),
  },
];
