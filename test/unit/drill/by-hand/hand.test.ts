import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Clock, systemClock } from '../../../../src/clock.ts';
import { type Hand, handIn } from '../../../../src/drill/by-hand/hand.ts';
import { openRoom, type Room } from '../../../../src/drill/by-hand/room.ts';
import { allOf } from '../../../../src/stream/chunks.ts';

const path = process.env['PATH'] ?? '';
/** An hour is a third of a second. */
const clock: Clock = { now: () => Date.now(), sleep: (ms, signal) => systemClock.sleep(ms / 10_000, signal) };
let room: Room;
let lines: string[];
let stop: AbortController;
const hand = (withinMs = 600_000_000): Hand =>
  handIn({
    room,
    environment: { PATH: path, GIVEN: 'yes' },
    clock,
    log: { debug: (line) => lines.push(line), info: () => undefined, warn: () => undefined },
    redact: (text) => text.replaceAll('hush', '***'),
    signal: stop.signal,
    withinMs,
  });
/** What nobody has asked after yet is a zombie. */
const isAlive = (pid: number) => !/^\d+ \(.*\) Z|^$/.test(statOf(pid));
const statOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
};

beforeEach(async () => {
  room = await openRoom({ PATH: path });
  [lines, stop] = [[], new AbortController()];
});
afterEach(() => room.leave());

test('commands see what is given and nothing else', async () => {
  await hand().run(['compgen -e']);
  const own = ['OLDPWD', 'PWD', 'SHLVL', '_'];
  expect(lines.filter((line) => !own.includes(line)).sort()).toEqual(['GIVEN', 'PATH']);
});

test('what a command says is the reason why it failed, and nothing comes after it', async () => {
  const commands = ['echo one', 'echo "no such disk" >&2; false | true', 'echo two'];
  await expect(hand().run(commands)).rejects.toThrow('stopped (exit 1): no such disk');
  expect(lines).toEqual(['one', 'no such disk']);
});

test('no secret is in what they are seen to say', async () => {
  await expect(hand().run(['echo hush', 'echo it is hush >&2; false'])).rejects.toThrow('it is ***');
  expect(lines.join()).not.toContain('hush');
});

test('of very much that is printed only the end is kept', async () => {
  const printed = await hand().run([
    'head -c 3000000 /dev/zero | tr "\\0" x',
    'echo',
    'for n in 1 2 3 4; do echo $n; done',
  ]);
  expect(printed).toBe('2; 3; 4');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(1000);
});

test('bytes are those of the last command alone, and an error comes behind them', async () => {
  const bytes = await allOf(hand().open(['echo before'], 'printf "\\0\\1" | cat'));
  expect(bytes).toEqual(Buffer.from([0, 1]));
  expect(lines).toEqual(['before']);
  await expect(allOf(hand().open([], '{ printf abc; false; }'))).rejects.toThrow('exit 1');
});

test('a reader that goes ends the commands', async () => {
  for await (const _piece of hand().open(['echo $$'], 'yes')) break;
  expect(isAlive(Number(lines[0]))).toBe(false);
});

test('questions are answered, and an answer that fails is the reason', async () => {
  const commands = ['echo what >&3', 'read -r answer <&3', 'echo "$answer"'];
  expect(await hand().run(commands, async (line) => `${line} else`)).toBe('what else');
  const refused = hand().run(commands, () => Promise.reject(new Error('the cloud said no')));
  await expect(refused).rejects.toThrow('the cloud said no');
});

test('what takes too long is ended, with all that it started', async () => {
  const running = hand(3_600_000).run(['sleep 600 & echo $!', 'echo waiting >&2', 'wait']);
  await expect(running).rejects.toThrow('timed out after 1 h 0 min: waiting');
  expect(statOf(process.pid)).not.toBe('');
  expect(isAlive(Number(lines[0]))).toBe(false);
});

test('a stop ends it between two commands, with the reason of the stop', async () => {
  const running = hand().run(['echo begun', 'sleep 0.2', 'echo too far']);
  while (lines.length === 0) await systemClock.sleep(5);
  stop.abort(new Error('told to stop'));
  await expect(running).rejects.toThrow('told to stop');
  expect(lines).toEqual(['begun']);
  await expect(hand().run(['true'])).rejects.toThrow('told to stop');
});

test('the directory is private, and gone with what ran in it', async () => {
  await room.file('identity', 'AGE-SECRET-KEY-1');
  await hand().run(['umask', 'stat -c %a . identity']);
  expect(lines.slice(1)).toEqual(['700', '600']);
  const left = hand().run(['echo $$', 'sleep 600']);
  while (lines.length < 4) await systemClock.sleep(5);
  await room.leave();
  await expect(left).rejects.toThrow('SIGKILL');
  expect(isAlive(Number(lines[3]))).toBe(false);
  await expect(readdir(room.path)).rejects.toThrow('ENOENT');
});
