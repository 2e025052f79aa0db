import { expect, test } from '@jest/globals';
import { Marks } from '../../../../src/chain/marks.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { ManifestRecord } from '../../../../src/publish/record.ts';
import { recordPoint, type Saving } from '../../../../src/run/saving/recording.ts';
import { manifestWith, secretPoint } from '../../../support/points.ts';

test('a key that several resources have is recorded once', async () => {
  const { cloud, run } = manifestWith();
  const record = new ManifestRecord(
    { publishers: [], keep: async () => undefined, warn: () => undefined },
    cloud,
    { ...run, finished: null },
  );
  const environment = { session: { log: silentLog } };
  const saving = { environment, record, marks: new Marks(), recorded: new Set() } as unknown as Saving;
  const key = secretPoint();
  await recordPoint(saving, key, undefined);
  await recordPoint(saving, { ...key }, undefined);
  expect(record.manifest.restorePoints).toEqual([key]);
});
