import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  manifest: { ...manifestInputs.manifest, required: true },
  image: {
    kind: 'text',
    placeholder: 'IMAGE',
    description: "Which of the manifest's images, by name or id; not needed where it has only one.",
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored image, if not the recorded one.',
  },
  wrap: {
    kind: 'choice',
    choices: ['auto', 'never'],
    default: 'auto',
    description:
      'Some disks are refused by the Glance of today as `raw`: LUKS 2, and boot sectors without a table of partitions. `auto` asks the cloud, and stores such a disk inside a qcow2.',
  },
} as const satisfies Inputs;

const outputs = {
  'image-id': { description: 'The id of the restored image, always a new one.' },
  'secret-id': { description: 'The id of its key, a new one too; empty where it is not encrypted.' },
  missing: { json: true, description: 'JSON: what is otherwise than it was, a list in words.' },
  ...keptOutput,
  report: { json: true, description: 'JSON: {image, name, source, sizeBytes, format, key, seconds}.' },
} as const;

export const restoreImage = defineCommand({
  name: 'restore-image',
  summary: 'Restore an image with all that was saved of it, and its key where it is encrypted.',
  examples: [
    {
      does: 'Restore the newest backup of an image',
      words: 'restore-image --manifest latest --image golden --store directory:/mnt/backups',
    },
    {
      does: 'Restore an image from a sealed payload, under another name',
      words:
        'restore-image --manifest openstack-backups --image golden --name golden-2 --identity file:identity.txt',
    },
  ],
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/restore-image.ts')).restoreGivenImage(context, given),
});
