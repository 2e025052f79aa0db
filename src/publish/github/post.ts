import { messageOf } from '../../errors.ts';
import type { GitHub } from '../../ports/github.ts';
import type { Log } from '../../ports/log.ts';
import { type Pending, readSpool } from './pending.ts';
import { publishFiles } from './release.ts';

/**
 * Publishes what the step could not publish itself. Never throws: a post step must not fail a job whose work succeeded,
 * so failures are reported.
 *
 * @returns the restore points that are published now and were not before
 */
export async function finishPending(github: GitHub, pending: Pending, log: Log): Promise<readonly string[]> {
  const what = pending.place === 'artifact' ? `artifact ${pending.name}` : `release ${pending.tag}`;
  try {
    const spooled = await readSpool(pending.file);
    if (spooled === undefined) {
      if (pending.place === 'release') await removeDraft(github, pending.release);
      return [];
    }
    if (pending.place === 'artifact')
      await github.artifacts.upload(pending.name, spooled.files, pending.days);
    else await publishFiles(github.releases, pending.release, spooled.files);
    log.info(`${what}: the step was interrupted, and what it had saved is published now`);
    return spooled.points;
  } catch (error) {
    if (pending.place === 'artifact' && isThere(error)) return [];
    log.warn(
      `${what} could not be published: ${messageOf(error)}. Cinder backups that were made are complete: \`restore-volume\` with \`backup\` restores one without a manifest`,
    );
    return [];
  }
}

/** The step was killed between the upload and its note. */
function isThere(error: unknown): boolean {
  return /\(409\)|conflict|already exists/i.test(messageOf(error));
}

/** Nothing was saved, so the empty draft is useless. */
async function removeDraft({ releases }: GitHub, id: number): Promise<void> {
  if ((await releases.get(id)).draft) await releases.remove(id);
}
