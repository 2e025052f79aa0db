import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { readTags } from '../../src/chain/tags.ts';
import { getVolume, listVolumes } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { collect } from '../../src/pool.ts';
import type { Ran } from '../support/tool.ts';
import { byClient } from './by-hand.ts';
import { backUp, backupsOf, manifestOf, pointsOf, restore, type Scenario } from './steps.ts';
import type { World } from './world.ts';

/** A signal that can be heard lets a run wind up, say so, and fail; the other one leaves it no word. */
export function expectEnded({ code, stderr }: Ran, signal: NodeJS.Signals): void {
  expect(code).toBe({ SIGINT: 130, SIGTERM: 143 }[signal as string] ?? null);
  if (signal !== 'SIGKILL') expect(stderr).toContain(`stopped by ${signal}`);
}

/** Ends a run at the moment that its output has these words. */
export function endAt(words: string, signal: NodeJS.Signals) {
  let sent = false;
  return (text: string, kill: (signal: NodeJS.Signals) => void) => {
    if (sent || !text.includes(words)) return;
    sent = true;
    kill(signal);
  };
}

/** Lets a cloud that was paused work on at the moment that a run's output has these words. */
export function resumeAt(ticks: { resume(): void }, words: string) {
  return (text: string) => {
    if (text.includes(words)) ticks.resume();
  };
}

async function calm(world: World): Promise<void> {
  const client = await (await world.session()).service('block-storage');
  const busy = /^(creating|backing-up|restoring|restoring-backup|deleting|downloading)$/;
  for (let tries = 0; tries < 240; tries += 1) {
    const statuses = [...(await collect(listVolumes(client))), ...(await backupsOf(world))].map(
      ({ status }) => status,
    );
    if (!statuses.some((status) => busy.test(status))) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the cloud does not come to rest');
}

/** Volumes of restores that were not brought to their end, by what a person sees. */
async function unfinished(world: World): Promise<string[]> {
  const client = await (await world.session()).service('block-storage');
  return (await collect(listVolumes(client)))
    .filter(({ name }) => name.endsWith(' (restore not finished)'))
    .map(({ id }) => id);
}

const killedBackup = (signal: NodeJS.Signals): Scenario => ({
  name: `a backup ended by ${signal} in its middle: the source as before, and the next run takes up what it left`,
  async run(world) {
    const id = await world.makeVolume({ name: 'killed', content: randomBytes(50_000) });
    const digest = await world.digest(id);
    const first = await backUp(world, [id]);
    const words = ['backup-volume', '--volumes', 'killed', '--json'];
    const started = Date.now();
    let ended = 0;
    const end = endAt(' started: ', signal);
    const killed = await world.tool(words, {
      onOutput: (text, kill) =>
        end(text, (which) => {
          ended = Date.now();
          kill(which);
        }),
    });
    expect(ended).toBeGreaterThan(started);
    expectEnded(killed, signal);
    if (signal !== 'SIGKILL') {
      expect(Date.now() - ended).toBeLessThan(7_000);
      expect(String(killed.json['manifest'])).toContain('manifest.json');
    }
    await calm(world);
    const client = await (await world.session()).service('block-storage');
    expect((await getVolume(client, id)).status).toBe('available');
    expect(await world.digest(id)).toBe(digest);

    const next = await backUp(world, [id]);
    expect(next.stderr).toContain('adopted from an interrupted run');
    expect(pointsOf(next).map(({ mode }) => mode)).toEqual(['incremental', 'incremental']);
    const states = (await backupsOf(world))
      .filter(({ volumeId }) => volumeId === id)
      .map((backup) => [backup.status, readTags(backup)?.state]);
    expect(states).toEqual(states.map(() => ['available', 'recorded']));
    expect(states).toHaveLength(3);
    // Earlier backups are whole, the adopted one too.
    await world.removeVolume(id);
    const [adopted] = pointsOf(next);
    for (const flags of [
      ['--manifest', manifestOf(first)],
      ['--manifest', manifestOf(next), '--volume', adopted?.id ?? ''],
    ])
      expect(await world.digest(await restore(world, ...flags))).toBe(digest);
  },
});

const killedRestore: Scenario = {
  name: 'a restore ended by SIGTERM, then by SIGKILL in its middle: what the cloud finishes keeps its telling name, is told and never removed, also when somebody has used it',
  async run(world) {
    const id = await world.makeVolume({
      name: 'again',
      type: 'luks',
      content: randomBytes(50_000),
      metadata: { k: 'v' },
    });
    await world.makeVolume({ name: 'other' });
    const digest = await world.digest(id);
    const ran = await backUp(world, [id]);
    await world.removeVolume(id);
    const words = ['restore-volume', '--manifest', manifestOf(ran), '--allow-unsigned'];
    const leftAfter = async (signal: NodeJS.Signals, code: number | null) => {
      const onOutput = endAt(' is being made from backup', signal);
      expect((await world.tool(words, { onOutput })).code).toBe(code);
      await calm(world);
      return unfinished(world);
    };
    const first = await leftAfter('SIGTERM', 143);
    const left = await leftAfter('SIGKILL', null);
    expect(left.filter((volume) => !first.includes(volume))).toHaveLength(1);
    const told = await backUp(world, ['other']);
    for (const volume of left) {
      expect(told.stderr).toContain(volume);
      expect(told.stderr).toContain('has all its data: it is kept. Adopt it with: openstack volume set');
      const detach = await world.attach(volume);
      const using = await backUp(world, ['other']);
      expect(using.stderr).toContain('is in use: it is kept');
      await detach();
    }
    const restored = await restore(world, '--manifest', manifestOf(ran));
    expect(await world.digest(restored)).toBe(digest);
    await calm(world);
    expect(await unfinished(world)).toEqual(left);
    for (const volume of left) expect(await world.digest(volume)).toBe(digest);
    const client = await (await world.session()).service('block-storage');
    const all = await collect(listVolumes(client));
    expect(all.filter(({ name }) => name === 'again').map((volume) => volume.id)).toEqual([restored]);
    expect(await getVolume(client, restored)).toMatchObject({ metadata: { k: 'v' }, description: '' });
    // As it was told to, by the client of the real cloud: from then on it is as any other volume.
    for (const volume of world.kind === 'real' ? left : []) {
      const line = told.stderr.split('\n').find((one) => one.includes(volume)) ?? '';
      const [, command = ''] = /Adopt it with: (openstack volume set .*); or, if nobody/.exec(line) ?? [];
      await byClient(world, command);
      expect(await getVolume(client, volume)).toMatchObject({ name: 'again', description: '' });
    }
    const last = await backUp(world, ['other']);
    if (world.kind === 'real') expect(last.stderr).not.toContain('was made by a run');
  },
};

const cutManifest: Scenario = {
  name: 'a run ended in its middle leaves a manifest of what had succeeded',
  async run(world) {
    for (const name of ['cut-1', 'cut-2']) await world.makeVolume({ name });
    const words = ['backup-volume', '--volumes', 'cut-1', '--volumes', 'cut-2', '--concurrency', '1'];
    const killed = await world.tool(words, { onOutput: endAt('is available after', 'SIGKILL') });
    expectEnded(killed, 'SIGKILL');
    const [directory] = await readdir(join(world.directory, 'openstack-backups'));
    await calm(world);
    const manifest = join(world.directory, 'openstack-backups', directory ?? '');
    const restored = await restore(world, '--manifest', manifest, '--volume', 'cut-1', '--name', 'from-cut');
    const client = await (await world.session()).service('block-storage');
    expect((await getVolume(client, restored)).status).toBe('available');
  },
};

export const interruptedScenarios: readonly Scenario[] = [
  killedBackup('SIGKILL'),
  killedBackup('SIGINT'),
  killedRestore,
  cutManifest,
];
