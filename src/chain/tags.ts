import type { Backup } from '../openstack/blockstorage/v3/backups.ts';
import { isTag, MOST_TAGS } from '../text/tag.ts';

/**
 * What we write into a Cinder backup's metadata, to rebuild chains (Cinder does not show the parent) and to restore
 * backups even if every manifest is lost. Keys and values may have at most 255 characters.
 */
export interface Tags {
  readonly run: string;
  /** The id of the backup that has these tags; undefined until the cloud returns it. */
  readonly backup: string | undefined;
  /** An Owner as one word, to find out whether the run is still alive. */
  readonly owner: string;
  /** When the backup was requested, by the cloud's clock. ISO 8601. */
  readonly made: string | undefined;
  /** When it counts as a leftover if nobody can see the owner, by the cloud's clock. ISO 8601. */
  readonly expires: string | undefined;
  /** The restore point's id, unique to one create request. */
  readonly point: string;
  readonly chain: string;
  readonly position: number;
  readonly parent: string | undefined;
  /** `started` until a manifest lists it, then `recorded`. */
  readonly state: 'started' | 'recorded';
  /** Whether its run left it to the cloud: then any run may record it, even while the owner is alive. */
  readonly handedOver: boolean;
  /** The state of the volume at the request; undefined if unknown. */
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

/** Built once, since readTags looks them up for each of maybe 100,000 backups. */
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
    // One key per tag, as all of them may not fit into one value.
    ...Object.fromEntries(tags.pointTags.map((tag, index) => [tagKey(index), tag])),
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[`${PREFIX}${key}`, value]],
    ),
  );
}

/** The backup's metadata with these tags. Keeps what others wrote; only an outdated parent goes. */
export function metadataWith({ metadata }: Pick<Backup, 'metadata'>, tags: Tags): Record<string, string> {
  const { [KEYS.parent]: _parent, ...others } = metadata;
  return { ...others, ...writeTags(tags) };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Our tags on a backup; undefined if we did not make it, its tags were altered, or they are a copy of another backup's.
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

/** Anybody may have written these, so takes only what a manifest accepts. */
function pointTagsIn(metadata: Backup['metadata']): string[] {
  const all = POINT_TAGS.map((key) => metadata[key]);
  return [...new Set(all.filter((tag) => tag !== undefined))].filter(isTag);
}
