/**
 * One module for all that commands run, so that the bundle has their shared code once. Separate modules would each
 * bring their own copy. Loaded only when the inputs are right.
 */
export { applyPlan } from './apply.ts';
export { backupImages } from './backup-image.ts';
export { backupServers } from './backup-server.ts';
export { backupVolumes } from './backup-volume.ts';
export { drillPoints } from './drill/each.ts';
export { endHeldDrill } from './drill/end-held.ts';
export { dumpDisk } from './dump.ts';
export { exportSecrets } from './export-secret.ts';
export { getFile, listFiles } from './files.ts';
export { listPoints } from './list.ts';
export { checkPlan } from './plan-check.ts';
export { initPlan } from './plan-init.ts';
export { showPlan } from './plan-show.ts';
export { prunePoints } from './prune.ts';
export { reportCoverage } from './report.ts';
export { restoreGivenImage } from './restore-image.ts';
export { restoreGivenSecrets } from './restore-secret.ts';
export { restoreGivenServer } from './restore-server.ts';
export { restoreGivenVolume } from './restore-volume.ts';
export { serveDisk } from './serve.ts';
export { showPoint } from './show.ts';
export { initStore } from './store-init.ts';
export { rekeyStore } from './store-rekey.ts';
export { unlockImage } from './unlock.ts';
export { verifyPoints } from './verify.ts';
