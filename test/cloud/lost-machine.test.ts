import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { startFakeGitHub } from '../fakes/github/index.ts';
import { backupsOf } from '../scenarios/steps.ts';
import { errorsOf, runStep, startJob, startStep } from '../support/step.ts';
import { realWorld } from './world.ts';

test('a machine that is lost before it could publish: the next run publishes all that it had saved', async () => {
  const world = await realWorld();
  const github = await startFakeGitHub();
  const lost = github.state.addRun({ status: 'in_progress', started: new Date(), event: 'schedule' });
  const jobOf = (run: typeof lost) => startJob({ ...github.environment(run), ...world.environment('demo') });
  const job = await jobOf(lost);
  try {
    const ids: string[] = [];
    for (const name of ['lost-1', 'lost-2', 'lost-3'])
      ids.push(await world.makeVolume({ name, content: randomBytes(100_000) }));
    const volumes = (chosen: readonly string[]) => ({ volumes: chosen.join('\n'), concurrency: '1' });
    const running = await startStep(job, { action: 'backup-volume', inputs: volumes(ids.slice(0, 2)) });
    await running.said('of volume "lost-1" is available');
    running.process.kill('SIGKILL');
    expect((await running.done).signal).toBe('SIGKILL');
    expect(github.state.artifacts).toEqual([]);
    Object.assign(lost, { status: 'completed', conclusion: 'failure' });
    const ours = async () => (await backupsOf(world)).filter(({ volumeId }) => ids.includes(volumeId));
    for (let left = 120; left > 0 && (await ours()).some(({ status }) => status === 'creating'); left -= 1)
      await new Promise((resolve) => setTimeout(resolve, 500));
    const saved = await ours();
    expect(saved.length).toBeGreaterThan(0);
    expect(new Set(saved.map((backup) => readTags(backup)?.state))).toEqual(new Set(['started']));

    const later = github.state.addRun({ status: 'in_progress', started: new Date(), event: 'schedule' });
    const next = await jobOf(later);
    const main = await runStep(next, { action: 'backup-volume', inputs: volumes(ids.slice(2)) });
    await next[Symbol.asyncDispose]();
    expect([main.code, errorsOf(main)]).toEqual([0, '']);
    const points = JSON.parse(main.outputs['restore-points'] ?? '[]') as { backup: string }[];
    expect(points.map(({ backup }) => backup)).toEqual(expect.arrayContaining(saved.map(({ id }) => id)));
    expect(new Set((await ours()).map((backup) => readTags(backup)?.state))).toEqual(new Set(['recorded']));
    expect(github.state.artifacts).toHaveLength(1);
  } finally {
    await job[Symbol.asyncDispose]();
    await github.close();
    await world.close();
  }
}, 1_200_000);
