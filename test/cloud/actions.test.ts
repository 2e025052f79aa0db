import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { startFakeGitHub } from '../fakes/github/index.ts';
import { noteWorld } from '../scenarios/seen.ts';
import { errorsOf, runPost, runStep, startJob } from '../support/step.ts';
import { realWorld } from './world.ts';

/** GitHub's services are our loopback fake, the clients and the cloud are real. */
test('the actions on the real cloud: nightly backup as artifact and release, volume deleted, restored by latest, bytes equal', async () => {
  const world = await realWorld();
  const github = await startFakeGitHub();
  const run = github.state.addRun({ status: 'in_progress', started: new Date(), event: 'schedule' });
  const job = await startJob({ ...github.environment(run), ...world.environment('demo') });
  try {
    await noteWorld(world);
    const id = await world.makeVolume({ name: 'nightly', type: 'luks', content: randomBytes(100_000) });
    const digest = await world.digest(id);
    const backup = { action: 'backup-volume', inputs: { volumes: 'nightly', publish: 'artifact\nrelease' } };
    const main = await runStep(job, backup);
    expect([main.code, errorsOf(main)]).toEqual([0, '']);
    expect(main.summary).toContain('1 of 1 volumes backed up');
    expect((await runPost(job, backup, main)).code).toBe(0);
    Object.assign(run, { status: 'completed', conclusion: 'success' });
    await world.removeVolume(id);

    const later = github.state.addRun({
      status: 'in_progress',
      started: new Date(),
      event: 'workflow_dispatch',
    });
    const restoreJob = await startJob({ ...github.environment(later), ...world.environment('demo') });
    const restored = await runStep(restoreJob, { action: 'restore-volume', inputs: { manifest: 'latest' } });
    expect([restored.code, errorsOf(restored)]).toEqual([0, '']);
    expect(await world.digest(restored.outputs['volume-id'] ?? '')).toBe(digest);
    await restoreJob[Symbol.asyncDispose]();
  } finally {
    await job[Symbol.asyncDispose]();
    await github.close();
    await world.close();
  }
}, 300_000);
