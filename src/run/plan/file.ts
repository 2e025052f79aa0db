import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError, messageOf } from '../../errors.ts';
import type { PlanFile } from '../../planfile/plan-file.ts';
import { requirePlan } from '../../planfile/read.ts';
import type { Context } from '../context.ts';

/** More than the parser accepts, so that the parser reports a plan that is too large. */
const LARGEST = 1 << 20;

/**
 * Loads a plan file.
 *
 * @throws InputError if it is missing or invalid
 */
export async function loadPlan({ host }: Context, path: string): Promise<PlanFile> {
  return requirePlan(await readStart(resolve(host.directory, path), path), path, (line) =>
    host.log.error(line),
  );
}

async function readStart(file: string, path: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new InputError(
        `there is no plan at ${path}`,
        'Write a first one with: openstack-backup plan init',
      );
    throw new InputError(
      `cannot read the plan ${path}: ${messageOf(error)}`,
      'Give the path of a file.',
      error,
    );
  }
}
