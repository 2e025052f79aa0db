import { randomBytes } from 'node:crypto';
import type { EmbeddedWorld } from '../../scenarios/embedded.ts';
import { AS_IMAGE, CINDER, type Row, restoring, STORE, type Unlimited, type Words } from './row.ts';

const LEVEL = { level: 'volume' };
/** What every drill to level `volume` needs, besides the lists of what it restores. */
const BOTH = ['backup-volume, as an image', 'backup-volume, to a store'];

/** A volume with something that is recognised. */
function swap(world: EmbeddedWorld): Promise<string> {
  const content = randomBytes(10_000);
  content.write('SWAPSPACE2', 4086);
  return world.makeVolume({ name: 'db', content });
}

/** The manifest is where drills look by themselves. */
async function drilling(run: Unlimited, saving: Words): Promise<Words> {
  const [, { 'allow-unsigned': _unsigned, manifest: _manifest, ...inputs }] = await restoring(
    'drill',
    run,
    saving,
  );
  return ['drill', { ...inputs, ...LEVEL }];
}

/** They need the lists of what they restore, and of reading it back: no list of their own. */
export const drillRows: readonly Row[] = [
  {
    name: 'drill of a Cinder backup to level volume',
    proved: [],
    beside: ['list', 'restore-volume', 'restore-volume, clean-up', ...BOTH],
    prepare: async (world, run) =>
      drilling(run, ['backup-volume', { ...CINDER, volumes: await swap(world) }]),
  },
  {
    name: 'drill of a volume in a store to level volume',
    proved: [],
    beside: [
      'list',
      'restore-volume, from an image',
      'restore-volume, from a store',
      'restore-volume, clean-up',
      ...BOTH,
    ],
    prepare: async (world, run) =>
      drilling(run, ['backup-volume', { ...AS_IMAGE, ...STORE, volumes: await swap(world) }]),
  },
];
