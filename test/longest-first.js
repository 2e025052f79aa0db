import Sequencer from '@jest/test-sequencer';

/** Files of minutes, the longest first: one that begins last keeps its worker busy when all others have ended. */
const LONGEST = [
  'cloud/volume-images',
  'cloud/runbook',
  'cloud/volumes',
  'cloud/servers',
  'cloud/copies',
  'cloud/volumes-refusals',
  'cloud/drill-by-hand',
  'cloud/images',
  'cloud/interrupted',
  'cloud/device-sizes',
  'cloud/interrupted-bytes',
  'cloud/prune',
  'cloud/raw',
  'cloud/drill-boot',
  'cloud/compare',
  'cloud/oddities',
  'cloud/access-rules',
  'cloud/drill',
  'embedded/year',
  'embedded/github-restore',
  'embedded/github-publish',
  'embedded/runbook',
  'embedded/volumes',
  'embedded/unlock',
  'embedded/heartbeat',
  'embedded/drill-by-hand',
  'embedded/start-only-prune',
  'embedded/drill',
  'embedded/increments',
  'embedded/drill-kinds',
  'embedded/show',
  'embedded/images',
  'faults/volume-images',
  'faults/restore-server',
  'faults/backup-server',
  'faults/volumes',
  'process/faults-sample',
];

const rank = ({ path }) => {
  const at = LONGEST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return at === -1 ? LONGEST.length : at;
};

/** What is not named comes in jest's own order. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
