import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  image: {
    kind: 'text',
    placeholder: 'IMAGE',
    description:
      'The image to restore from the manifest, by name or id. Not needed if the manifest has only one.',
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored image. Default: the recorded name.',
  },
  wrap: {
    kind: 'choice',
    choices: ['auto', 'never'],
    default: 'auto',
    description:
      'What to do if Glance refuses a `raw` disk, as it does since 2025.1 with LUKS2, and with a boot sector without a partition table. `auto` stores the disk inside a qcow2; with `never`, the restore fails.',
  },
} as const satisfies Inputs;

const outputs = {
  'image-id': { description: 'The id of the restored image, which is always a new one.' },
  'secret-id': { description: 'The id of its key, also a new one; empty if the image is not encrypted.' },
  missing: { json: true, description: 'JSON: what differs from the original, a list of phrases.' },
  ...keptOutput,
  report: { json: true, description: 'JSON: {image, name, source, sizeBytes, format, key, seconds}.' },
} as const;

export const restoreImage = defineCommand({
  name: 'restore-image',
  summary: 'Restore an image with everything that was saved about it, and its key if it is encrypted.',
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
  run: async (context, given) => (await import('../run/index.ts')).restoreGivenImage(context, given),
});
