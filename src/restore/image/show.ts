import { duration } from '../../clock.ts';
import { quotaSentence } from '../../plan/quota.ts';
import type { HostLog } from '../../ports/host.ts';
import type { Log } from '../../ports/log.ts';
import { bytes } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { Restored } from '../kind.ts';
import { called, remainingOutput, restoredSummary, tellUndone } from '../remaining.ts';
import type { ImageRestorePlan } from './plan.ts';
import type { RestoredImage } from './restore.ts';

export type ImageOutput = 'image-id' | 'secret-id' | 'missing' | 'kept' | 'report';

export function showImage(
  { name, payload, diskFormat, key, doubt, wrap, quota }: ImageRestorePlan,
  log: Log,
): void {
  const encrypted =
    key === undefined ? '' : `, encrypted: its key ${key.saved.id} opens the data, and becomes a new secret`;
  const after = quota.length === 0 ? '' : `; ${quotaSentence(quota)}`;
  log.info(
    `a new image ${quoted(name)}, ${bytes(payload.size)}, ${diskFormat}${encrypted}, from ${payload.name}${after}`,
  );
  if (doubt !== undefined)
    log.warn(
      `Since 2025.1, Glance refuses such data as it is: ${doubt}. The restore tries this before the upload${wrap === 'auto' ? '; if Glance refuses, a raw disk is stored inside a qcow2' : '; if Glance refuses, the restore fails, because wrap is never'}`,
    );
}

export function tellImage(
  plan: ImageRestorePlan,
  { image, name, secretId, missing, undone }: RestoredImage,
  seconds: number,
  log: HostLog,
): Restored<ImageOutput> {
  const remaining = { kind: 'image', id: image.id, name } as const;
  if (undone.length > 0) tellUndone(log, remaining, undone, byHand(image.id));
  else log.info(`${called(remaining)} restored after ${seconds.toFixed(1)} s`);
  for (const what of missing) log.warn(`differs from the original: ${what}`);
  const report = {
    image: image.id,
    name: plan.name,
    source: plan.saved.id,
    sizeBytes: plan.payload.size,
    format: image.diskFormat ?? null,
    key: secretId ?? null,
    seconds,
  };
  return {
    outputs: {
      'image-id': image.id,
      'secret-id': secretId ?? '',
      missing: JSON.stringify(missing),
      ...remainingOutput(undone.length > 0, [remaining]),
      report: JSON.stringify(report),
    },
    failed: undone.length > 0,
    summary: restoredSummary(
      'Image',
      report.name,
      {
        image: report.image,
        size: bytes(report.sizeBytes),
        format: report.format ?? '',
        key: report.key ?? '',
        took: duration(seconds * 1000),
      },
      missing,
      undone,
    ),
  };
}

function byHand(id: string): string {
  return `Set it with openstack image set … ${id}, as RESTORE.md beside the manifest shows; a new restore makes a second image.`;
}

/** A plan as a program reads it. */
export function plannedImage({ saved, payload, name, diskFormat, key, quota }: ImageRestorePlan): Json {
  return {
    kind: 'image',
    name,
    source: saved.id,
    payload: payload.name,
    sizeBytes: payload.size,
    format: diskFormat,
    encrypted: key !== undefined,
    key: key === undefined ? null : key.saved.id,
    quota: quota.map(({ told }) => told),
  };
}
