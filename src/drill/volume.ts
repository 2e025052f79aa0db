import type { Environment } from '../environment.ts';
import { messageOf, PlainError } from '../errors.ts';
import type { Manifest, SecretPoint, VolumePoint } from '../manifest/schema.ts';
import { wholeDigest } from '../manifest/whole-digest.ts';
import { getVolumeEncryption, type Volume, watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { readableKey } from '../openstack/keymanager/v1/readable.ts';
import { readPayload } from '../openstack/keymanager/v1/secrets.ts';
import { openKey } from '../payload/open-key.ts';
import type { PayloadStore } from '../payload/store.ts';
import type { Filled } from '../restore/volume/from-image.ts';
import type { NewPlan } from '../restore/volume/plan.ts';
import { fillVolume } from '../restore/volume/restore.ts';
import { untilVolumesGone } from '../temporaries/remove.ts';
import { isStillOurs } from '../temporaries/still-ours.ts';
import { undo } from '../temporaries/undo.ts';
import { GIB } from '../text/bytes.ts';
import type { DrillTools } from './bytes.ts';
import { cameBack, imageDigest } from './came-back.ts';
import type { Finding } from './finding.ts';
import type { TriedKey } from './look-through.ts';
import type { EarlierDigest, Expected } from './proof.ts';
import { readBack } from './read-back.ts';
import { asScratch } from './scratch.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What a drill of a volume needs to know of its restore point. */
export interface VolumeSubject {
  readonly manifest: Manifest;
  readonly point: VolumePoint;
  /** How to restore it to a new volume. */
  readonly plan: NewPlan;
  /** What an earlier drill of it read. */
  readonly earlier?: EarlierDigest | undefined;
  /** Restores it in another way than by the plan. */
  readonly fill?: (environment: Environment) => Promise<Filled>;
}

/**
 * Restores a volume as a temporary, reads it back without a server, and removes it, whatever happens.
 *
 * @param store where payloads are read; undefined if no store is given
 * @throws OperationError if it cannot be restored or read, with what the cloud said
 */
export async function drillVolume(
  given: Environment,
  { manifest, point, plan, earlier, fill }: VolumeSubject,
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools,
): Promise<Finding> {
  const environment = asScratch(given);
  const volumes = watchVolumes(await environment.session.service('block-storage'));
  const { volume, unseen } = await (fill?.(environment) ??
    fillVolume(environment, plan, store, volumes, tools.onBytes));
  watch.lap('restored');
  try {
    const { keys, untried } = await keysFor(environment, manifest, point, volume, store, tools);
    const expected = {
      digest: digestOf(point),
      earlier,
      encrypted: point.resource.encryption !== null,
      untried: [...untried, ...unseen.map((what) => `not seen: ${what}`)],
      keys,
    };
    return await readBack(environment, volume, (bytes) =>
      cameBack(bytes, expected, tools, point.resource.size * GIB),
    );
  } finally {
    watch.lap('checked');
    await remove(environment, volume);
    watch.lap('removed');
  }
}

/** Of the disk as it was saved; undefined if its way keeps none. */
function digestOf(point: VolumePoint): Expected['digest'] {
  if (point.method === 'cinder-backup') return undefined;
  const { image, payload } = point;
  return payload === null ? imageDigest(image) : { ...wholeDigest(payload), size: payload.size };
}

/** The saved key first: that one is to be proved. The cloud's own opens the volume, whatever was saved. */
async function keysFor(
  { session }: Environment,
  manifest: Manifest,
  { resource: { encryption } }: VolumePoint,
  volume: Volume,
  store: PayloadStore | undefined,
  { hide }: DrillTools,
): Promise<{ readonly keys: readonly TriedKey[]; readonly untried: readonly string[] }> {
  if (encryption === null) return { keys: [], untried: [] };
  const untried: string[] = [];
  const keys: TriedKey[] = [];
  const attempt = async (
    called: string,
    saved: boolean,
    read: () => Promise<Omit<TriedKey, 'called' | 'saved'>>,
  ) => {
    try {
      keys.push({ called, saved, ...(await read()) });
    } catch (error) {
      if (session.signal?.aborted || !(error instanceof PlainError)) throw error;
      untried.push(`${called} was not tried: ${messageOf(error)}`);
    }
  };
  const saved = savedKeyIn(manifest, encryption.key.point);
  if (saved === undefined) untried.push('its key was not saved');
  else if (store === undefined) untried.push('its saved key was not tried: no store given');
  else
    await attempt('its saved key', true, async () => ({
      bytes: await openKey(hide, store, saved),
      secretType: saved.resource.secretType,
    }));
  await attempt("the cloud's key", false, async () => {
    const client = await session.service('block-storage');
    const id = volume.encryptionKeyId ?? (await getVolumeEncryption(client, volume.id)).keyId ?? '';
    const { secretType } = await readableKey(session, id, `volume ${volume.id}`);
    const bytes = await readPayload(await session.service('key-manager'), id);
    hide(Buffer.from(bytes));
    return { bytes, secretType };
  });
  return { keys, untried };
}

function savedKeyIn(manifest: Manifest, id: string | undefined): SecretPoint | undefined {
  const key = manifest.restorePoints.find((point) => point.id === id);
  return key?.method === 'sealed' || key?.method === 'plaintext' ? key : undefined;
}

/** Waits until its quota is free, unless the run is told to stop. */
async function remove({ session, log, signal }: Environment, { id }: Volume): Promise<void> {
  const what = `volume ${id}, made for the drill`;
  const made = { kind: 'volume', id, what, later: 'remove' } as const;
  const isGone = await undo(session, [made], {
    removed: () => log.debug(`${what}, is being removed`),
    isStillOurs: (thing) => isStillOurs(session, thing),
  });
  if (isGone && !signal.aborted) await untilVolumesGone(session, [id]);
}
