import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Badge } from '../../planfile/badge.ts';
import type { Context } from '../context.ts';

/**
 * Writes a badge atomically, readable for everybody.
 *
 * @returns why it failed; empty if it did not
 */
export async function writeBadge(
  { host }: Pick<Context, 'host'>,
  path: string,
  badge: Badge,
): Promise<string> {
  const file = resolve(host.directory, path);
  const temporary = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(temporary, `${JSON.stringify(badge)}\n`);
    await rename(temporary, file);
    return '';
  } catch (error) {
    await rm(temporary, { force: true });
    host.log.error(
      `cannot write the badge ${path}: ${messageOf(error)}. The old badge is still shown; give another path in \`badge\``,
    );
    return 'the badge was not written';
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  await file.writeFile(text);
  await file.sync();
}
