import { packInputs, STORES } from './store.ts';
import type { Inputs } from './table.ts';

/** The inputs of every command that saves volumes. */
export const volumeInputs = {
  method: {
    kind: 'choice',
    choices: ['auto', 'cinder-backup', 'image'],
    default: 'auto',
    description:
      '`cinder-backup` keeps the data in the backup service of the cloud. `image` makes an image, which goes to `store`, or stays in the cloud if no store is given. `auto` makes an image if a store is given or no backup service answers, and a Cinder backup otherwise.',
  },
  mode: {
    kind: 'choice',
    choices: ['auto', 'full', 'incremental'],
    default: 'auto',
    description:
      '`auto` makes an increment if openstack-backup has a complete chain shorter than `max-chain`, and a full backup otherwise.',
  },
  'max-chain': {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 1000,
    description: 'The most backups in a chain, including the full one. A restore needs all of them.',
  },
  ...packInputs,
  store: {
    ...packInputs.store,
    description: `The place for data outside the cloud: ${STORES}. Default: the data stays in the cloud.`,
  },
} as const satisfies Inputs;
