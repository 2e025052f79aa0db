export interface Row {
  /** As the guide calls it. */
  readonly procedure: string;
  readonly how: string;
  /** The name of a scenario in test/scenarios. */
  readonly scenario: string;
  /** The name of a smaller one, which counts where only that was tried, on an older release. */
  readonly part?: string;
  /** Where the real cloud has only a stand-in. */
  readonly embeddedOnly?: true;
}

const IMAGE =
  'an image comes back with the same bytes, properties, tags, formats, visibility and protection, sealed or not, packed or not';
const SEALED_IMAGE =
  'an encrypted image comes back when it and all its keys are gone: a new secret opens the same bytes, also as a volume';
const CHAINS = {
  scenario:
    'plain and encrypted, detached and in use: full, increment, increment; deleted, each restored from its manifest alone, bytes equal',
  part: 'plain and encrypted, detached and in use: backed up, deleted, restored from the manifest alone, bytes equal',
};
const LINKS =
  'full, increment, increment of the four kinds: each link of each chain restored with its own bytes';
const OUT_AND_BACK =
  'plain and encrypted, detached and in use, saved into a directory and deleted with their keys: back in this and in another project, bytes equal';
const KEPT =
  'an image that stays in the cloud is the backup: restored from it, also to another type of the same encryption';
const NETWORKS =
  'a server with two ports: addresses, security groups and floating IP again where they are free, elsewhere told, in another network when mapped';
const SERVER =
  'a server with a plain and an encrypted volume saved into a directory, all deleted, keys included: back in another project with the same bytes';

const BY_HAND = 'the commands of the guide themselves, with the real `openstack` client';
const byHand = [
  'RESTORE.md, carried out: volumes from Cinder backups, plain and encrypted, of hostile names',
  'RESTORE.md, carried out: volumes through images, plain and encrypted, and the encrypted one unlocked outside OpenStack',
  'RESTORE.md, carried out: an image with its properties and tags',
  'RESTORE.md, carried out: keys, bytes and a text with white space at its ends',
  'RESTORE.md, carried out: a server with its root disk, a plain and an encrypted volume',
];

/** The rows of docs/support.md: every procedure of the guide, and the scenario that it counts by. */
export const rows: readonly Row[] = [
  { procedure: 'Image backup using download', how: '`backup-image`', scenario: IMAGE },
  { procedure: '… of an encrypted image, with its key', how: '`backup-image`', scenario: SEALED_IMAGE },
  { procedure: 'Ephemeral storage backup using Glance images', how: '`backup-server`', scenario: SERVER },
  { procedure: 'Backup of detached volumes', how: '`backup-volume`', ...CHAINS },
  { procedure: 'Backup of attached volumes', how: '`backup-volume`', ...CHAINS },
  { procedure: '… incremental', how: '`backup-volume`', ...CHAINS, part: LINKS },
  {
    procedure: 'Glance image backups of detached volumes',
    how: '`backup-volume`, `method: image`',
    scenario: OUT_AND_BACK,
  },
  {
    procedure: 'Glance image backups of attached volumes',
    how: '`backup-volume`, `method: image`',
    scenario: OUT_AND_BACK,
  },
  { procedure: '… that stay in Glance', how: '`backup-volume`, `method: image`, no `store`', scenario: KEPT },
  { procedure: 'Barbican secrets backup using download', how: '`export-secret`', scenario: SEALED_IMAGE },
  {
    procedure: 'Retrieving encryption keys from Barbican',
    how: '`export-secret`; `recipients` and `store` of `backup-volume`',
    scenario: 'the key of a Cinder backup is sealed beside it, and called unproved',
  },
  { procedure: 'Restoring a backup of a Barbican secret', how: '`restore-secret`', scenario: SEALED_IMAGE },
  { procedure: 'Restoring a backup of an unencrypted image', how: '`restore-image`', scenario: IMAGE },
  { procedure: 'Restoring a backup of an encrypted image', how: '`restore-image`', scenario: SEALED_IMAGE },
  { procedure: 'Restoring a volume backup from an image', how: '`restore-volume`', scenario: OUT_AND_BACK },
  { procedure: 'Restoring to a new volume (Cinder Backup)', how: '`restore-volume`', ...CHAINS },
  {
    procedure: 'Restoring on an existing volume (Cinder Backup)',
    how: '`restore-volume`, `to`, `overwrite`',
    scenario:
      'restored over an existing volume, only when told to, and from a bare backup id when the manifest and the volume are lost: plain and encrypted',
    part: 'restored over an existing volume, only when told to, plain and encrypted',
  },
  {
    procedure: 'Restoring an encrypted volume backup (Cinder Backup)',
    how: '`restore-volume`',
    ...CHAINS,
  },
  {
    procedure: 'Image creation action for servers with attached volumes',
    how: '`backup-server`, `restore-server`',
    scenario:
      'a volume-backed server: snapshots of all volumes backed up to Cinder, then increments; nothing left; restored in order with the same bytes',
  },
  {
    procedure: 'LUKS encryption key conversion to decrypt volume images',
    how: '`unlock`',
    scenario:
      'the image of an encrypted volume, opened outside the cloud with its sealed key: the same contents',
  },
  {
    procedure: 'beyond the guide: a whole server, into another project',
    how: '`restore-server`',
    scenario: SERVER,
  },
  {
    procedure: 'beyond the guide: its ports, addresses, security groups and floating IPs',
    how: '`restore-server`',
    scenario: NETWORKS,
    embeddedOnly: true,
  },
  ...byHand.map((scenario) => ({ procedure: BY_HAND, how: '`RESTORE.md`', scenario })),
  {
    procedure: BY_HAND,
    how: '`RESTORE.md`',
    scenario:
      'RESTORE.md, carried out: a server with two ports, to each its address, its own security groups, its floating IP',
    embeddedOnly: true,
  },
];
