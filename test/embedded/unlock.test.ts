import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { sealer } from '../../src/keys/age.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';
import { unlockOutside } from '../scenarios/unlock.ts';
import { describeWith } from '../support/installed.ts';
import { BIN, runTool } from '../support/tool.ts';

jest.setTimeout(60_000);

const fixture = (name: string) =>
  zstdDecompressSync(readFileSync(join(import.meta.dirname, `../fixtures/luks/${name}.img.zst`)));
const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const PLAIN = Buffer.from(
  Array.from({ length: 2048 }, (_, index) => `block ${String(index).padStart(9, '0')}\n`).join(''),
);
const identity = await generateIdentity();
const seal = await sealer([await identityToRecipient(identity)]);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unlock-'));
  writeFileSync(join(directory, 'image'), fixture('luks1'));
  writeFileSync(join(directory, 'key'), KEY);
});
afterEach(() => rmSync(directory, { recursive: true }));

async function unlock(words: readonly string[], environment: Record<string, string> = {}) {
  const ran = await runTool(['unlock', ...words], { directory, environment });
  const told = ran.stdout + ran.stderr;
  for (const secret of [KEY.toString('hex'), KEY.toString('base64'), identity])
    expect(told).not.toContain(secret);
  return ran;
}
const read = (name: string) => readFileSync(join(directory, name));
const IMAGE = ['--image', 'image', '--key', 'file:key'];

describe('unlock', () => {
  test.each(['luks1', 'luks2-argon2id', 'luks2-4096'])('decrypts an image: %s', async (name) => {
    writeFileSync(join(directory, 'image'), fixture(name));
    const { code, json, stderr } = await unlock([...IMAGE, '--output', 'plain', '--json']);
    expect(stderr).toContain('the key opens it');
    expect(code).toBe(0);
    expect(read('plain').equals(PLAIN)).toBe(true);
    expect(statSync(join(directory, 'plain')).mode & 0o777).toBe(0o600);
    expect(json).toMatchObject({
      size: PLAIN.length,
      luks: expect.stringMatching(/^LUKS[12], aes-xts-plain64, sectors of (512|4096) bytes, key slot [01]$/),
    });
  });

  test('takes off what a payload of the store is packed in, its key too; only the bytes come out of the pipe', async () => {
    writeFileSync(join(directory, 'image.zst.age'), await seal.seal(zstdCompressSync(fixture('luks1'))));
    writeFileSync(join(directory, 'key.age'), await seal.seal(KEY));
    writeFileSync(join(directory, 'identity'), `# a comment\n${identity}\n`);
    const command = `"$1" "$2" unlock --image image.zst.age --key file:key.age --identity file:identity --output - --json > out`;
    const { status, stderr } = spawnSync('sh', ['-c', command, 'sh', process.execPath, BIN], {
      cwd: directory,
    });
    expect(stderr.toString()).toContain('age, zstd, LUKS1');
    expect(stderr.toString()).toContain('"sha256":"');
    expect(status).toBe(0);
    expect(read('out').equals(PLAIN)).toBe(true);
  });

  test('reads a pipe, and the hex of a key from the environment', async () => {
    const command = `"$1" "$2" unlock --image - --key env:KEY --output out < image`;
    const { status } = spawnSync('sh', ['-c', command, 'sh', process.execPath, BIN], {
      cwd: directory,
      env: { PATH: process.env['PATH'], KEY: KEY.toString('hex').toUpperCase() },
    });
    expect(status).toBe(0);
    expect(read('out').equals(PLAIN)).toBe(true);
  });

  test('takes a passphrase as it is, a newline at its end or not', async () => {
    for (const text of [KEY.toString('hex'), `${KEY.toString('hex')}\n`, KEY]) {
      writeFileSync(join(directory, 'key'), text);
      const { code } = await unlock([...IMAGE, '--secret-type', 'passphrase', '--output', 'plain']);
      expect(code).toBe(0);
      rmSync(join(directory, 'plain'));
    }
  });

  test.each<[string, readonly string[], string]>([
    ['another key', ['--image', 'image', '--key', 'file:other'], 'opens no key slot of "image"'],
    ['an empty key', ['--image', 'image', '--key', 'file:/dev/null'], 'the key is empty'],
    ['a key in the command line', ['--image', 'image', '--key', KEY.toString('hex')], 'must not be on'],
    ['an image that is none', ['--image', 'key', '--key', 'file:key'], '"key" is not a LUKS image'],
    ['a qcow2 image', ['--image', 'qcow2', '--key', 'file:key'], 'qemu-img convert -O raw'],
    ['no image', ['--image', 'nope', '--key', 'file:key'], 'cannot read "nope"'],
    ['a directory', ['--image', '.', '--key', 'file:key'], 'it is a directory'],
    ['a sealed image without an identity', ['--image', 'sealed', '--key', 'file:key'], '"sealed" is sealed'],
    ['both from the pipe', ['--image', '-', '--key', '-'], 'both --image and --key come from it'],
  ])('refuses %s, and leaves nothing', async (_, words, message) => {
    writeFileSync(join(directory, 'other'), randomBytes(32));
    writeFileSync(
      join(directory, 'qcow2'),
      Buffer.concat([Buffer.from('514649fb', 'hex'), Buffer.alloc(100)]),
    );
    writeFileSync(join(directory, 'sealed'), await seal.seal(fixture('luks1')));
    const { code, stderr } = await unlock([...words, '--output', 'plain']);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(readdirSync(directory)).not.toContain('plain');
  });

  test('overwrites nothing', async () => {
    const { code, stderr } = await unlock([...IMAGE, '--output', 'key']);
    expect(stderr).toContain('"key" already exists, and is never overwritten');
    expect(code).toBe(2);
    expect(read('key').equals(KEY)).toBe(true);
  });

  test('touches no half-written file of another run', async () => {
    writeFileSync(join(directory, 'plain.partial'), 'theirs');
    const { code, stderr } = await unlock([...IMAGE, '--output', 'plain']);
    expect(stderr).toContain('"plain.partial" already exists, and is never overwritten');
    expect(code).toBe(2);
    expect(read('plain.partial').toString()).toBe('theirs');
    rmSync(join(directory, 'plain.partial'));
  });

  test('removes what it wrote of an image that was cut short or altered', async () => {
    const sealed = await seal.seal(fixture('luks1'));
    writeFileSync(join(directory, 'identity'), identity);
    for (const bytes of [
      fixture('luks1').subarray(0, -1),
      sealed.subarray(0, -1),
      zstdCompressSync(fixture('luks1')).subarray(0, -1),
    ]) {
      writeFileSync(join(directory, 'image'), bytes);
      const { code, stderr } = await unlock([...IMAGE, '--identity', 'file:identity', '--output', 'plain']);
      expect(stderr).toMatch(/ends too early|cut short/);
      expect(code).toBe(1);
      expect(readdirSync(directory)).not.toContain('plain');
    }
  });

  test('removes what it wrote when it is stopped', async () => {
    const child = spawn(
      process.execPath,
      [BIN, 'unlock', '--image', '-', '--key', 'file:key', '--output', 'plain'],
      {
        cwd: directory,
      },
    );
    child.stdin.on('error', () => undefined);
    child.stdin.write(fixture('luks1').subarray(0, -8192));
    let told = '';
    child.stderr.on('data', (text: Buffer) => {
      told += text.toString();
      if (text.includes('the key opens it')) child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    expect(told).toContain('stopped by SIGINT');
    expect(readdirSync(directory)).not.toContain('plain');
  });
});

describeWith(
  'cryptsetup',
  'age',
  'zstd',
)('unlock --dry-run', () => {
  /** There may be no device mapper, and we are not root: `sudo` only tries the key, and gives a mark for the data. */
  const SUDO = `#!/bin/sh
PATH=$PATH:/usr/sbin
case "$1 $2" in
  "cryptsetup open") shift 2; exec cryptsetup open --test-passphrase "$@";;
  "cat /dev/mapper/unlocked") echo the data;;
esac`;

  test.each<[string, readonly string[], Record<string, string>]>([
    [
      'bare files',
      ['--image', "it's $(touch oops) 1", '--key', 'file:-k;touch oops', '--output', "-o'ut"],
      {},
    ],
    [
      'sealed files',
      ['--image', 's"ealed', '--key', 'file:key.age', '--identity', 'file:i d', '--output', 'plain'],
      {},
    ],
    [
      'variables',
      ['--image', 's"ealed', '--key', 'env:KEY', '--identity', 'env:ID', '--output', 'plain'],
      { KEY: KEY.toString('hex'), ID: identity },
    ],
  ])('shows how to do it by hand: %s', async (_, words, environment) => {
    writeFileSync(join(directory, "it's $(touch oops) 1"), fixture('luks2-4096'));
    writeFileSync(join(directory, '-k;touch oops'), KEY);
    writeFileSync(join(directory, 's"ealed'), await seal.seal(zstdCompressSync(fixture('luks1'))));
    writeFileSync(join(directory, 'key.age'), await seal.seal(KEY));
    writeFileSync(join(directory, 'i d'), identity);
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, 'bin/sudo'), SUDO);
    chmodSync(join(directory, 'bin/sudo'), 0o755);
    const { code, stderr } = await unlock([...words, '--dry-run'], environment);
    expect(code).toBe(0);
    const lines = stderr
      .slice(stderr.indexOf('by hand'))
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
    execFileSync('bash', ['--norc', '-eo', 'pipefail', '-c', lines.join('\n')], {
      cwd: directory,
      env: { PATH: `${directory}/bin:${process.env['PATH']}`, ...environment },
    });
    expect(read(words.at(-1) ?? '').toString()).toBe('the data\n');
    expect(readdirSync(directory)).not.toContain('oops');
  });
});

suite('unlock, with data of the embedded cloud', [unlockOutside], embeddedWorld, 60_000);
