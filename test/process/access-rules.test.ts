import { expect, it, jest } from '@jest/globals';
import { imageRows } from '../support/access-rules/images.ts';
import { lookingRows } from '../support/access-rules/looking.ts';
import { proveRows } from '../support/access-rules/prove.ts';
import { pruneRows } from '../support/access-rules/prune.ts';
import { documentedRules } from '../support/access-rules/rules.ts';
import { secretRows } from '../support/access-rules/secrets.ts';
import { serverRows } from '../support/access-rules/servers.ts';
import { backupVolumeRows, restoreVolumeRows } from '../support/access-rules/volumes.ts';

jest.setTimeout(120_000);

// The others are test/embedded's.
proveRows(secretRows);

it('the access rules of an application credential are all proved', async () => {
  const rows = [
    ...backupVolumeRows,
    ...restoreVolumeRows,
    ...imageRows,
    ...secretRows,
    ...serverRows,
    ...pruneRows,
    ...lookingRows,
  ];
  const proved = rows.flatMap((row) => row.proved);
  // What Cinder asks for itself, only a real one shows: test/cloud/access-rules.test.ts.
  const all = [...proved, 'Cinder, in your name'];
  expect(new Set(all)).toEqual(new Set((await documentedRules()).keys()));
});
