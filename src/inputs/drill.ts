import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { chosenInputs, provingInputs } from './proving.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

export const drillInputs = {
  plan: {
    kind: 'text',
    placeholder: 'FILE',
    description:
      'A plan file: its `drill` gives `level`, `pick` and `max-gigabytes`, and it gives places, store and cloud. Nothing is done before a drill is due.',
  },
  ...chosenInputs,
  level: {
    kind: 'choice',
    choices: ['bytes', 'volume'],
    default: 'bytes',
    description:
      'How far to go. `bytes`: open what is in the store, compare all of it with what was saved, and recognize the partition table and file systems; no cloud is needed. `volume`: restore it, a server disk by disk, read it back without a server, compare it, and remove it again.',
  },
  pick: {
    kind: 'choice',
    choices: ['latest', 'random'],
    default: 'random',
    description:
      'Which restore point. Both draw a resource first, likelier the longer ago it was drilled. `latest`: its newest restore point. `random`: any, likelier the longer ago it was drilled.',
  },
  'by-hand': {
    kind: 'boolean',
    default: 'false',
    description:
      'Carry out `RESTORE.md` in an empty environment, with the installed `openstack`, `age`, `zstd` and `python3`, instead of restoring with this program: it proves the way back without it. Needs `verify-key` or `allow-unsigned`, unless a run of this repository made the manifest. `level: volume` does it for volumes.',
  },
  each: {
    kind: 'boolean',
    default: 'false',
    description:
      'Drill a restore point of each resource, one after the other, the one that waits longest first, instead of drawing one.',
  },
  seed: {
    kind: 'text',
    placeholder: 'N',
    description: 'Draw the same as an earlier drill of the same restore points, which told its seed.',
  },
  'max-gigabytes': {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 1_000_000,
    description:
      'Leave out what is larger. 0: no limit but the free quota of the cloud, which always counts where something is restored.',
  },
  ...storeInputs,
  ...provingInputs,
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description: 'With `by-hand`: carry it out even if the manifest is not signed.',
  },
  'allow-other-project': manifestInputs['allow-other-project'],
  ...cloudInputs,
} as const satisfies Inputs;

export type DrillInputs = Values<typeof drillInputs>;
