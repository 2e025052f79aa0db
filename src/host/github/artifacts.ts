import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { messageOf, OperationError } from '../../errors.ts';
import type { Files } from '../../ports/github.ts';
import { scratchName } from './environment.ts';

/**
 * Uploads files as one artifact of this run.
 *
 * @param days 0 for the repository's default
 * @param scratch a directory of our own
 */
export async function uploadArtifact(
  name: string,
  files: Files,
  days: number,
  scratch: string,
): Promise<{ readonly id: number }> {
  const root = join(scratch, scratchName());
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const paths: string[] = [];
    for (const [file, bytes] of Object.entries(files)) {
      const path = join(root, file);
      await writeFile(path, bytes, { mode: 0o600 });
      paths.push(path);
    }
    const options = days === 0 ? {} : { retentionDays: days };
    const { id } = await new DefaultArtifactClient().uploadArtifact(name, paths, root, options);
    if (id === undefined) throw new Error('GitHub gave it no id');
    return { id };
  } catch (error) {
    throw new OperationError(
      `artifact ${name} could not be uploaded: ${messageOf(error)}`,
      hintFor(error),
      error,
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function hintFor(error: unknown): string {
  const text = messageOf(error);
  if (/quota|insufficient usage/i.test(text))
    return 'Delete artifacts that are no longer needed, or publish to a release. The backups in the cloud are complete.';
  if (/403|401|forbidden/i.test(text))
    return 'The runtime token of a step is valid for its own run only; an organization may forbid artifacts. The backups in the cloud are complete.';
  return 'Run it again, or publish to a release too; `restore-volume` with `backup` restores without a manifest.';
}
