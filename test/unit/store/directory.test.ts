import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { placeCases } from './conformance.ts';
import { openDirectory } from './directory-under-test.ts';
import { pieces, putText } from './place-under-test.ts';

describe('a directory is a place of the store', () => {
  test.each(placeCases)('$name', async ({ run }) => {
    await using under = await openDirectory();
    await run(under);
  });
});

describe('a directory', () => {
  test('is made where it is not there, and only its owner can read it and what is in it', async () => {
    await using under = await openDirectory();
    const { place } = await under.open();
    await rm(under.path, { recursive: true });
    await place.prepare();
    await putText(place, 'p', 'x');
    const [own = ''] = readdirSync(under.path).filter((name) => name.startsWith('.'));
    const modes = ['', 'p', own].map((name) => statSync(join(under.path, name)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o700]);
  });

  test('cannot be a file', async () => {
    await using under = await openDirectory();
    const path = join(under.path, 'file');
    await writeFile(path, '');
    const run = { id: '1', owner: 'x' };
    const place = directoryPlace(path, { run, liveness: async () => 'alive', now: Date.now });
    await expect(place.prepare()).rejects.toThrow(InputError);
    await expect(place.prepare()).rejects.toThrow(`cannot write payloads into ${path}`);
  });

  test('on a disk that is full says what to do', async () => {
    await using under = await openDirectory();
    const { place } = await under.open();
    await using _full = await under.fill(10);
    await expect(place.put('p', pieces(randomBytes(1000)))).rejects.toMatchObject({
      message: `cannot write ${join(under.path, 'p')}: ENOSPC: no space left on device, write`,
      hint: 'The disk is full: make room, or name a larger place with `store`.',
    });
  });

  test('that cannot make a name last does not show it', async () => {
    await using under = await openDirectory();
    {
      // Names can be made in it, and it cannot be opened.
      await using _blind = await under.restrict(0o300);
      const { place } = await under.open();
      await expect(putText(place, 'p', 'x')).rejects.toThrow(/cannot write .*EACCES/);
    }
    expect(await under.everything()).toEqual([]);
  });

  test('keeps what somebody else has there, and loses what is left of a dead run', async () => {
    await using under = await openDirectory();
    const { place, seem } = await under.open();
    await putText(place, 'p', 'x');
    const [own = ''] = readdirSync(under.path).filter((name) => name.startsWith('.'));
    await mkdir(join(under.path, '.partial-mine'));
    const foreign = ['image-2.raw', '.hidden', 'Capital'];
    for (const name of foreign) await writeFile(join(under.path, name), 'x');
    // Notes that name what is no payload of a place.
    for (const name of ['', '.', '..', '.hidden', 'Capital', '..%2fimage-2.raw'])
      await writeFile(join(under.path, own, `${name}.whole`), '');
    seem('ended');
    await (await under.open()).place.prepare();
    expect((await under.everything()).sort()).toEqual(['.partial-mine', ...foreign].sort());
  });

  test.each([
    [6, ['p']],
    [8, []],
  ])('after %d days has of a run that nobody sees any more %j', async (days, left) => {
    let now = Date.now();
    await using under = await openDirectory(() => now);
    const { place, seem } = await under.open();
    await putText(place, 'p', 'x');
    seem('unknown');
    now += days * 24 * 3_600_000;
    await (await under.open()).place.prepare();
    expect(await under.names()).toEqual(left);
  });

  test('has no file open that nobody reads', async () => {
    await using under = await openDirectory();
    const { place } = await under.open();
    await place.put('p', pieces(randomBytes(5_000_000)));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let count = 0; count < 20; count += 1) {
      await place.get('p');
      for await (const _piece of (await place.get('p')).bytes) break;
    }
    expect(open()).toBeLessThan(before + 10);
  });
});
