import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { chosenInputs, provingInputs } from './proving.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

export const drillInputs = {
  plan: {
    kind: 'text',
    placeholder: 'FILE',
    description:
      'A plan file: its `drill` gives `level`, `pick` and `max-gigabytes`, and it gives places, store and cloud. Nothing is done before a drill is due.',
  },
  ...chosenInputs,
  level: {
    kind: 'choice',
    choices: ['bytes', 'volume', 'boot'],
    default: 'bytes',
    description:
      'How far to go. bytes: open what is in the store, compare all of it with what was saved, and recognize the partition table and file systems; no cloud is needed. volume: restore it, a server disk by disk, read it back without a server, compare it, and remove it again. boot: restore it and boot an isolated server from it, whose console or a check of yours says whether it works; of servers, bootable volumes and images.',
  },
  pick: {
    kind: 'choice',
    choices: ['latest', 'random'],
    default: 'random',
    description:
      'Which restore point. Both draw a resource first, likelier the longer ago it was drilled. `latest`: its newest restore point. `random`: any, likelier the longer ago it was drilled.',
  },
  'by-hand': {
    kind: 'boolean',
    default: 'false',
    description:
      'Carry out `RESTORE.md` in an empty environment, with the installed `openstack`, `age`, `zstd` and `python3`, instead of restoring with this program: it proves the way back without it. Needs `verify-key` or `allow-unsigned`, unless a run of this repository made the manifest. Not for `level: boot`.',
  },
  each: {
    kind: 'boolean',
    default: 'false',
    description:
      'Drill a restore point of each resource, one after the other, the one that waits longest first, instead of drawing one.',
  },
  seed: {
    kind: 'text',
    placeholder: 'N',
    description: 'Draw the same as an earlier drill of the same restore points, which told its seed.',
  },
  network: {
    kind: 'list',
    description:
      'With `level: boot`: the networks for the server, by name or id, or `none`. In each it gets a port of its own, with a security group without rules: nobody reaches it, and it reaches nobody.',
  },
  'security-groups': {
    kind: 'list',
    description:
      'With `level: boot`: security groups for the server, by name or id, instead of the one without rules; for a `check` that has to reach it.',
  },
  flavor: {
    kind: 'text',
    placeholder: 'NAME',
    description:
      'With `level: boot`: the flavor of the server, by name or id. Default: that of the source, if it is still there, else the smallest that fits.',
  },
  expect: {
    kind: 'text',
    placeholder: 'TEXT',
    description:
      'With `level: boot`: the text that the console of the server shows when it has booted, such as `login:`, or a regular expression between slashes, such as `/^\\S+ login:/`.',
  },
  check: {
    kind: 'text',
    placeholder: 'COMMAND',
    description:
      'With `level: boot`: a command for bash that looks at the server; it is proved if the command exits with 0. It runs after the text of `expect` was seen, and gets `OPENSTACK_BACKUP_SERVER_ID`, `OPENSTACK_BACKUP_ADDRESS` and `OPENSTACK_BACKUP_VOLUME_ID`.',
  },
  hold: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 360,
    placeholder: 'MIN',
    description:
      'In a workflow, with `level: boot`: leave the server to the later steps of the job, for at most so many minutes. The post step of the action removes it; the drill has passed if none of them failed. 0: remove it at once.',
  },
  'boot-timeout': {
    kind: 'integer',
    default: '10',
    min: 1,
    max: 360,
    description: 'With `level: boot`: minutes to wait for the text of `expect`, and again for the `check`.',
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
  ...provingInputs,
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description: 'With `by-hand`: carry it out even if the manifest is not signed.',
  },
  'allow-other-project': manifestInputs['allow-other-project'],
  ...cloudInputs,
} as const satisfies Inputs;

export type DrillInputs = Values<typeof drillInputs>;
