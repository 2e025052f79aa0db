import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { packInputs, rawInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  images: {
    kind: 'list',
    required: true,
    placeholder: 'IMAGE',
    description:
      'The images to save, one per line or separated by commas: ids, names, `metadata:KEY=VALUE` (image properties), `name:PATTERN` with `*`, or `all` images of the project.',
  },
  ...packInputs,
  ...rawInputs,
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'How many images to download at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupImage = defineCommand({
  name: 'backup-image',
  summary: 'Download images with everything Glance records about them, and the keys of encrypted images.',
  examples: [
    {
      does: 'Download an image and what Glance records about it',
      words: 'backup-image --images golden --store directory:/mnt/backups',
    },
    {
      does: 'Show what a backup of all images of the project would do',
      words: 'backup-image --images all --dry-run',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/index.ts')).backupImages(context, given),
});
