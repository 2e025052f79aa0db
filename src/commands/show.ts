import { showInputs } from '../inputs/show.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  point: {
    json: true,
    description:
      'JSON: the restore point, {time, kind, name, id, point, method, chain, chainMembers, needs, size, consistency, key, data, state, why, verified, drilled, kept, manifest, doubt, project, tags, restore}; size in bytes, chainMembers, needs, manifest, tags and restore are lists of strings.',
  },
} as const satisfies Outputs;

export const show = defineCommand({
  name: 'show',
  summary: 'Show one restore point: its chain, what it needs, and how to restore it.',
  examples: [
    { does: 'Show the newest restore point of a volume', words: 'show --volume db' },
    { does: 'Show what a restore as of yesterday would use', words: 'show --server shop --at 1d' },
  ],
  inputs: showInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).showPoint(context, given),
});
