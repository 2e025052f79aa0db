import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { onlyInputs, planLookInputs } from './plan-file.ts';
import { publishInputs } from './publish.ts';
import { tellInputs } from './report.ts';
import { savingInputs } from './saving.ts';
import { storeAccessInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

const { expiry, 'expiry-days': expiryDays, 'release-tag': releaseTag, 'sign-key': signKey } = publishInputs;

/** The inputs of `apply`. The plan says where manifests go and who can open them. */
export const applyInputs = {
  ...planLookInputs,
  ...onlyInputs,
  tag: savingInputs.tag,
  'start-only': {
    kind: 'boolean',
    default: 'false',
    description:
      'Start the Cinder backups of volumes, and do not wait for them; the next run records them. The run still waits for servers, images and secrets. A run that only starts cannot notice a backup that fails, or that no service takes up: the next run does.',
  },
  deadline: savingInputs.deadline,
  expiry,
  'expiry-days': expiryDays,
  'release-tag': releaseTag,
  'sign-key': signKey,
  ...storeAccessInputs,
  prune: {
    kind: 'boolean',
    default: 'true',
    description:
      'Delete what no `keep` rule of the plan keeps. With `prune: false`, nothing is deleted: prune separately, with another credential.',
  },
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description: 'Delete even if manifests are not signed or were altered.',
  },
  ...tellInputs,
  ...cloudInputs,
} as const satisfies Inputs;

export type ApplyInputs = Values<typeof applyInputs>;
