import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../src/ports/log.ts';
import { holdingsOf } from '../../../src/temporaries/holdings.ts';
import { openEmbedded } from '../../support/embedded.ts';

describe('what the user has', () => {
  test.each([
    [403, 'debug', 'nothing to clean up there'],
    [503, 'warn', 'what dead runs left there has to wait for a later run'],
  ] as const)(
    'a list of volumes that is answered with %i: the others are listed, and it is told',
    async (status, level, said) => {
      const told: string[] = [];
      const log = { ...silentLog, [level]: (text: string) => told.push(text) };
      await using opened = await openEmbedded({}, { log });
      const { cloud, session } = opened;
      const secret = cloud.seed.addSecret(Buffer.alloc(32));
      cloud.faults.add({ when: { path: '/volumes/detail', times: 100 }, do: { status } });
      const found = await holdingsOf(session);
      expect([found.volumes, found.secrets.map(({ id }) => id)]).toEqual([[], [secret.id]]);
      expect(told).toContainEqual(expect.stringMatching(new RegExp(`HTTP ${status}.*: ${said}$`, 's')));
      await expect(holdingsOf(session, ['volumes'])).rejects.toMatchObject({ status });
    },
  );
});
