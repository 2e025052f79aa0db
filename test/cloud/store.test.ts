import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { describeWith } from '../support/installed.ts';
import { peacefulCases, placeCases } from '../unit/store/conformance.ts';
import { GATEWAY, openBucket } from './buckets.ts';
import { startVersity, VERSITY } from './versity.ts';

describe('a bucket of Ceph is a place of the store', () => {
  test.each(placeCases)(
    '$name',
    async ({ run }) => {
      await using under = await openBucket(GATEWAY);
      await run(under);
    },
    120_000,
  );
});

describeWith(VERSITY)('a bucket of versitygw is a place of the store', () => {
  let server: Awaited<ReturnType<typeof startVersity>>;
  beforeAll(async () => {
    server = await startVersity();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test.each(peacefulCases)(
    '$name',
    async ({ run }) => {
      await using under = await openBucket(server);
      await run(under);
    },
    120_000,
  );
});
