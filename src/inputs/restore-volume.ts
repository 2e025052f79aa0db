import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { storeInputs } from './store.ts';
import type { Inputs } from './table.ts';

export const restoreVolumeInputs = {
  ...cloudInputs,
  ...manifestInputs,
  ...storeInputs,
  volume: {
    kind: 'text',
    placeholder: 'VOLUME',
    description:
      'The volume to restore from the manifest, by name or id. Not needed if the manifest has only one.',
  },
  backup: {
    kind: 'text',
    placeholder: 'ID',
    description: 'The id of a Cinder backup, used instead of `manifest` if the manifest is lost.',
  },
  to: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: 'Overwrite this volume (id or name) instead of creating a new one. Needs `overwrite: true`.',
  },
  overwrite: {
    kind: 'boolean',
    default: 'false',
    description: 'Confirm that everything on the volume in `to` may be lost.',
  },
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored volume. Default: the recorded name.',
  },
  type: {
    kind: 'text',
    placeholder: 'TYPE',
    description:
      'The volume type (id or name). Default: the recorded type. An encrypted backup can be restored only to the recorded type.',
  },
  'availability-zone': {
    kind: 'text',
    placeholder: 'AZ',
    description: 'The availability zone. Default: the recorded one.',
  },
} as const satisfies Inputs;
