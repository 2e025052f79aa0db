import { visibleImages } from '../../backup/image/choose.ts';
import { cloudOf } from '../../catalog/cloud-of.ts';
import type { Inventory } from '../../catalog/inventory.ts';
import { POINT_PROPERTY } from '../../catalog/kept-image.ts';
import { PlainError } from '../../errors.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Session } from '../../openstack/connection.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import { KEY_ID } from '../../openstack/image/v2/properties.ts';
import type { Resource } from '../../planfile/resource.ts';
import { type Holdings, holdingsOf } from '../../temporaries/holdings.ts';
import { readTemporary, TEMPORARY_METADATA } from '../../temporaries/tags.ts';
import { GIB } from '../../text/bytes.ts';

export interface Project {
  readonly resources: readonly Resource[];
  readonly holdings: Holdings;
  /** All that was listed, temporaries too, to save listing it again; undefined if the cloud does not show backups. */
  readonly seen: Holdings | undefined;
  readonly inventory: Inventory;
}

/**
 * What there is to back up. Excludes temporaries, backups themselves, and keys that the cloud manages with their owner.
 *
 * @param needed kinds that must be listed
 */
export async function projectOf(session: Session, needed: readonly (keyof Holdings)[]): Promise<Project> {
  const there = needed.filter((kind) => session.has(SERVICES[kind]));
  const unknown: Partial<Record<keyof Holdings, string>> = {};
  const holdings = await holdingsOf(session, there, undefined, {
    closed: ({ message }) => {
      unknown.backups = message;
    },
    unseen(kind, why) {
      unknown[kind] = why;
      const kinds = { servers: 'servers', secrets: 'keys' } as const;
      if ((kind === 'servers' || kind === 'secrets') && session.has(SERVICES[kind]))
        session.log.warn(`${why}: cannot tell which ${kinds[kind]} are not covered`);
    },
  });
  const images = await imagesOf(session, needed.includes('images'), (why) => {
    unknown.images = why;
  });
  const held = { ...holdings, images };
  const seen = <Kind extends keyof Holdings>(kind: Kind) =>
    unknown[kind] === undefined ? held[kind] : undefined;
  const ids = (all: readonly { readonly id: string }[] | undefined) =>
    all && new Set(all.map(({ id }) => id));
  return {
    holdings: held,
    seen: unknown.backups === undefined ? holdings : undefined,
    resources: resourcesOf(held),
    inventory: {
      cloud: cloudOf(session),
      at: session.clock.now(),
      backups: seen('backups'),
      images: seen('images'),
      snapshots: seen('snapshots'),
      volumes: ids(seen('volumes')),
      servers: ids(seen('servers')),
      secrets: ids(seen('secrets')),
      unknown,
      failed: [],
    },
  };
}

/** The project's own images, hidden ones too. */
async function imagesOf(
  session: Session,
  isNeeded: boolean,
  closed: (why: string) => void,
): Promise<Image[]> {
  if (!session.has('image')) {
    closed('the cloud has no image service');
    return [];
  }
  try {
    const { project } = session.scope;
    return (await visibleImages(session)).filter(({ owner }) => owner === project.id);
  } catch (error) {
    if (isNeeded || !(error instanceof PlainError)) throw error;
    session.log.warn(`${error.message}: cannot tell whether images are complete`);
    closed(error.message);
    return [];
  }
}

const SERVICES = {
  backups: 'block-storage',
  volumes: 'block-storage',
  snapshots: 'block-storage',
  images: 'image',
  secrets: 'key-manager',
  servers: 'compute',
} as const;

function resourcesOf(holdings: Holdings): Resource[] {
  const volumes = holdings.volumes.filter(isTheUsers);
  const sizes = new Map(volumes.map(({ id, size }) => [id, size * GIB]));
  return [
    ...holdings.servers
      .filter(({ id, metadata }) => readTemporary({ id, properties: metadata }) === undefined)
      .map(
        (server): Resource => ({
          ...bare('server', server),
          bytes: server.volumes.reduce((sum, { id }) => sum + (sizes.get(id) ?? 0), 0),
          volumes: server.volumes.map(({ id }) => id),
        }),
      ),
    ...volumes.map(volumeResource),
    ...holdings.images.filter(isOfTheUser).map(
      (image): Resource => ({
        ...bare('image', { ...image, metadata: image.properties }),
        bytes: image.size ?? 0,
        encrypted: image.properties[KEY_ID] !== undefined,
        keyId: image.properties[KEY_ID],
      }),
    ),
    ...secretsOf(holdings),
  ];
}

function bare(
  kind: Resource['kind'],
  { id, name, metadata }: Pick<Resource, 'id' | 'name' | 'metadata'>,
): Resource {
  return { kind, id, name, metadata, bytes: 0, encrypted: false, keyId: undefined, volumes: [] };
}

function isTheUsers(volume: Volume): boolean {
  return volume.consumesQuota && readTemporary(volume) === undefined;
}

function volumeResource(volume: Volume): Resource {
  return {
    ...bare('volume', volume),
    bytes: volume.size * GIB,
    encrypted: volume.encrypted,
    keyId: volume.encryptionKeyId,
  };
}

/** Excludes backups kept as images, and images that only refer to snapshots: those have no data of their own. */
function isOfTheUser(image: Image): boolean {
  return (
    readTemporary(image) === undefined &&
    image.properties[POINT_PROPERTY] === undefined &&
    ((image.size ?? 0) > 0 || image.properties['block_device_mapping'] === undefined)
  );
}

/** Excludes the keys of backups, images and temporary volumes: they are clones, and go when their owner goes. */
function secretsOf({ secrets, backups, images, volumes }: Holdings): Resource[] {
  const clones = new Set([
    ...backups.map(({ encryptionKeyId }) => encryptionKeyId),
    ...images.map(({ properties }) => properties[KEY_ID]),
    ...volumes.map(({ encryptionKeyId }) => encryptionKeyId),
  ]);
  for (const volume of volumes) if (isTheUsers(volume)) clones.delete(volume.encryptionKeyId);
  return secrets
    .filter(({ id, metadata }) => !clones.has(id) && metadata[TEMPORARY_METADATA] === undefined)
    .map(({ id, name }) => bare('secret', { id, name: name ?? '', metadata: {} }));
}
