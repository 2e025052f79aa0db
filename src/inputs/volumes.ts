import { packInputs } from './store.ts';
import type { Inputs } from './table.ts';

/** The inputs of every command that saves volumes. */
export const volumeInputs = {
  method: {
    kind: 'choice',
    choices: ['auto', 'cinder-backup', 'image'],
    default: 'auto',
    description:
      'How: `cinder-backup` keeps the data in the backup service of the cloud; `image` makes an image of it, which goes to `store`, or stays in the cloud where none is named. `auto`: an image where a store is named, else a backup, and an image where no backup service answers.',
  },
  mode: {
    kind: 'choice',
    choices: ['auto', 'full', 'incremental'],
    default: 'auto',
    description:
      '`auto` makes an increment where a chain of ours is whole and shorter than `max-chain`, else a full backup.',
  },
  'max-chain': {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 1000,
    description: 'Backups in a chain at most, the full one counted: a restore needs them all.',
  },
  ...packInputs,
  store: {
    ...packInputs.store,
    description:
      'Where the data goes that leaves the cloud: `directory:PATH`. If not said, it stays in the cloud.',
  },
} as const satisfies Inputs;
