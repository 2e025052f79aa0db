import type { BackupDecision, ChainWishes } from '../../chain/decide.ts';
import { decide } from '../../chain/decide.ts';
import { InputError, OperationError, PlainError } from '../../errors.ts';
import type { SavedEncryption } from '../../manifest/schema.ts';
import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Snapshot } from '../../openstack/blockstorage/v3/snapshots.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { UNREADABLE } from '../../openstack/items.ts';
import { refuseBareKey } from '../../payload/bare-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Method } from '../../plan/method.ts';
import { decideMethod, doubtOfImage } from '../../plan/method.ts';
import type { Selector } from '../../plan/select.ts';
import { pool } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';
import type { Wishes } from '../kind.ts';
import { BeingBackedUp } from './being-backed-up.ts';
import { refuseUnfrozen } from './frozen.ts';
import { type KnownKeys, VolumeKeys } from './keys.ts';

/** Saved as an image instead. */
export interface ImageDecision {
  readonly mode: 'image';
  readonly reason: string;
  /** Why the cloud may refuse it; undefined if nothing is known. */
  readonly doubt: string | undefined;
}

/** What to do with one volume. */
export interface VolumeBackupPlan {
  readonly volume: Volume;
  readonly typeId: string | undefined;
  readonly encryption: SavedEncryption | null;
  readonly decision: BackupDecision | ImageDecision;
  readonly wishes: ChainWishes;
  /** Whether to ask Glance first: if it accepts the data, the volume is saved as an image. */
  readonly imageIfTaken?: true;
  /** The backup that an earlier run left to the cloud, and that no service takes up: no further one is started. */
  readonly unanswered?: string;
  /** A snapshot to back up instead of the volume as it is now. */
  readonly snapshotId?: string;
}

export interface SavingWishes extends Wishes, Pick<ChainWishes, 'mode' | 'maxChain'> {
  readonly method: 'auto' | Method;
  /** `quiesced`: refuse anything less than offline or frozen file systems. Else take what there is. */
  readonly consistency?: 'best' | 'quiesced';
  /** Whether a root disk of another format is stored as raw. */
  readonly raw?: boolean;
  /** Why no Cinder backup can be made. */
  readonly closed?: Error | undefined;
}

/** The same, and which volumes or servers are selected. */
export interface VolumeBackupWishes extends SavingWishes {
  readonly selectors: readonly Selector[];
  /** Whether age recipients are given, also where nothing is stored for them. */
  readonly recipients: boolean;
  /** Whether Cinder backups are left to the cloud, and not waited for. */
  readonly startOnly?: boolean;
  /**
   * When the plan was looked at, in the cloud's time, milliseconds since the epoch: a backup that another run requested
   * about then, or later, stands for the volume's own. Undefined: each volume gets one of its own.
   */
  readonly unlessSince?: number;
}

export interface RefusedVolume {
  readonly volume: Volume;
  readonly error: PlainError;
}

export interface PlannedVolumes {
  readonly plans: readonly VolumeBackupPlan[];
  /** Volumes that cannot be backed up now. The others can. */
  readonly refused: readonly RefusedVolume[];
}

/**
 * Looks at everything that could make a backup fail, and changes nothing.
 *
 * @param all the project's backups
 * @param known the secrets that may be listed, and how it is found out that keys can be read
 */
export async function planVolumes(
  client: ServiceClient,
  volumes: readonly Volume[],
  types: readonly VolumeType[],
  all: readonly Backup[],
  options: SavingWishes,
  known: KnownKeys = { secrets: [], keys: 'each' },
): Promise<PlannedVolumes> {
  const keys = new VolumeKeys(client, known);
  const backups = Map.groupBy(all, ({ volumeId }) => volumeId);
  const looked = await pool(volumes, 4, async (volume): Promise<VolumeBackupPlan | RefusedVolume> => {
    try {
      return await planVolume(keys, volume, types, backups.get(volume.id) ?? [], options);
    } catch (error) {
      // Wrong input is wrong for all of them: begin nothing.
      if (error instanceof InputError || !(error instanceof PlainError)) throw error;
      return { volume, error };
    }
  });
  keys.tell();
  const plans = looked.filter((item): item is VolumeBackupPlan => 'decision' in item);
  return { plans, refused: looked.filter((item): item is RefusedVolume => 'error' in item) };
}

async function planVolume(
  keys: VolumeKeys,
  volume: Volume,
  types: readonly VolumeType[],
  backups: readonly Backup[],
  options: SavingWishes,
): Promise<VolumeBackupPlan> {
  checkState(volume, backups);
  if (options.consistency === 'quiesced') refuseUnfrozen(volume);
  const encryption = await encryptionOf(keys, volume);
  const { size } = volume;
  const facts = { store: options.payloads !== undefined, size, provider: encryption?.provider };
  const { method, reason, imageIfTaken } = decideMethod(options.method, facts);
  if (method !== 'image' && options.closed !== undefined)
    throw new OperationError(
      `cannot make a Cinder backup of volume ${volume.id}: ${options.closed.message}`,
      'The cloud does not let this user make backups. Save an image instead (`method: image`), or ask the operator.',
      options.closed,
    );
  if (method === 'image') refuseLostKey(volume, encryption, options.payloads);
  return {
    volume,
    typeId: typeIdOf(volume, types),
    encryption,
    decision:
      method === 'image'
        ? { mode: 'image', reason, doubt: doubtOfImage(facts) }
        : decide(volume, backups, options),
    wishes: { mode: options.mode, maxChain: options.maxChain },
    ...(imageIfTaken && options.payloads?.sealed === true && encryption?.key.id != null
      ? { imageIfTaken }
      : {}),
  };
}

/** Encrypted data that leaves the cloud without its key is lost with the cloud. */
function refuseLostKey(
  { id, name }: Volume,
  encryption: SavedEncryption | null,
  payloads: PayloadStore | undefined,
): void {
  if (encryption === null || payloads === undefined) return;
  refuseBareKey(payloads, `volume ${quoted(name)} (${id})`);
  if (encryption.key.id !== null) return;
  throw new OperationError(
    `volume ${id} is encrypted with a key that the cloud does not show, so its data would be useless outside the cloud`,
    'Use `method: cinder-backup`, which keeps it where the key is.',
  );
}

/** The plan for a snapshot of the volume, instead of the volume as it is now. */
export function planSnapshot(plan: VolumeBackupPlan, { id, createdAt }: Snapshot): VolumeBackupPlan {
  return { ...plan, snapshotId: id, wishes: { ...plan.wishes, snapshotAt: createdAt } };
}

/** Cinder backs up volumes that are `available` or `in-use`, one backup of a volume at a time. */
function checkState(volume: Volume, backups: readonly Backup[]): void {
  const running = backups.find(({ status }) => status === 'creating');
  if (running !== undefined || volume.status === 'backing-up') throw new BeingBackedUp(volume.id, running);
  if (volume.status !== 'available' && volume.status !== 'in-use')
    throw new OperationError(
      `volume ${volume.id} is ${volume.status}; only available and in-use volumes can be backed up`,
      volume.status.startsWith(UNREADABLE)
        ? 'Ask the operator what happened to it (openstack volume show).'
        : volume.status.startsWith('error')
          ? 'Ask the operator to reset its state, or restore an earlier backup.'
          : (HINTS[volume.status] ?? 'Wait until the cloud is done with it.'),
    );
}

/** Nova reserves a new server's volumes until it connects them, and a shelved one's until it is unshelved. */
const HINTS: Readonly<Record<string, string>> = {
  reserved:
    'It is reserved for a server that is shelved or still being created: unshelve that server, or wait (openstack volume attachment list --volume-id ID).',
};

/** From 3.63 the volume itself has it; before, look it up by name. */
export function typeIdOf(volume: Volume, types: readonly VolumeType[]): string | undefined {
  return volume.volumeTypeId ?? types.find(({ name }) => name === volume.volumeType)?.id;
}

/** @throws OperationError if the key cannot be read */
export async function encryptionOf(keys: VolumeKeys, volume: Volume): Promise<SavedEncryption | null> {
  if (!volume.encrypted) return null;
  const encryption = await keys.encryptionOf(volume);
  const keyId = volume.encryptionKeyId ?? encryption.keyId;
  const hidden = keyId === undefined || /^[0-]+$/.test(keyId);
  const secret = hidden ? undefined : await keys.readable(keyId, `volume ${volume.id}`);
  return {
    provider: encryption.provider ?? null,
    cipher: encryption.cipher ?? null,
    keySize: encryption.keySize ?? null,
    key: {
      id: hidden ? null : keyId,
      worth: 'cloud-only',
      secretType: secret?.secretType ?? null,
      algorithm: secret?.algorithm ?? null,
      bitLength: secret?.bitLength ?? null,
      mode: secret?.mode ?? null,
      expires: secret?.expiration ?? null,
    },
  };
}
