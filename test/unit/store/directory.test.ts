import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.ts';
import { thisProcess } from '../../../src/host/terminal/process.ts';
import { formatOwner } from '../../../src/ports/owner.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import { placeCases } from './conformance.ts';
import { openDirectory } from './directory-under-test.ts';
import { pieces, putText } from './place-under-test.ts';

const DAY = 24 * 3_600_000;
const RUN = '5f2c9a01-0000-4000-8000-000000000000';
/** What is half-written is named so. */
const HALF = '0b3f1c9e-1111-4111-8111-111111111111';

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

  test('shows a name only after what it is told to wait for, and not if that fails', async () => {
    await using under = await openDirectory();
    const { place } = await under.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const second = place.put('f/2', pieces(randomBytes(1000)), promise);
    await putText(place, 'f/1', 'x');
    expect(await under.names()).toEqual(['f/1']);
    resolve();
    expect((await second).size).toBe(1000);
    expect((await under.names()).sort()).toEqual(['f/1', 'f/2']);
    const failed = place.put('f/3', pieces(randomBytes(1000)), Promise.reject(new Error('no good')));
    await expect(failed).rejects.toThrow('no good');
    expect((await under.everything()).sort()).toEqual(['f/1', 'f/2']);
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

  test('keeps what somebody else has there, and loses what is left half-written of a dead run', async () => {
    await using under = await openDirectory();
    const { place, seem } = await under.open();
    await putText(place, 'p', 'x');
    const [own = ''] = readdirSync(under.path).filter((name) => name.startsWith('.'));
    await mkdir(join(under.path, '.partial-mine'));
    const foreign = ['image-2.raw', '.hidden', 'Capital'];
    for (const name of foreign) await writeFile(join(under.path, name), 'x');
    // Notes that name what is no payload of a place, or is not there.
    for (const name of ['', '.', '..', '.hidden', 'Capital', '..%2fimage-2.raw', 'gone'])
      await writeFile(join(under.path, own, `${name}.whole`), '');
    await writeFile(join(under.path, own, HALF), 'x');
    seem('ended');
    expect(await (await under.open()).place.prepare()).toEqual(['p']);
    expect((await under.everything()).sort()).toEqual(['.partial-mine', own, 'p', ...foreign].sort());
    expect(readdirSync(join(under.path, own)).sort()).toEqual(['owner', 'p.whole']);
  });

  test('keeps what lies beside the half-written of a dead run, and what a link leads to', async () => {
    await using under = await openDirectory();
    const owner = formatOwner({ ...thisProcess(), pid: 1 });
    const [own, link] = [RUN, RUN.replace(/.$/, '1')].map((id) => join(under.path, `.partial-${id}`));
    await using elsewhere = await openDirectory();
    for (const directory of [own ?? '', elsewhere.path]) {
      await mkdir(directory, { recursive: true });
      for (const name of ['owner', HALF, 'holiday.jpg']) await writeFile(join(directory, name), owner);
    }
    await symlink(elsewhere.path, link ?? '');
    (await under.open()).seem('ended');
    await (await under.open()).place.prepare();
    expect(readdirSync(own ?? '').sort()).toEqual(['holiday.jpg', 'owner']);
    expect((await elsewhere.everything()).sort()).toEqual([HALF, 'holiday.jpg', 'owner']);
  });

  test('removes nothing of a run that left no name', async () => {
    await using under = await openDirectory(() => Date.now() + 365 * DAY);
    const own = join(under.path, `.partial-${RUN}`);
    await mkdir(own);
    for (const [name, text] of [
      ['owner', ''],
      [HALF, 'x'],
    ] as const)
      await writeFile(join(own, name), text);
    await (await under.open()).place.prepare();
    expect(readdirSync(own).sort()).toEqual([HALF, 'owner']);
  });

  test.each([
    [6, [HALF, 'owner', 'p.whole'], []],
    [8, ['owner', 'p.whole'], ['p']],
  ])('after %d days has of a run that nobody sees any more %j, and tells of %j', async (days, left, told) => {
    let now = Date.now();
    await using under = await openDirectory(() => now);
    const { place, seem } = await under.open();
    await putText(place, 'p', 'x');
    const [own = ''] = readdirSync(under.path).filter((name) => name.startsWith('.'));
    await writeFile(join(under.path, own, HALF), 'x');
    seem('unknown');
    now += days * DAY;
    expect(await (await under.open()).place.prepare()).toEqual(told);
    expect(readdirSync(join(under.path, own)).sort()).toEqual(left);
    expect(await under.names()).toEqual(['p']);
  });

  test('a payload that is written for longer than that is of a run that lives', async () => {
    const now = Date.now();
    await using under = await openDirectory(() => now);
    const { place, seem } = await under.open();
    await putText(place, 'p', 'x');
    const [own = ''] = readdirSync(under.path).filter((name) => name.startsWith('.'));
    const half = join(under.path, own, HALF);
    await writeFile(half, 'x');
    const long = new Date(now - 30 * DAY);
    for (const name of ['', 'owner', 'p.whole']) await utimes(join(under.path, own, name), long, long);
    seem('unknown');
    expect(await (await under.open()).place.prepare()).toEqual([]);
    expect(readdirSync(join(under.path, own))).toContain(HALF);
    await utimes(half, long, long);
    expect(await (await under.open()).place.prepare()).toEqual(['p']);
    expect(readdirSync(join(under.path, own))).not.toContain(HALF);
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
