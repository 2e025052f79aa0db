import type { Inputs, Outputs } from './table.ts';

/** The inputs of every command that makes a manifest. */
export const publishInputs = {
  publish: {
    kind: 'list',
    placeholder: 'PLACE',
    description:
      'Where the manifest goes, one or several: `artifact`, `release`, or `directory:PATH`, into a directory of its own below PATH. If not said, `artifact` in a workflow and `directory:openstack-backups` in a terminal.',
  },
  expiry: {
    kind: 'choice',
    choices: ['warn', 'any', 'outlive'],
    default: 'warn',
    description:
      'Backups do not expire, and artifacts do. Where the manifest would be gone first, `warn` says so, `any` takes it, and `outlive` refuses: `publish` must name a place that keeps it.',
  },
  'expiry-days': {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 400,
    description: 'Days that the artifact is kept; 0 for what the repository says.',
  },
  'release-tag': {
    kind: 'text',
    placeholder: 'TAG',
    description:
      'The tag of the release, with `publish: release`: a new one for each run. If not said, `openstack-backup/` and the time.',
  },
  recipients: {
    kind: 'list',
    placeholder: 'AGE',
    description:
      'age recipients, whose identities open what is sealed to them: keys, the data in `store`, and the manifest where it goes to an artifact or a release. In a public repository there must be one.',
  },
  'sign-key': {
    kind: 'text',
    secret: true,
    description: 'An ed25519 private key in PEM that signs the manifest.',
  },
} as const satisfies Inputs;

export const publishOutputs = {
  manifest: {
    description:
      'The manifest, as `manifest` of `restore-volume` takes it: a path, `artifact:RUN/NAME` or `release:TAG`. The first place of `publish`.',
  },
  'manifest-sha256': { description: "The SHA-256 of the manifest's text, lower-case hex." },
  'artifact-id': { description: "The artifact's id, with `publish: artifact`." },
  'release-url': { description: "The release's page, with `publish: release`." },
} as const satisfies Outputs;
