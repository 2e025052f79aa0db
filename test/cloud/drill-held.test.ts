import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { startFakeGitHub } from '../fakes/github/index.ts';
import { noteWorld } from '../scenarios/seen.ts';
import { bootDisk } from '../support/boot-sector.ts';
import { errorsOf, runPost, runStep, startJob, warningsOf } from '../support/step.ts';
import { realWorld } from './world.ts';

/** GitHub's services are our loopback fake, the clients and the cloud are real; this test is the runner and the later step. */
test('a server that a drill holds is looked at by a later step, which says yes, and another one no; the post step removes all', async () => {
  const world = await realWorld();
  const github = await startFakeGitHub();
  const run = github.state.addRun({ status: 'in_progress', started: new Date(), event: 'schedule' });
  const login = world.environment('demo');
  const job = await startJob({ ...github.environment(run), ...login });
  try {
    await noteWorld(world);
    const id = await world.makeVolume({
      name: 'h-greets',
      bootable: true,
      content: bootDisk('Welcome to h-greets'),
    });
    const where = { publish: 'directory:manifests', expiry: 'any' };
    const saved = await runStep(job, {
      action: 'backup-volume',
      inputs: { volumes: id, method: 'cinder-backup', ...where },
    });
    expect([saved.code, errorsOf(saved)]).toEqual([0, '']);
    const drill = (verdict: string) => ({
      action: 'drill',
      inputs: {
        level: 'boot',
        manifest: 'directory:manifests',
        volume: id,
        network: 'none',
        hold: '10',
        verdict,
      },
    });
    const left = async () => (await world.leftBehind()).volumes;
    const before = await left();

    for (const [looksFor, verdict, code, said] of [
      ['Welcome to h-greets', 'success', 0, 'passed'],
      ['Welcome to another', 'failure', 1, 'failed'],
    ] as const) {
      const main = await runStep(job, drill('success'));
      expect([main.code, errorsOf(main), main.outputs['result']]).toEqual([0, '', 'held']);
      const { console: command = '', 'volume-id': volume = '' } = main.outputs;
      expect(await left()).toContain(volume);
      const check = `for try in 1 2 3 4 5; do ${command} | grep -q '${looksFor}' && exit; sleep 1; done; exit 1`;
      const step = spawnSync('bash', ['-c', check], {
        env: { ...login, PATH: `/opt/oscloud/bin:${process.env['PATH']}` },
      });
      expect(step.status === 0 ? 'success' : 'failure').toBe(verdict);
      const post = await runPost(job, drill(verdict), main);
      expect([post.code, warningsOf(post)]).toEqual([code, '']);
      expect(post.lines.join('\n')).toContain(`: ${said}`);
      expect(await left()).toEqual(before);
    }
  } finally {
    await job[Symbol.asyncDispose]();
    await github.close();
    await world.close();
  }
}, 300_000);
