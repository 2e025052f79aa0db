import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { rawInputs } from '../inputs/store.ts';
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
      'The servers to back up, one per line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  ...volumeInputs,
  raw: {
    ...rawInputs.raw,
    description: `For the disk of a server that boots from no volume, with \`store\`. ${rawInputs.raw.description}`,
  },
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'How many servers to back up at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupServer = defineCommand({
  name: 'backup-server',
  summary: 'Back up servers: all their disks, and everything needed to create them again.',
  examples: [
    { does: 'Back up two servers with all their disks', words: 'backup-server --servers web --servers db' },
    {
      does: 'Back up all servers to a directory, sealed',
      words: 'backup-server --servers all --store directory:/mnt/backups --recipients age1…',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/index.ts')).backupServers(context, given),
});
