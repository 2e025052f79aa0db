import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import type { Inputs } from '../inputs/table.ts';
import { volumeInputs } from '../inputs/volumes.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  volumes: {
    kind: 'list',
    required: true,
    placeholder: 'VOLUME',
    description:
      'The volumes to back up, one per line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  ...volumeInputs,
  concurrency: {
    kind: 'integer',
    default: '4',
    min: 1,
    max: 100,
    description: 'How many volumes to back up at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupVolume = defineCommand({
  name: 'backup-volume',
  summary: 'Back up volumes, attached or not, encrypted or not.',
  examples: [
    {
      does: 'Back up every volume whose name starts with db-, as increments if possible',
      words: "backup-volume --volumes 'name:db-*'",
    },
    {
      does: 'Download an encrypted volume and its key, sealed',
      words: 'backup-volume --volumes vault --store directory:/mnt/backups --recipients age1…',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/index.ts')).backupVolumes(context, given),
});
