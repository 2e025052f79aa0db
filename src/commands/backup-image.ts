import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { packInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  images: {
    kind: 'list',
    required: true,
    placeholder: 'IMAGE',
    description:
      'What to save, one a line or separated by commas: ids, names, `metadata:KEY=VALUE` (of its properties), `name:PATTERN` with `*`, or `all` of the project.',
  },
  ...packInputs,
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'Images that are downloaded at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupImage = defineCommand({
  name: 'backup-image',
  summary: 'Download images with all that Glance knows of them, and the keys of encrypted ones.',
  examples: [
    {
      does: 'Download an image and what Glance knows of it',
      words: 'backup-image --images golden --store directory:/mnt/backups',
    },
    {
      does: 'Show what a backup of all images of the project would do',
      words: 'backup-image --images all --dry-run',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/backup-image.ts')).backupImages(context, given),
});
