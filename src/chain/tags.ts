import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { isTag, MOST_TAGS } from '../text/tag.ts';

/**
 * What we write into a Cinder backup's metadata, so that chains can be rebuilt (Cinder does not show the parent) and a
 * backup restored even when every manifest is lost. Keys and values have 255 characters at most.
 */
export interface Tags {
  readonly run: string;
  /** The backup that they are for; undefined until the cloud has told its id. */
  readonly backup: string | undefined;
  /** Who makes it, to find out whether the run still lives: an Owner as one word. */
  readonly owner: string;
  /** ISO 8601, the cloud's time: when it was asked for. */
  readonly made: string | undefined;
  /** ISO 8601, the cloud's time: when it is left over at the latest, if nobody can see the owner. */
  readonly expires: string | undefined;
  /** The restore point, unique to one create request. */
  readonly point: string;
  readonly chain: string;
  readonly position: number;
  readonly parent: string | undefined;
  /** `started` until it stands in a manifest, then `recorded`. */
  readonly state: 'started' | 'recorded';
  /** Whether its run left it to the cloud on purpose: then any run records it, whoever lives. */
  readonly handedOver: boolean;
  /** How the volume was when it was asked for; undefined if it is not said. */
  readonly consistency: 'offline' | 'crash' | undefined;
  readonly volumeTypeId: string | undefined;
  readonly volumeType: string | undefined;
  readonly encrypted: boolean;
  readonly bootable: boolean;
  /** The tags of its restore point, as the user gave them. */
  readonly pointTags: readonly string[];
}

const PREFIX = 'openstack-backup:';
export const POINT_TAG = `${PREFIX}point`;

/** A backup's metadata is asked for these by name, of each of 100,000 backups: the names are put together once. */
const KEYS = {
  run: `${PREFIX}run`,
  backup: `${PREFIX}backup`,
  owner: `${PREFIX}owner`,
  made: `${PREFIX}made`,
  expires: `${PREFIX}expires`,
  point: POINT_TAG,
  chain: `${PREFIX}chain`,
  position: `${PREFIX}position`,
  parent: `${PREFIX}parent`,
  state: `${PREFIX}state`,
  'handed-over': `${PREFIX}handed-over`,
  consistency: `${PREFIX}consistency`,
  'volume-type-id': `${PREFIX}volume-type-id`,
  'volume-type': `${PREFIX}volume-type`,
  encrypted: `${PREFIX}encrypted`,
  bootable: `${PREFIX}bootable`,
} as const;

const POINT_TAGS = Array.from({ length: MOST_TAGS }, (_, index) => `${PREFIX}${tagKey(index)}`);

export function writeTags(tags: Tags): Record<string, string> {
  const values: Record<keyof typeof KEYS, string | undefined> = {
    run: tags.run,
    backup: tags.backup,
    owner: tags.owner,
    made: tags.made,
    expires: tags.expires,
    point: tags.point,
    chain: tags.chain,
    position: String(tags.position),
    parent: tags.parent,
    state: tags.state,
    'handed-over': tags.handedOver ? 'true' : undefined,
    consistency: tags.consistency,
    'volume-type-id': tags.volumeTypeId,
    'volume-type': tags.volumeType,
    encrypted: String(tags.encrypted),
    bootable: String(tags.bootable),
    // One a key: all together could be longer than a value may be.
    ...Object.fromEntries(tags.pointTags.map((tag, index) => [tagKey(index), tag])),
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${PREFIX}${key}`, value]],
    ),
  );
}

/** The metadata of a backup with these tags; what others wrote there stays. Only the parent may be one too many. */
export function metadataWith({ metadata }: Pick<Backup, 'metadata'>, tags: Tags): Record<string, string> {
  const { [KEYS.parent]: _parent, ...others } = metadata;
  return { ...others, ...writeTags(tags) };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Our tags on a backup; undefined for a backup that we did not make, whose tags were meddled with, or that only has a copy
 * of those of another one.
 */
export function readTags(backup: Pick<Backup, 'id' | 'metadata'>): Tags | undefined {
  const get = (key: keyof typeof KEYS): string | undefined => backup.metadata[KEYS[key]];
  const [run, point, chain, position, state] = [
    get('run'),
    get('point'),
    get('chain'),
    get('position'),
    get('state'),
  ];
  if (![run, point, chain].every((value) => value !== undefined && UUID.test(value))) return undefined;
  if (position === undefined || !/^\d{1,5}$/.test(position)) return undefined;
  const [own, parent, consistency] = [get('backup'), get('parent'), get('consistency')];
  if (own !== undefined && own !== backup.id) return undefined;
  return {
    run: String(run),
    backup: own,
    owner: get('owner') ?? '',
    made: get('made'),
    expires: get('expires'),
    point: String(point),
    chain: String(chain),
    position: Number(position),
    parent: parent !== undefined && UUID.test(parent) ? parent : undefined,
    state: state === 'recorded' ? 'recorded' : 'started',
    handedOver: get('handed-over') === 'true',
    consistency: consistency === 'offline' || consistency === 'crash' ? consistency : undefined,
    volumeTypeId: get('volume-type-id'),
    volumeType: get('volume-type'),
    encrypted: get('encrypted') === 'true',
    bootable: get('bootable') === 'true',
    pointTags: pointTagsIn(backup.metadata),
  };
}

function tagKey(index: number): string {
  return `tag-${index + 1}`;
}

/** Anybody may have written there: only what a manifest takes. */
function pointTagsIn(metadata: Backup['metadata']): string[] {
  const all = POINT_TAGS.map((key) => metadata[key]);
  return [...new Set(all.filter((tag) => tag !== undefined))].filter(isTag);
}
