import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { bootDisk } from '../support/boot-sector.ts';
import type { Ran } from '../support/tool.ts';
import { makeKeeper, STORE } from './sealed.ts';
import { backUp, expectExit, type Scenario } from './steps.ts';
import type { World } from './world.ts';

const AWAY = ['--store', 'directory:openstack-backups/payloads'];

/** The first MiB of a file system that its own tool made. */
function fileSystem(): Buffer {
  const path = join(import.meta.dirname, '../fixtures/disks/ext4.zst');
  return zstdDecompressSync(readFileSync(path));
}

/** Flips a bit in the first object that the store has of a volume. */
async function flip(world: World, id: string): Promise<void> {
  const folder = join(STORE(world), `volume-${id}`, 'data');
  const path = join(folder, readdirSync(folder)[0] ?? '');
  const bytes = await readFile(path);
  const at = bytes.length - 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

const throughStore: Scenario = {
  name: 'a volume in a store is drilled to each level, a flipped bit fails both, and only the volume is left',
  async run(world) {
    const id = await world.makeVolume({ name: 'd-plain', content: fileSystem() });
    await backUp(world, [id], '--method', 'image', ...AWAY);
    const drill = (level: string, code: number) =>
      drilled(world, code, ['--volume', id, '--level', level, ...AWAY]);
    const same = expect.stringMatching(/^all (saved )?bytes are what was saved \(sha512\)$/);
    expect((await drill('bytes', 0)).json).toMatchObject({ reached: 'L2', seen: [same, 'ext4'] });
    expect((await drill('volume', 0)).json).toMatchObject({ reached: 'L3', seen: [same, 'ext4'] });
    await flip(world, id);
    for (const level of ['bytes', 'volume'])
      expect((await drill(level, 1)).json).toMatchObject({ passed: false, result: 'failed' });
    expect(await world.leftBehind()).toEqual({ volumes: [id] });
  },
};

const throughCinder: Scenario = {
  name: 'encrypted Cinder backups: the saved key is proved on the header that comes back, and noise that nothing proves fails',
  async run(world) {
    const keeper = await makeKeeper();
    const content = fileSystem();
    const vault = await world.makeVolume({ name: 'd-vault', type: 'luks', content });
    const noise = await world.makeVolume({ name: 'd-noise', content: randomBytes(content.length) });
    const flags = ['--method', 'cinder-backup', ...AWAY, '--recipients', keeper.recipient];
    await backUp(world, [vault, noise], ...flags);
    const good = await drilled(
      world,
      0,
      ['--volume', vault, '--level', 'volume', ...AWAY, '--identity', 'env:IDENTITY'],
      keeper.environment,
    );
    expect(good.json['seen']).toEqual([expect.stringMatching(/^LUKS.*, opened by its saved key$/), 'ext4']);
    const bad = await drilled(world, 1, ['--volume', noise, '--level', 'volume']);
    expect(bad.json['why']).toContain('nothing proves it');
    const listed = expectExit(await world.tool(['list', '--volume', 'd-vault', '--json']), 0);
    expect(listed.json['points']).toMatchObject([{ key: 'sealed, proved', drilled: { result: 'passed' } }]);
    expect((await world.leftBehind())['volumes']?.toSorted()).toEqual([vault, noise].sort());
  },
};

const booted: Scenario = {
  name: 'a disk that boots is proved by its console and by a check, one that does not boot is not, a check that says no is a failure, and only the volumes are left',
  async run(world) {
    const greets = await world.makeVolume({
      name: 'd-greets',
      bootable: true,
      content: bootDisk('Welcome to d-greets'),
    });
    const dead = await world.makeVolume({ name: 'd-dead', bootable: true, content: randomBytes(4096) });
    await backUp(world, [greets, dead], '--method', 'cinder-backup');
    const boot = (id: string, code: number, ...more: string[]) =>
      drilled(world, code, [
        ...['--volume', id, '--level', 'boot', '--network', 'none', '--expect', 'Welcome'],
        ...['--boot-timeout', '1', ...more],
      ]);
    const check = 'test -n "$OPENSTACK_BACKUP_SERVER_ID" && test -n "$OPENSTACK_BACKUP_VOLUME_ID"';
    // At the same time: neither takes what the other made for a leftover.
    const [good, bad] = await Promise.all([boot(greets, 0, '--check', check), boot(dead, 0)]);
    expect(good.json).toMatchObject({ passed: true, reached: 'L5' });
    expect(bad.json).toMatchObject({ passed: false, result: 'no output', reached: '' });
    const no = await boot(greets, 1, '--check', 'exit 3');
    expect(no.json).toMatchObject({ result: 'failed', why: 'the check said no (exit 3)' });
    expect((await world.leftBehind())['volumes']?.toSorted()).toEqual([greets, dead].sort());
    expect((await world.leftBehind())['servers']).toBeUndefined();
  },
};

async function drilled(
  world: World,
  code: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return expectExit(await world.tool(['drill', ...words, '--json'], { environment }), code);
}

export const drillScenarios = [throughStore, throughCinder, booted];
