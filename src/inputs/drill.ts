import { cloudInputs } from './cloud.ts';
import { listInputs } from './list.ts';
import { manifestInputs } from './manifest.ts';
import { pruneInputs } from './prune.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

const { manifest, volume, server, image, secret, tag, since, at, offline } = listInputs;

export const drillInputs = {
  plan: {
    kind: 'text',
    placeholder: 'FILE',
    description:
      'A plan file: its `drill` gives `level`, `pick` and `max-gigabytes`, and it gives places, store and cloud. Nothing is done before a drill is due.',
  },
  manifest,
  volume,
  server,
  image,
  secret,
  tag,
  since,
  at,
  offline,
  level: {
    kind: 'choice',
    choices: ['bytes', 'volume'],
    default: 'bytes',
    description:
      'How far to go. `bytes`: open what is in the store, compare all of it with what was saved, and recognize the partition table and file systems; no cloud is needed. `volume`: restore a volume, read it back without a server, compare it, and remove it again.',
  },
  pick: {
    kind: 'choice',
    choices: ['latest', 'random'],
    default: 'random',
    description:
      'Which restore point. Both draw a resource first, likelier the longer ago it was drilled. `latest`: its newest restore point. `random`: any, likelier the longer ago it was drilled.',
  },
  seed: {
    kind: 'text',
    placeholder: 'N',
    description: 'Draw the same as an earlier drill of the same restore points, which told its seed.',
  },
  'max-gigabytes': {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 1_000_000,
    description:
      'Leave out what is larger. 0: no limit but the free quota of the cloud, which always counts where something is restored.',
  },
  ...storeInputs,
  publish: {
    ...pruneInputs.publish,
    description:
      'Where to record the result: `artifact`, `release`, ``store`` or `directory:PATH`. Default: each place that has the manifest of what was drilled.',
  },
  recipients: pruneInputs.recipients,
  'sign-key': pruneInputs['sign-key'],
  workflow: listInputs.workflow,
  branch: listInputs.branch,
  identity: listInputs.identity,
  'verify-key': listInputs['verify-key'],
  'allow-other-project': manifestInputs['allow-other-project'],
  ...cloudInputs,
} as const satisfies Inputs;

export type DrillInputs = Values<typeof drillInputs>;
