import { drillInputs } from '../inputs/drill.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  level: { description: 'The level that was asked for.' },
  passed: {
    json: true,
    description: 'Whether it was proved: true or false. Empty with `hold`: the post step says.',
  },
  result: {
    description:
      '`passed`, `failed`, or `no output`: a server ran, and its console stayed empty, which proves nothing and is no failure; `held`: it stands, and the later steps decide.',
  },
  reached: {
    description:
      'How deep it is proved: `L1b`, opened and the same bytes; `L2`, and recognized, or opened with its key; `L3`, restored and read back; `L4`, booted; `L5`, and a check of yours said yes. Empty unless it passed.',
  },
  why: { description: 'Why it is not proved.' },
  seen: { json: true, description: 'JSON: what was seen, a list of sentences.' },
  seconds: {
    json: true,
    description: 'JSON: how long each phase took, {found, restored, booted, checked, removed}.',
  },
  'server-id': { description: 'With `hold`: the server that stands.' },
  address: { description: 'Its first address. Empty without a network.' },
  'volume-id': { description: 'The volume that it boots from. Empty if that is an image.' },
  'volume-ids': { json: true, description: 'JSON: all its volumes, a list of ids.' },
  console: { description: 'The command that shows its console.' },
  'held-until': { description: 'When the later steps must be over. ISO 8601.' },
  seed: { description: 'Draws the same again.' },
  kind: { description: 'What was drilled: `volume`, `server`, `image` or `secret`.' },
  id: { description: 'The id of the resource.' },
  name: { description: 'Its name.' },
  point: { description: 'The id of the restore point.' },
  time: { description: 'When its data was taken.' },
  manifest: { description: 'The record of the result.' },
  drills: {
    json: true,
    description:
      'With `each`, JSON: the drills, a list of {kind, id, name, point, result, reached, why, seconds, seed}; then `passed` and `result` are of all.',
  },
  left: {
    json: true,
    description: 'With `each`, JSON: what was not drilled, a list of {kind, id, name, why}.',
  },
} as const satisfies Outputs;

export const drill = defineCommand({
  name: 'drill',
  summary: 'Restore a restore point only to prove that it works, time it, and remove it again.',
  examples: [
    {
      does: 'Open any restore point in a store and look what is inside',
      words: 'drill --store s3://backups/production --identity file:backup.key',
    },
    {
      does: 'Restore the newest restore point of a volume, read it back, and remove it',
      words: 'drill --volume db --level volume --pick latest',
    },
  ],
  inputs: drillInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).drillPoints(context, given),
  afterwards: async (context, given, kept) =>
    (await import('../run/index.ts')).endHeldDrill(context, given, kept),
});
