import { listInputs } from '../inputs/list.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  points: {
    json: true,
    description:
      'JSON: the restore points, a list of {time, kind, name, id, point, method, chain, size, consistency, key, data, manifest, doubt, project, tags, state, why, verified, drilled, kept}, newest first; size in bytes, tags a list of strings. `state` is `whole`, `broken` or `unknown`, and `why` says why it is not whole. `verified` is {level, time, sampled, fault}, if `verify` looked at it; `drilled` is {level, result, time, by, proved, byHand, keyProved}, if it was drilled. `kept` is the level that it is the newest one proved to, so that pruning keeps it.',
  },
  unread: { json: true, description: 'JSON: manifests that could not be read, a list of {manifest, error}.' },
} as const satisfies Outputs;

export const list = defineCommand({
  name: 'list',
  summary: 'List the restore points in all manifests, and whether each is whole.',
  examples: [
    { does: 'List all restore points of a volume', words: 'list --volume db' },
    {
      does: 'List what each resource could be restored from at a given time',
      words: 'list --at 2026-11-25T06:00:00Z --format csv',
    },
  ],
  inputs: listInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).listPoints(context, given),
});
