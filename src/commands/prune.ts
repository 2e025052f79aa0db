import { pruneInputs } from '../inputs/prune.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  digest: {
    description:
      'What to give as `expect` to the next run: the SHA-256 of what is deleted, in lower-case hex.',
  },
  points: {
    json: true,
    description:
      'JSON: what happens to each restore point, a list of {point, kind, id, name, time, keep, reasons, data, manifests}.',
  },
  deleted: { json: true, description: 'JSON: what was deleted, a list of {kind, id, point}.' },
  failed: {
    json: true,
    description: 'JSON: what should have been deleted but still exists, a list of {kind, id, error}.',
  },
  freed: {
    json: true,
    description:
      'JSON: what was removed from the store because nothing needed it any more, {objects, bytes, later: {objects, bytes}}; `later` is what a run after 48 hours can remove.',
  },
  manifest: { description: 'The record of what was deleted, as a restore takes it in `manifest`.' },
  days: {
    json: true,
    description: 'JSON: with `simulate`, how many points exist each day, a list of numbers.',
  },
  peak: { description: 'With `simulate`, the largest number of points that exist at once.' },
} as const satisfies Outputs;

export const prune = defineCommand({
  name: 'prune',
  summary: 'Delete the restore points that no rule keeps.',
  examples: [
    { does: 'Show what would be deleted', words: 'prune --keep-daily 14 --keep-weekly 8 --dry-run' },
    {
      does: 'Show how many backups of a volume exist after a year',
      words: 'prune --keep-daily 14 --keep-monthly 12 --simulate 400d',
    },
  ],
  inputs: pruneInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).prunePoints(context, given),
});
