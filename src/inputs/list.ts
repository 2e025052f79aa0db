import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

const { workflow, branch, identity, 'verify-key': verifyKey } = manifestInputs;

const resource = (kind: string, placeholder: string) =>
  ({
    kind: 'list',
    placeholder,
    description: `Only restore points of this ${kind}, by name or id.`,
  }) as const;

export const listInputs = {
  manifest: {
    kind: 'list',
    placeholder: 'PLACE',
    description:
      'Where to look for manifests, one or more of `artifact`, `release`, ``store`` (what `store` gives) and `directory:PATH`. Default: `artifact` and `release` in a workflow, `directory:openstack-backups` in a terminal.',
  },
  volume: resource('volume', 'VOLUME'),
  server: resource('server', 'SERVER'),
  image: resource('image', 'IMAGE'),
  secret: resource('Barbican secret', 'ID'),
  tag: {
    kind: 'list',
    placeholder: 'TAG',
    description: 'Only restore points that have this tag, or one of these.',
  },
  since: {
    kind: 'text',
    placeholder: 'TIME',
    description:
      'Only restore points taken since this time: 2026-11-25, 2026-11-25T06:00:00Z, or how long ago: 36h, 14d, 8w.',
  },
  at: {
    kind: 'text',
    placeholder: 'TIME',
    description: 'For each resource, only the newest restore point up to this time that is not broken.',
  },
  offline: {
    kind: 'boolean',
    default: 'false',
    description: 'Do not ask the cloud: use only what the manifests say.',
  },
  ...storeInputs,
  format: {
    kind: 'choice',
    choices: ['table', 'value', 'csv', 'json', 'yaml'],
    default: 'table',
    description: 'How to print the list.',
  },
  column: {
    kind: 'list',
    placeholder: 'NAME',
    description:
      'The columns to print, any of time, kind, name, id, point, method, chain, size, consistency, key, data, manifest, doubt, project, tags, state, why, verified, drilled, kept.',
  },
  sort: {
    kind: 'text',
    placeholder: 'COLUMN',
    default: 'time:desc',
    description: 'The column to sort by; COLUMN:desc for the largest first.',
  },
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
  ...cloudInputs,
} as const satisfies Inputs;

export type ListInputs = Values<typeof listInputs>;
