import { keptOutput } from '../inputs/manifest.ts';
import { restoreVolumeInputs } from '../inputs/restore-volume.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  'volume-id': { description: 'The id of the restored volume.' },
  missing: { json: true, description: 'JSON: what differs from the original, a list of phrases.' },
  ...keptOutput,
  report: {
    json: true,
    description:
      'JSON: {volume, name, from, sizeBytes, type, encrypted, overwritten, seconds}, with {backup} if it came from a Cinder backup.',
  },
} as const satisfies Outputs;

export const restoreVolume = defineCommand({
  name: 'restore-volume',
  summary: 'Restore a volume from a manifest, however it was saved, or from a Cinder backup alone.',
  examples: [
    {
      does: 'Restore the newest backup of a volume, as a new volume',
      words: 'restore-volume --manifest latest --volume db --name db-restored',
    },
    {
      does: 'Overwrite an existing volume: everything on it is lost',
      words: 'restore-volume --manifest latest --volume db --to db --overwrite',
    },
  ],
  inputs: restoreVolumeInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).restoreGivenVolume(context, given),
});
