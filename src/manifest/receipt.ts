import { createHash } from 'node:crypto';
import {
  field,
  flag,
  integer,
  isUuid,
  type Json,
  list,
  moment,
  object,
  optionalText,
  text,
  texts,
} from '../decode.ts';
import type { Kind } from './points.ts';
import type { Manifest, RestorePoint, VolumePoint } from './schema.ts';

/**
 * What a run can know of an earlier one whose manifest is sealed: what it saved when, and where the cloud has it. So a
 * job that cannot open last night's manifest still knows what is due. Strangers learn how much of which kind was saved
 * when, but no ids: an id's digest tells something only to those who know the id.
 */
export interface Receipt {
  /** {@link marked} project and region. */
  readonly where: string;
  /** ISO 8601, by the clock of the machine that ran. */
  readonly started: string;
  readonly points: readonly ReceiptPoint[];
  /** {@link marked} kind and id of each resource that could not be saved. */
  readonly failed: readonly string[];
}

export interface ReceiptPoint {
  readonly kind: Kind;
  /** {@link marked} kind and id of the resource. */
  readonly resource: string;
  /** When its data was taken. ISO 8601, by the cloud's clock. */
  readonly time: string;
  /** Whether the key was saved too, for an encrypted resource. */
  readonly key: 'saved' | 'unsaved' | undefined;
  readonly pieces: readonly ReceiptPiece[];
  /** Its data in the store, so that a job that opens nothing can verify it. The names there end in the point's id. */
  readonly stored?: ReceiptStored;
}

export interface ReceiptStored {
  /** The id of the restore point. */
  readonly point: string;
  /** Bytes, of the file or the map. */
  readonly size: number;
  readonly sha256: string;
}

/** The data of a volume or an image; a server has several. */
export interface ReceiptPiece {
  readonly of: 'volume' | 'image';
  readonly method: 'cinder-backup' | 'image';
  /** {@link marked} id of the backup, or of the image that stays in the cloud; undefined if the data left it. */
  readonly inCloud: string | undefined;
  /** Whether the data may only fit a Cinder backup: Glance refuses some encrypted or large images. */
  readonly mayStay: boolean;
}

/** A digest of ids, 128 bits: enough to recognize a known id, and useless to anybody else. */
export function marked(...ids: readonly string[]): string {
  return createHash('sha256')
    .update(['openstack-backup receipt', ...ids].join('\n'))
    .digest('hex')
    .slice(0, 32);
}

const KINDS: readonly Kind[] = ['server', 'volume', 'image', 'secret'];
/** From this size in GiB on, Glance may refuse an image. */
const LARGE = 1024;

export function receiptOf(manifest: Manifest): Receipt {
  const { run, cloud, restorePoints, failed } = manifest;
  const all = new Map(restorePoints.map((point) => [point.id, point]));
  return {
    where: marked(cloud.project.id, cloud.region),
    started: run.started,
    points: restorePoints.map((point) => {
      const data = dataOf(point, all);
      return {
        kind: point.resource.kind,
        resource: marked(point.resource.kind, point.resource.id),
        time:
          data
            .map(takenIn)
            .filter((time) => time !== undefined)
            .toSorted()
            .at(-1) ?? run.started,
        key: keyOf(point),
        pieces: data.flatMap(pieceOf),
        ...storedOf(point),
      };
    }),
    failed: failed.map(({ kind, id }) => marked(kind, id)),
  };
}

/** The points that hold the data of one: for a server, those of its disks. */
function dataOf(point: RestorePoint, all: ReadonlyMap<string, RestorePoint>): RestorePoint[] {
  if (point.method !== 'disks') return [point];
  return point.resource.disks.flatMap((disk) => all.get(disk.point) ?? []);
}

/** When the data was taken; undefined for an image or a key, which never change, so the start of the run counts. */
function takenIn(point: RestorePoint): string | undefined {
  if (point.method === 'cinder-backup') return point.backup.dataTimestamp;
  return point.method === 'image' ? point.image.created : undefined;
}

function storedOf(point: RestorePoint): Pick<ReceiptPoint, 'stored'> {
  const payload = 'payload' in point ? point.payload : null;
  return payload === null ? {} : { stored: { point: point.id, ...payload.stored } };
}

function keyOf({ resource }: RestorePoint): ReceiptPoint['key'] {
  const encryption = 'encryption' in resource ? resource.encryption : null;
  if (encryption === null) return undefined;
  return encryption.key.worth === 'cloud-only' ? 'unsaved' : 'saved';
}

function pieceOf(point: RestorePoint): ReceiptPiece[] {
  switch (point.method) {
    case 'cinder-backup':
      return [
        { of: 'volume', method: 'cinder-backup', inCloud: marked(point.backup.id), mayStay: mayStay(point) },
      ];
    case 'image':
      return [
        {
          of: 'volume',
          method: 'image',
          inCloud: point.payload === null ? marked(point.image.id) : undefined,
          mayStay: mayStay(point),
        },
      ];
    case 'download':
      return [{ of: 'image', method: 'image', inCloud: undefined, mayStay: false }];
    case 'kept':
      return [{ of: 'image', method: 'image', inCloud: marked(point.resource.id), mayStay: false }];
    default:
      return [];
  }
}

function mayStay({ resource }: VolumePoint): boolean {
  return resource.encryption !== null || resource.size >= LARGE;
}

/**
 * The receipt in an envelope, which anybody may have written.
 *
 * @throws TypeError or SyntaxError if there is none
 */
export function parseReceipt(envelope: string): Receipt {
  const receipt = field(object(JSON.parse(envelope)), 'receipt');
  return {
    where: text(receipt, 'where'),
    started: moment(receipt, 'started'),
    points: list(receipt, 'points', (point) => {
      const key = optionalText(point, 'key');
      return {
        kind: kindIn(point),
        resource: text(point, 'resource'),
        time: moment(point, 'time'),
        key: key === 'saved' || key === 'unsaved' ? key : undefined,
        pieces: list(point, 'pieces', (piece) => ({
          of: text(piece, 'of') === 'image' ? 'image' : 'volume',
          method: text(piece, 'method') === 'image' ? 'image' : 'cinder-backup',
          inCloud: optionalText(piece, 'inCloud'),
          mayStay: flag(piece, 'mayStay'),
        })),
        ...(point['stored'] === undefined ? {} : { stored: storedIn(field(point, 'stored')) }),
      };
    }),
    failed: texts(receipt, 'failed'),
  };
}

function storedIn(from: Json): ReceiptStored {
  const [point, size, sha256] = [text(from, 'point'), integer(from, 'size'), text(from, 'sha256')];
  if (!isUuid(point) || size < 0 || !/^[0-9a-f]{64}$/.test(sha256))
    throw new TypeError('stored is not right');
  return { point, size, sha256 };
}

function kindIn(from: Parameters<typeof text>[0]): Kind {
  const kind = KINDS.find((known) => known === from['kind']);
  if (kind === undefined) throw new TypeError('kind is not one');
  return kind;
}
