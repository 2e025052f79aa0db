import { listVolumeTypes } from '../../openstack/blockstorage/v3/types.ts';
import { quoted } from '../../text/escape.ts';
import { heldBy } from '../held.ts';
import type { SavingKind } from '../kind.ts';
import { chooseVolumes } from './choose.ts';
import { planVolumes, type VolumeBackupPlan, type VolumeBackupWishes } from './plan.ts';
import { wantedVolumes } from './quota.ts';
import { beginVolumes, saveVolume, startVolume } from './save.ts';
import { plannedVolume, showVolumes, toldVolume } from './show.ts';
import { unansweredIn } from './through-cinder.ts';

export const volumes: SavingKind<VolumeBackupWishes, VolumeBackupPlan> = {
  doing: 'backing up',
  adopts: true,
  async plan(session, wishes, seen, keys) {
    const client = await session.service('block-storage');
    const types = await listVolumeTypes(client);
    const { holdings, closed } = await heldBy(session, seen);
    const chosen = chooseVolumes(wishes.selectors, holdings.volumes);
    const { plans, refused } = await planVolumes(
      client,
      chosen,
      types,
      holdings.backups,
      { ...wishes, closed },
      { secrets: holdings.secrets, keys },
    );
    const unanswered =
      wishes.startOnly === true ? unansweredIn(holdings.backups, session.clock.now()) : undefined;
    const asked = unanswered === undefined ? plans : plans.map((plan) => ({ ...plan, unanswered }));
    return {
      holdings,
      wanted: wantedVolumes(asked, holdings.backups, wishes.payloads),
      refused: refused.map(({ volume, error }) => ({ subject: subjectOf(volume), error })),
    };
  },
  subjectOf: ({ volume }) => subjectOf(volume),
  gigabytesOf: ({ volume }) => volume.size,
  show: showVolumes,
  planned: plannedVolume,
  refusal: ({ id, name }) => `${quoted(name)} (${id}) cannot be backed up`,
  async begin(environment, wishes, marks) {
    const saving = await beginVolumes(environment, wishes, marks);
    const through = wishes.startOnly === true ? startVolume : saveVolume;
    return async function* save(plan, onBytes) {
      const { key, point } = await through(plan, { ...saving, onBytes });
      if (key !== undefined) yield key;
      yield point;
    };
  },
  told: toldVolume,
};

function subjectOf({ id, name }: VolumeBackupPlan['volume']) {
  return { kind: 'volume', id, name } as const;
}
