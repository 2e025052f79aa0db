import { duration } from '../../clock.ts';
import { quotaSentence } from '../../plan/quota.ts';
import type { HostLog } from '../../ports/host.ts';
import type { Log } from '../../ports/log.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { Restored } from '../kind.ts';
import { warnOfNamesakes } from '../namesakes.ts';
import { called, remainingOutput, restoredSummary, tellUndone } from '../remaining.ts';
import { gigabytesOf, missingOfPlan, originOf, traitsOf, type VolumeRestorePlan } from './plan.ts';
import type { RestoredVolume } from './restore.ts';

export type VolumeOutput = 'volume-id' | 'missing' | 'kept' | 'report';

export function showVolume(plan: VolumeRestorePlan, log: Log): void {
  if (plan.kind === 'overwrite') {
    log.warn(
      `everything on volume ${quoted(plan.target.name)} (${plan.target.id}, ${plan.target.size} GiB) will be overwritten with ${originOf(plan)}`,
    );
    return;
  }
  log.info(
    `a new volume ${quoted(plan.name)} of ${gigabytesOf(plan)} GiB${plan.type === undefined ? '' : `, type ${plan.type.name}`}${traitsOf(plan).encrypted ? ', encrypted' : ''}, from ${originOf(plan)}; ${quotaSentence(plan.quota)}`,
  );
  for (const words of missingOfPlan(plan)) log.warn(`differs from the original: ${words}`);
  warnOfNamesakes(plan.namesakes ?? [], log);
}

export function tellVolume(
  plan: VolumeRestorePlan,
  { volume, undone, unseen }: RestoredVolume,
  seconds: number,
  log: HostLog,
): Restored<VolumeOutput> {
  const remaining = { kind: 'volume', id: volume.id, name: volume.name } as const;
  const failures = [...unseen, ...undone];
  if (unseen.length > 0) tellUndone(log, remaining, failures, UNSEEN);
  else if (failures.length > 0) tellUndone(log, remaining, failures, byHand(volume.id));
  else log.info(`${called(remaining)} restored after ${seconds.toFixed(1)} s`);
  const report = {
    volume: volume.id,
    name: volume.name,
    from: originOf(plan),
    ...(plan.kind === 'image' ? {} : { backup: plan.source.backupId }),
    sizeBytes: volume.size * GIB,
    type: volume.volumeType ?? null,
    encrypted: volume.encrypted,
    overwritten: plan.kind === 'overwrite',
    seconds,
  };
  return {
    outputs: {
      'volume-id': volume.id,
      missing: JSON.stringify(missingOfPlan(plan)),
      ...remainingOutput(failures.length > 0, [remaining]),
      report: JSON.stringify(report),
    },
    failed: failures.length > 0,
    summary: restoredSummary(
      'Volume',
      report.name,
      {
        volume: report.volume,
        size: `${volume.size} GiB`,
        type: report.type ?? '',
        from: report.from,
        took: duration(seconds * 1000),
      },
      missingOfPlan(plan),
      failures,
    ),
  };
}

const UNSEEN =
  'Do not attach it to a server: Nova may format a disk whose encryption differs from that of its volume. Restore it again when the cloud answers, and delete this one.';

function byHand(id: string): string {
  return `Set it with openstack volume set … ${id}, as RESTORE.md beside the manifest shows; a new restore makes a second volume.`;
}

/** A plan as a program reads it. */
export function plannedVolume(plan: VolumeRestorePlan): Json {
  const common = { kind: 'volume', from: originOf(plan), encrypted: traitsOf(plan).encrypted };
  if (plan.kind === 'overwrite') {
    const { id, name, size } = plan.target;
    return { ...common, overwrites: { id, name, sizeBytes: size * GIB } };
  }
  return {
    ...common,
    name: plan.name,
    sizeBytes: gigabytesOf(plan) * GIB,
    type: plan.type?.name ?? null,
    availabilityZone: plan.availabilityZone ?? null,
    missing: missingOfPlan(plan),
    quota: plan.quota.map(({ told }) => told),
  };
}
