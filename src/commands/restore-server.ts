import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  server: {
    kind: 'text',
    placeholder: 'SERVER',
    description:
      'The server to restore from the manifest, by name or id. Not needed if the manifest has only one.',
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored server. Default: the recorded name.',
  },
  map: {
    kind: 'list',
    placeholder: 'KIND: OLD=NEW',
    description:
      'The names or ids that differ where you restore to, one per line: `network: old=new`, `flavor: old=new`, `type: old=new` (of volumes), `key-pair: old=new`, `security-group: old=new`, `availability-zone: old=new`. `volume: old=there` and `image: old=there` reuse a disk from an earlier restore, as it is.',
  },
} as const satisfies Inputs;

const outputs = {
  'server-id': { description: 'The id of the restored server.' },
  missing: { json: true, description: 'JSON: what differs from the original, a list of phrases.' },
  ...keptOutput,
  report: {
    json: true,
    description: 'JSON: {server, name, flavor, disks, seconds}; each disk is {id, kind, device, point}.',
  },
} as const satisfies Outputs;

export const restoreServer = defineCommand({
  name: 'restore-server',
  summary: 'Restore a server with all its disks from a manifest, to the same or another project or cloud.',
  examples: [
    {
      does: 'Show how the newest backup of a server would be restored',
      words: 'restore-server --manifest latest --server shop --dry-run',
    },
    {
      does: 'Restore it to a project where the network has another name',
      words: "restore-server --manifest latest --server shop --map 'network: old=new'",
    },
  ],
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).restoreGivenServer(context, given),
});
