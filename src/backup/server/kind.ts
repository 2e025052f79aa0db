import { listVolumeTypes } from '../../openstack/blockstorage/v3/types.ts';
import { listServers, type Server } from '../../openstack/compute/v2/servers.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';
import { heldBy } from '../held.ts';
import type { SavingKind } from '../kind.ts';
import { planVolumes, type VolumeBackupWishes } from '../volume/plan.ts';
import { chooseServers } from './choose.ts';
import { lookAtServers, planServers, type ServerBackupPlan } from './plan.ts';
import { wantedServers } from './quota.ts';
import { beginServers, saveServer } from './save.ts';
import { plannedServer, showServers, toldServer } from './show.ts';

export const servers: SavingKind<VolumeBackupWishes, ServerBackupPlan> = {
  doing: 'saving',
  adopts: true,
  async plan(session, wishes, seen, keys) {
    const cinder = await session.service('block-storage');
    const { holdings, closed } = await heldBy(session, seen);
    const { volumes, backups, secrets } = holdings;
    const all = await collect(listServers(await session.service('compute')));
    const { looked, refused } = await lookAtServers(session, chooseServers(wishes.selectors, all), volumes);
    const attached = new Set(
      looked.flatMap(({ attachments }) => attachments.map(({ volumeId }) => volumeId)),
    );
    const types = await listVolumeTypes(cinder);
    const ofServers = volumes.filter(({ id }) => attached.has(id));
    // Nova freezes the server for all disks at once.
    const ofDisks = { ...wishes, closed, consistency: 'best' } as const;
    const disks = await planVolumes(cinder, ofServers, types, backups, ofDisks, { secrets, keys });
    const joined = planServers(looked, disks.plans, disks.refused, wishes.consistency);
    return {
      holdings,
      wanted: wantedServers(joined.plans, backups, wishes.payloads),
      refused: [...refused, ...joined.refused].map(({ server, error }) => ({
        subject: subjectOf(server),
        error,
      })),
    };
  },
  subjectOf: ({ looked }) => subjectOf(looked.facts.server),
  gigabytesOf: ({ gigabytes }) => gigabytes,
  show: showServers,
  planned: plannedServer,
  refusal: ({ id, name }) => `${quoted(name)} (${id}) cannot be saved`,
  async begin(environment, wishes, marks) {
    const saving = await beginServers(environment, wishes, marks);
    return (plan, onBytes) => saveServer(plan, saving, onBytes);
  },
  told: toldServer,
};

function subjectOf({ id, name }: Server) {
  return { kind: 'server', id, name } as const;
}
