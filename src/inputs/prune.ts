import { cloudInputs } from './cloud.ts';
import { listInputs } from './list.ts';
import { manifestInputs } from './manifest.ts';
import { publishInputs } from './publish.ts';
import { STORES, storeAccessInputs, storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

const count = (description: string) =>
  ({ kind: 'integer', default: '0', min: 0, max: 100_000, description }) as const;
const duration = (description: string) => ({ kind: 'text', placeholder: 'DURATION', description }) as const;
const resources = (kind: string) =>
  ({
    kind: 'list',
    placeholder: kind.toUpperCase(),
    description: `The ${kind}s whose restore points may be deleted: names or ids, as in the manifests, or \`all\`. Default: all, unless you give resources of another kind.`,
  }) as const;

/** What to keep, in restic's terms and with their meaning. */
export const keepInputs = {
  'keep-last': count('Keep the newest N points of each resource.'),
  'keep-hourly': count('Keep the newest point of each of the last N hours that have one.'),
  'keep-daily': count('Keep the newest point of each of the last N days that have one.'),
  'keep-weekly': count('Keep the newest point of each of the last N weeks (from Monday) that have one.'),
  'keep-monthly': count('Keep the newest point of each of the last N months that have one.'),
  'keep-yearly': count('Keep the newest point of each of the last N years that have one.'),
  'keep-within': duration('Keep every point taken within this time before the newest: 14d, 1y5m7d2h.'),
  'keep-within-hourly': duration(
    'Keep the newest point of each hour within this time before the newest point.',
  ),
  'keep-within-daily': duration(
    'Keep the newest point of each day within this time before the newest point.',
  ),
  'keep-within-weekly': duration(
    'Keep the newest point of each week within this time before the newest point.',
  ),
  'keep-within-monthly': duration(
    'Keep the newest point of each month within this time before the newest point.',
  ),
  'keep-within-yearly': duration(
    'Keep the newest point of each year within this time before the newest point.',
  ),
  'keep-tag': {
    kind: 'list',
    lines: true,
    placeholder: 'TAGS',
    description:
      'Keep every point that has this tag, or all of several: release,signed. One list per line; a point is kept if it has all tags of one of them.',
  },
  'min-copies': {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 1000,
    description: 'How many good points of each resource to keep, whatever the rules say.',
  },
  gone: duration(
    'How long to keep the points of a resource that is gone from the cloud, counted from its newest point; those that `keep-tag` keeps stay. Default: forever.',
  ),
  timezone: {
    kind: 'text',
    placeholder: 'ZONE',
    default: 'UTC',
    description:
      'The time zone in which hours, days, weeks, months and years are counted, such as Europe/Berlin.',
  },
} as const satisfies Inputs;

const { workflow, branch, identity, 'verify-key': verifyKey } = manifestInputs;
const { publish, recipients, 'sign-key': signKey } = publishInputs;

export const pruneInputs = {
  ...cloudInputs,
  volumes: resources('volume'),
  servers: resources('server'),
  images: resources('image'),
  secrets: resources('secret'),
  plan: {
    kind: 'text',
    placeholder: 'FILE',
    description: 'The plan file to take the rules from (`keep`), instead of giving them here.',
  },
  ...keepInputs,
  manifest: listInputs.manifest,
  expect: {
    kind: 'text',
    placeholder: 'DIGEST',
    description: 'Continue only if the run would delete exactly what a dry run showed with this digest.',
  },
  'allow-over-half': {
    kind: 'boolean',
    default: 'false',
    description: 'Allow the run to delete more than half of the points of a resource at once.',
  },
  accept: {
    kind: 'list',
    placeholder: 'POINT',
    description:
      'Restore points whose disks changed as never before, and that you have looked at: the points before them are no longer kept for that.',
  },
  simulate: {
    kind: 'text',
    placeholder: 'DAYS',
    description:
      'Delete nothing, and do not ask the cloud. Print how many points of a volume would exist on each day, and the most at once, with one backup a day over this time, such as 400d.',
  },
  'max-chain': {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 1000,
    description: 'For `simulate`: the most backups in a chain, including the full one.',
  },
  store: {
    ...storeInputs.store,
    description: `The place for data that left the cloud: ${STORES}. Points whose data is not there are kept.`,
  },
  ...storeAccessInputs,
  publish: {
    ...publish,
    description:
      'Where to record what is deleted: `artifact`, `release`, ``store`` or `directory:PATH`. Default: each place that has a manifest of what is deleted.',
  },
  recipients: {
    ...recipients,
    description:
      'The age recipients to seal the record to, if it goes to an artifact or a release. A public repository needs at least one.',
  },
  'sign-key': { ...signKey, description: 'The ed25519 private key, in PEM, to sign the record with.' },
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description:
      'Also trust manifests that are not signed or were altered. An artifact of a trusted run of the same repository needs no signature.',
  },
} as const satisfies Inputs;

export type PruneInputs = Values<typeof pruneInputs>;
