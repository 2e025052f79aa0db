import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import type { Inputs } from '../inputs/table.ts';
import { volumeInputs } from '../inputs/volumes.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  servers: {
    kind: 'list',
    required: true,
    placeholder: 'SERVER',
    description:
      'What to save, one a line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  ...volumeInputs,
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'Servers that are saved at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupServer = defineCommand({
  name: 'backup-server',
  summary: 'Save servers: all their disks, and what they were made of.',
  examples: [
    { does: 'Back up two servers with all their disks', words: 'backup-server --servers web --servers db' },
    {
      does: 'Back up all servers into a directory, sealed',
      words: 'backup-server --servers all --store directory:/mnt/backups --recipients age1…',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/backup-server.ts')).backupServers(context, given),
});
