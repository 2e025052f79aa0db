import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
/** A key derivation that costs next to nothing. */
export const CHEAP = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];

/** cryptsetup on files of a directory of its own. Needs no root: nothing is mapped. */
export function cryptsetupIn(directory = mkdtempSync(join(tmpdir(), 'luks-'))) {
  const path = (name: string) => join(directory, name);
  const cryptsetup = (...args: string[]) =>
    execFileSync('cryptsetup', ['--batch-mode', ...args], {
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    path,
    cryptsetup,
    write: (name: string, bytes: string | Uint8Array) => writeFileSync(path(name), bytes),
    read: (name: string) => readFileSync(path(name)),
    /** A container of some plain bytes: encrypted in place, the data 16 MiB in. */
    encrypted(name: string, plain: Uint8Array, keyFile: string, options: readonly string[]): Buffer {
      writeFileSync(path(name), plain);
      truncateSync(path(name), plain.length + 32 * MIB);
      cryptsetup(
        ...['reencrypt', '--encrypt', '--reduce-device-size', '32M', '--key-file', path(keyFile)],
        ...options,
        path(name),
      );
      truncateSync(path(name), plain.length + 16 * MIB);
      return readFileSync(path(name));
    },
    /** Whether cryptsetup itself opens an image; on a copy, as it may repair what it opens. */
    opens(image: Uint8Array, keyFile: string): boolean {
      writeFileSync(path('judged'), image);
      try {
        cryptsetup('open', '--test-passphrase', '--key-file', path(keyFile), path('judged'));
        return true;
      } catch {
        return false;
      }
    },
    volumeKey(name: string, keyFile: string): Buffer {
      copyFileSync(path(name), path('dumped'));
      rmSync(path('volume-key'), { force: true });
      cryptsetup(
        ...['luksDump', '--dump-volume-key', '--volume-key-file', path('volume-key')],
        ...['--key-file', path(keyFile), path('dumped')],
      );
      return readFileSync(path('volume-key'));
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
