import { cloudInputs } from './cloud.ts';
import { listInputs } from './list.ts';
import { manifestInputs } from './manifest.ts';
import { publishInputs } from './publish.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

const count = (description: string) =>
  ({ kind: 'integer', default: '0', min: 0, max: 100_000, description }) as const;
const duration = (description: string) => ({ kind: 'text', placeholder: 'DURATION', description }) as const;
const resources = (kind: string) =>
  ({
    kind: 'list',
    placeholder: kind.toUpperCase(),
    description: `Whose points may go: ${kind}s by name or id, as the manifests have them, or \`all\`. If no resource of any kind is named, those of all.`,
  }) as const;

/** What is kept, in restic's words and with its meaning. */
export const keepInputs = {
  'keep-last': count('Keep so many of the newest points of each resource.'),
  'keep-hourly': count('Keep the newest point of each of the last so many hours that have one.'),
  'keep-daily': count('Keep the newest point of each of the last so many days that have one.'),
  'keep-weekly': count('The same for weeks, which begin on Monday.'),
  'keep-monthly': count('The same for months.'),
  'keep-yearly': count('The same for years.'),
  'keep-within': duration('Keep every point taken within this time before the newest: 14d, 1y5m7d2h.'),
  'keep-within-hourly': duration(
    'Keep the newest point of each hour within this time before the newest point.',
  ),
  'keep-within-daily': duration('Keep the newest point of each day within this time.'),
  'keep-within-weekly': duration('Keep the newest point of each week within this time.'),
  'keep-within-monthly': duration('Keep the newest point of each month within this time.'),
  'keep-within-yearly': duration('Keep the newest point of each year within this time.'),
  'min-copies': {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 1000,
    description: 'So many good points of each resource stay, whatever the rules say.',
  },
  gone: duration(
    'How long after its newest point everything of a resource may go that is gone from the cloud. If not given, it loses nothing.',
  ),
  timezone: {
    kind: 'text',
    placeholder: 'ZONE',
    default: 'UTC',
    description: 'In which hours, days, weeks, months and years are counted: Europe/Berlin.',
  },
} as const satisfies Inputs;

const { workflow, branch, identity, 'verify-key': verifyKey } = manifestInputs;
const { publish, recipients, 'sign-key': signKey } = publishInputs;

/** The inputs of `prune`. */
export const pruneInputs = {
  ...cloudInputs,
  volumes: resources('volume'),
  servers: resources('server'),
  images: resources('image'),
  secrets: resources('secret'),
  ...keepInputs,
  manifest: listInputs.manifest,
  expect: {
    kind: 'text',
    placeholder: 'DIGEST',
    description: 'Go on only if exactly that would be deleted which a dry run showed with this digest.',
  },
  'allow-over-half': {
    kind: 'boolean',
    default: 'false',
    description: 'Delete also where more than half of the points of a resource would go at once.',
  },
  simulate: {
    kind: 'text',
    placeholder: 'DAYS',
    description:
      'Delete nothing and ask no cloud: print day by day how many points of a volume would exist with a backup a day, and the most of them at once: 400d.',
  },
  'max-chain': {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 1000,
    description: 'For `simulate`: backups in a chain at most, the full one counted.',
  },
  store: {
    ...storeInputs.store,
    description:
      'Where the bytes lie that left the cloud: `directory:PATH`. What is not in it stays, and so do its points.',
  },
  publish: {
    ...publish,
    description:
      'Where it is recorded what is deleted: `artifact`, `release`, or `directory:PATH`. If not said, in each place that has a manifest of what is deleted.',
  },
  recipients: {
    ...recipients,
    description:
      'age recipients that the record is sealed to, where it goes to an artifact or a release. In a public repository there must be one.',
  },
  'sign-key': { ...signKey, description: 'An ed25519 private key in PEM that signs the record.' },
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description:
      'Go by manifests that are not signed or were altered, too. An artifact of a trusted run of the same repository needs no signature.',
  },
} as const satisfies Inputs;

export type PruneInputs = Values<typeof pruneInputs>;
