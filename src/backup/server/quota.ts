import type { Backup } from '../../openstack/blockstorage/v3/backups.ts';
import type { Need } from '../../openstack/quota-names.ts';
import type { Wanted } from '../../plan/fit.ts';
import { allNeeds, needOfVolume } from '../../plan/quota.ts';
import type { SavingWishes } from '../volume/plan.ts';
import { lastSaved, needsOf } from '../volume/quota.ts';
import type { ServerBackupPlan } from './plan.ts';
import { DISKS_AT_ONCE } from './save.ts';

/** A server is saved completely or not at all; it is as old as its oldest saved disk. */
export function wantedServers(
  plans: readonly ServerBackupPlan[],
  backups: readonly Backup[],
  payloads: SavingWishes['payloads'],
): Wanted<ServerBackupPlan>[] {
  const saved = lastSaved(backups);
  return plans.map((plan) => {
    const times = plan.volumes.map(({ volume }) => saved.get(volume.id) ?? '').sort();
    const fromSnapshots = plan.looked.facts.image === null;
    const needs = plan.volumes.map((one) => needsOf(one, payloads, fromSnapshots));
    const disks = plan.volumes.map(({ volume }, at) => ({ id: volume.id, stays: needs[at]?.stays ?? {} }));
    return {
      what: plan,
      savedAt: times[0] || undefined,
      parts: disks,
      meanwhile: allNeeds([
        ...(fromSnapshots ? plan.volumes.map(snapshotOf) : []),
        ...copiesAtOnce(needs.map(({ meanwhile }) => meanwhile)),
      ]),
    };
  });
}

/** Nova takes a snapshot of each disk, and all of them stay until every disk is saved. */
function snapshotOf({ volume }: ServerBackupPlan['volumes'][number]): Need {
  return needOfVolume({ snapshots: 1, gigabytes: volume.size }, volume.volumeType);
}

/** The largest copies that can exist at the same time. */
function copiesAtOnce(needs: readonly Need[]): Need[] {
  const bySize = [...needs].sort((a, b) => sizeOf(b) - sizeOf(a));
  return bySize.slice(0, DISKS_AT_ONCE);
}

function sizeOf(need: Need): number {
  return (need.gigabytes ?? 0) * 1024 + (need.image_mebibytes ?? 0);
}
