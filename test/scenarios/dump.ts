import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Keeper, makeKeeper, STORE, save } from './sealed.ts';
import { expectExit, manifestOf, type Scenario } from './steps.ts';
import type { World } from './world.ts';

function dump(world: World, keeper: Keeper, manifest: string, ...words: string[]) {
  return world.tool(
    ['dump', '--manifest', manifest, '--allow-unsigned', '--identity', 'env:IDENTITY', ...words],
    { environment: keeper.environment },
  );
}

export const dumped: Scenario = {
  name: 'disks of restore points, written to files without a cloud: plain ones, and encrypted ones with their saved key',
  async run(world) {
    // ASCII, so that standard output can be compared as text.
    const content = Buffer.from(randomBytes(150_000).toString('hex'));
    const keeper = await makeKeeper();
    const data = await world.makeVolume({ name: 'data', content });
    const vault = await world.makeVolume({ name: 'vault', type: 'luks', content });
    const words = ['backup-volume', '--volumes', `${data},${vault}`, '--method', 'image'];
    const manifest = manifestOf(await save(world, keeper, ...words, '--store', `directory:${STORE(world)}`));
    await world.removeVolume(data);
    await world.removeVolume(vault);
    const path = (name: string) => join(world.directory, name);

    for (const [volume, ...more] of [['data'], ['vault', '--unlock']]) {
      const to = path(`${volume}.raw`);
      const ran = await dump(world, keeper, manifest, '--volume', `${volume}`, '--to', to, '--json', ...more);
      expectExit(ran, 0);
      const bytes = await readFile(to);
      expect(ran.json).toMatchObject({ size: bytes.length, format: 'raw' });
      expect(bytes.subarray(0, content.length).equals(content)).toBe(true);
      expect((await stat(to)).mode & 0o777).toBe(0o600);
      // What nobody wrote of an encrypted volume is noise once it is decrypted.
      if (volume === 'data') {
        expect(bytes.subarray(content.length).every((byte) => byte === 0)).toBe(true);
        expect((await stat(to)).blocks * 512).toBeLessThan(bytes.length / 4);
      }
      const again = await dump(world, keeper, manifest, '--volume', `${volume}`, '--to', to, ...more);
      expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('never overwritten')]);
      await rm(to);
    }

    const piped = await dump(world, keeper, manifest, '--volume', 'data', '--to', '-');
    expect(expectExit(piped, 0).stdout.startsWith(content.toString())).toBe(true);
    const locked = await dump(world, keeper, manifest, '--volume', 'vault', '--to', 'vault.img');
    expect(expectExit(locked, 0).stderr).toContain('it is encrypted, and is written as it is');
    expect((await readFile(path('vault.img'))).subarray(0, 4).toString()).toBe('LUKS');
    await rm(path('vault.img'));

    const wrong: [string[], string][] = [
      [['--volume', 'data', '--unlock'], 'is not encrypted'],
      [['--volume', 'nobody'], 'there is no volume called'],
      [['--volume', 'data', '--image', 'data'], 'give either'],
      [[], 'give either'],
    ];
    for (const [more, message] of wrong) {
      const ran = await dump(world, keeper, manifest, '--to', path('no.raw'), ...more);
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    const planned = await dump(
      world,
      keeper,
      manifest,
      '--volume',
      'data',
      '--to',
      path('no.raw'),
      '--dry-run',
    );
    expectExit(planned, 0);

    for (const name of await dataIn(STORE(world))) {
      const bytes = await readFile(name);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      await writeFile(name, bytes);
    }
    for (const [volume, ...more] of [['data'], ['vault', '--unlock']]) {
      const ran = await dump(
        world,
        keeper,
        manifest,
        '--volume',
        `${volume}`,
        '--to',
        path('no.raw'),
        ...more,
      );
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/damaged|altered/);
    }
    expect(await readdir(world.directory)).not.toContain('no.raw');
  },
};

/** Files of the store that have data of disks. */
async function dataIn(store: string): Promise<string[]> {
  const entries = await readdir(store, { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) => entry.isFile() && (entry.name.startsWith('volume-') || entry.parentPath.endsWith('/data')),
    )
    .map(({ parentPath, name }) => join(parentPath, name));
}
