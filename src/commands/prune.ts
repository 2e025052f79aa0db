import { pruneInputs } from '../inputs/prune.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  digest: {
    description: 'What `expect` of the next run takes: the SHA-256 of what is deleted, lower-case hex.',
  },
  points: {
    json: true,
    description:
      'JSON: what becomes of each restore point, a list of {point, kind, id, name, time, keep, reasons, data, manifests}.',
  },
  deleted: { json: true, description: 'JSON: what was deleted, a list of {kind, id, point}.' },
  failed: {
    json: true,
    description: 'JSON: what should be deleted and is still there, a list of {kind, id, error}.',
  },
  manifest: { description: 'The record of what was deleted, as `manifest` of a restore names it.' },
  days: {
    json: true,
    description: 'JSON: with `simulate`, how many points exist each day, a list of numbers.',
  },
  peak: { description: 'With `simulate`, the most points that exist at once.' },
} as const satisfies Outputs;

export const prune = defineCommand({
  name: 'prune',
  summary: 'Delete the restore points that no rule keeps.',
  examples: [
    { does: 'Show what would be deleted', words: 'prune --keep-daily 14 --keep-weekly 8 --dry-run' },
    {
      does: 'See how many backups of a volume a year brings',
      words: 'prune --keep-daily 14 --keep-monthly 12 --simulate 400d',
    },
  ],
  inputs: pruneInputs,
  outputs,
  run: async (context, given) => (await import('../run/prune.ts')).prunePoints(context, given),
});
