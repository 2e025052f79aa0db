import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';

/** The Debian and Ubuntu package of each program that tests need; CI installs them all. */
export const PACKAGES = {
  age: 'age',
  bash: 'bash',
  cryptsetup: 'cryptsetup-bin',
  debugfs: 'e2fsprogs',
  fish: 'fish',
  fusermount3: 'fuse3',
  mke2fs: 'e2fsprogs',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  nbdcopy: 'libnbd-bin',
  nbdfuse: 'libnbd-bin',
  nbdinfo: 'libnbd-bin',
  partx: 'util-linux',
  python3: 'python3',
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  umount: 'mount',
  zsh: 'zsh',
  zstd: 'zstd',
} as const satisfies Readonly<Record<string, string>>;

/** @throws Error for a name, not a path, that {@link PACKAGES} lacks: CI would not install it */
function installed(programs: readonly string[]): boolean {
  const unknown = programs.find((name) => !name.includes('/') && !Object.hasOwn(PACKAGES, name));
  if (unknown !== undefined) throw new Error(`PACKAGES does not say which package has ${unknown}`);
  return programs.every(
    (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status === 0,
  );
}

/** In a CI what is missing is a failure, never a hole: GitHub and .ci/run set this. */
const mustHave = (process.env['CI'] ?? '') !== '';

/** Whether tests that need these programs run. */
export const runsWith = (...programs: string[]) => installed(programs) || mustHave;

/** `describe` of what needs these programs. Without them its tests are skipped, and fail where CI is set. */
export const describeWith = (...programs: string[]) => (runsWith(...programs) ? describe : describe.skip);

/** The same of a single test. */
export const testWith = (...programs: string[]) => (runsWith(...programs) ? test : test.skip);
