import { jest } from '@jest/globals';
import { imageRows } from '../support/access-rules/images.ts';
import { lookingRows } from '../support/access-rules/looking.ts';
import { proveRows } from '../support/access-rules/prove.ts';
import { pruneRows } from '../support/access-rules/prune.ts';
import { serverRows } from '../support/access-rules/servers.ts';
import { backupVolumeRows, restoreVolumeRows } from '../support/access-rules/volumes.ts';

jest.setTimeout(120_000);

proveRows([
  ...backupVolumeRows,
  ...restoreVolumeRows,
  ...imageRows,
  ...serverRows,
  ...pruneRows,
  ...lookingRows,
]);
