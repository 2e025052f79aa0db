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
    description: "Which of the manifest's volumes, by name or id; not needed where it has only one.",
  },
  backup: {
    kind: 'text',
    placeholder: 'ID',
    description: 'The id of a Cinder backup, where the manifest is lost; instead of `manifest`.',
  },
  to: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: 'Write over this volume (id or name) instead of making a new one; needs `overwrite: true`.',
  },
  overwrite: { kind: 'boolean', default: 'false', description: 'Everything on the volume `to` may be lost.' },
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored volume, if not the recorded one.',
  },
  type: {
    kind: 'text',
    placeholder: 'TYPE',
    description:
      'The volume type (id or name), if not the recorded one. Encrypted backups go to the recorded type only.',
  },
  'availability-zone': {
    kind: 'text',
    placeholder: 'AZ',
    description: 'The availability zone, if not the recorded one.',
  },
} as const satisfies Inputs;

const outputs = {
  'volume-id': { description: 'The id of the restored volume.' },
  missing: { json: true, description: 'JSON: what is otherwise than it was, a list in words.' },
  ...keptOutput,
  report: {
    json: true,
    description:
      'JSON: {volume, name, from, sizeBytes, type, encrypted, overwritten, seconds}, and {backup} of a Cinder backup.',
  },
} as const satisfies Outputs;

export const restoreVolume = defineCommand({
  name: 'restore-volume',
  summary: 'Restore a volume from a manifest, whichever way it was saved, or from a bare Cinder backup.',
  examples: [
    {
      does: 'Restore the newest backup of a volume, as a new volume',
      words: 'restore-volume --manifest latest --volume db --name db-restored',
    },
    {
      does: 'Write a backup over an existing volume: all that it holds is lost',
      words: 'restore-volume --manifest latest --volume db --to db --overwrite',
    },
  ],
  inputs,
  outputs,
  run: async (context, given) =>
    (await import('../run/restore-volume.ts')).restoreGivenVolume(context, given),
});
