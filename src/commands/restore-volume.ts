import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  ...storeInputs,
  volume: {
    kind: 'text',
    placeholder: 'VOLUME',
    description:
      'The volume to restore from the manifest, by name or id. Not needed if the manifest has only one.',
  },
  backup: {
    kind: 'text',
    placeholder: 'ID',
    description: 'The id of a Cinder backup, used instead of `manifest` if the manifest is lost.',
  },
  to: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: 'Overwrite this volume (id or name) instead of creating a new one. Needs `overwrite: true`.',
  },
  overwrite: {
    kind: 'boolean',
    default: 'false',
    description: 'Confirm that everything on the volume in `to` may be lost.',
  },
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored volume. Default: the recorded name.',
  },
  type: {
    kind: 'text',
    placeholder: 'TYPE',
    description:
      'The volume type (id or name). Default: the recorded type. An encrypted backup can be restored only to the recorded type.',
  },
  'availability-zone': {
    kind: 'text',
    placeholder: 'AZ',
    description: 'The availability zone. Default: the recorded one.',
  },
} as const satisfies Inputs;

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
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).restoreGivenVolume(context, given),
});
