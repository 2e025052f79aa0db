import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createBackup } from '../../src/openstack/blockstorage/v3/backups.ts';
import { startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { endAt, resumeAt } from '../scenarios/interrupted.ts';
import { expectExit, pointsOf } from '../scenarios/steps.ts';

/** Ctrl-C promises that the next run takes up what the cloud still makes: also one that comes at once. */
let world: EmbeddedWorld;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
});
afterAll(() => world.close());
// The backup is being made until the next run says that it waits for it.
beforeEach(() => world.cloud.ticks.pause());

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s in a backup: exit %i, and the next run waits for it and takes it up',
  async (signal, code) => {
    const { id } = world.cloud.seed.addVolume({ name: signal, size: 8 });
    const words = ['backup-volume', '--volumes', id, '--json'];
    const stopped = await world.tool(words, { onOutput: endAt(' started: ', signal) });
    expectExit(stopped, code);
    expect(stopped.stderr).toContain(`stopped by ${signal}`);
    const made = [...world.cloud.state.backups.values()].filter(({ volumeId }) => volumeId === id);
    expect(made.map(({ status }) => status)).toEqual(['creating']);

    const onOutput = resumeAt(world.cloud.ticks, 'is still being made');
    const next = expectExit(await world.tool(words, { onOutput }), 0);
    expect(next.stderr).toContain(
      `backup ${made[0]?.id} of volume ${id} was started by an interrupted run, and is still being made`,
    );
    expect(next.stderr).toContain('adopted from an interrupted run');
    expect(pointsOf(next).map(({ backup, mode }) => [backup === made[0]?.id, mode])).toEqual([
      [true, 'full'],
      [false, 'incremental'],
    ]);
  },
);

test('what was saved before Ctrl-C is in the manifest, in the store too', async () => {
  const keys = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
  // The first backup has to become whole.
  world.cloud.ticks.resume();
  await using s3 = await startS3('stopped', [keys]);
  const ids = ['one', 'two'].map((name) => world.cloud.seed.addVolume({ name, size: 1 }).id);
  const words = ['backup-volume', '--volumes', ids.join(','), '--concurrency', '1', '--publish', 'store'];
  const store = ['--store', 's3://stopped', '--s3-endpoint', s3.url];
  const stopped = await world.tool([...words, ...store, '--json'], {
    onOutput: endAt(' saved as ', 'SIGINT'),
    environment: { AWS_ACCESS_KEY_ID: keys.id, AWS_SECRET_ACCESS_KEY: keys.secret },
  });
  expectExit(stopped, 130);
  expect(stopped.stderr).not.toContain('not published');
  expect(pointsOf(stopped)).toHaveLength(1);
  const names = [...s3.objects.keys()].filter((name) => name.startsWith('manifests/'));
  expect(names.map((name) => name.replace(/.*\//, '')).sort()).toEqual([
    'RESTORE.md',
    'manifest.json',
    'manifest.json.sha256',
  ]);
});

test("another's backup is not waited for", async () => {
  const { id } = world.cloud.seed.addVolume({ name: 'theirs', size: 8 });
  const client = await (await world.session()).service('block-storage');
  await createBackup(client, {
    volumeId: id,
    name: 'theirs',
    description: '',
    incremental: false,
    force: false,
    metadata: {},
  });
  const refused = expectExit(await world.tool(['backup-volume', '--volumes', id, '--json']), 1);
  expect(refused.stderr).toContain(`volume ${id} is already being backed up`);
  expect(refused.stderr).not.toContain('waiting for it');
});
