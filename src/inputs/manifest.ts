import type { Inputs, Outputs, Values } from './table.ts';

/** The inputs of every command that reads a manifest. */
export const manifestInputs = {
  manifest: {
    kind: 'text',
    placeholder: 'REF',
    description:
      "The manifest that a backup made: the path of the file or its directory, `artifact:RUN` or `artifact:RUN/NAME`, `release:TAG`, `latest` (the newest that has what is asked for, of the workflow's runs and the releases; in a terminal, in `openstack-backups`), or `latest:PATH`, the newest in a directory.",
  },
  workflow: {
    kind: 'text',
    placeholder: 'FILE',
    description:
      'The workflow whose artifacts are taken, by its file: `backup.yml`. If not said, `latest` takes those of the workflow that runs, and `artifact:RUN` any.',
  },
  branch: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The branch whose runs are taken, if not the default branch.',
  },
  identity: {
    kind: 'text',
    secret: true,
    description:
      'The age identity that opens what is sealed: `AGE-SECRET-KEY-…`, or the text of an identity file.',
  },
  'verify-key': {
    kind: 'text',
    placeholder: 'PATH',
    description:
      'The ed25519 public key (PEM text, or the path of a file) that the manifest must be signed with.',
  },
  'allow-unsigned': {
    kind: 'boolean',
    default: 'false',
    description:
      'Restore also from a manifest that is not signed or was altered. An artifact of a trusted run of the same repository needs no signature.',
  },
  'allow-other-project': {
    kind: 'boolean',
    default: 'false',
    description:
      'Restore also where the manifest names another cloud, region or project than the credentials.',
  },
} as const satisfies Inputs;

export type ManifestInputs = Values<typeof manifestInputs>;

/** The output of what stays after a failure. */
export const keptOutput = {
  kept: {
    json: true,
    description:
      'JSON: where the restore failed when data was back already, what stays of it: a list of {kind, id, name}.',
  },
} as const satisfies Outputs;
