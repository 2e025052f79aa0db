import { drillRows } from './drills.ts';
import { imageRows } from './images.ts';
import { lookingRows } from './looking.ts';
import { pruneRows } from './prune.ts';
import type { Row } from './row.ts';
import { secretRows } from './secrets.ts';
import { serverRows } from './servers.ts';
import { backupVolumeRows, restoreVolumeRows } from './volumes.ts';

/** The few that are proved in every `npm test`. */
export const sampleRows: readonly Row[] = secretRows;

export const otherRows: readonly Row[] = [
  ...backupVolumeRows,
  ...restoreVolumeRows,
  ...imageRows,
  ...serverRows,
  ...pruneRows,
  ...lookingRows,
  ...drillRows,
];

/** Every run that a list of `docs/permissions.md` is for. */
export const allRows: readonly Row[] = [...sampleRows, ...otherRows];
